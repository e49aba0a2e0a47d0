"""Verification of who owns the e-mail of an account.

An account created through an invitation link belongs to the bearer of the link, who need not own
the e-mail, because whoever invites sees the link. EmailAddress rows mark such accounts as
unverified.
"""

import logging

from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from django.db import transaction
from django.dispatch import receiver

from organizations.accounts.email_addresses import canonical_email
from organizations.accounts.sign_in.second_factor import delete_authenticators
from organizations.models import User

logger = logging.getLogger("organizations.accounts.sign_in")


def mark_unverified(user: User) -> None:
    """Marks the e-mail of a new account as unverified. Whoever created the account is only known to
    have the link."""
    EmailAddress.objects.create(
        user=user, email=canonical_email(user.email), primary=True, verified=False
    )


def record_email_change(user: User) -> None:
    """Stores the new e-mail after an operator changed it, so that the old one no longer signs
    anybody in."""
    EmailAddress.objects.filter(user=user).update(email=canonical_email(user.email))


@transaction.atomic
def mark_verified(user: User, *, keeps_password: bool = False) -> None:
    """Marks the e-mail as verified, because its owner signed in (through the OpenID Connect
    provider or a mailed link). If the account was unverified, removes every credential that
    somebody else may have set up: password (unless `keeps_password`), sessions, second factors and
    passkeys. An account that an operator created counts as its owner's from the start."""
    if not EmailAddress.objects.filter(user=user, verified=False).update(verified=True):
        return
    delete_authenticators(user)
    if not keeps_password:
        user.set_unusable_password()  # which also ends the sessions
        user.save(update_fields=["password"])
    logger.warning("%s is now their owner's account; its old ways in are shut", user.email)


@receiver(password_reset)
def verify_after_password_reset(user: User, **signal) -> None:
    mark_verified(user, keeps_password=True)
