"""Whose e-mail an account is. An account made by an invitation's link is its bearer's, who need not
own the e-mail: who invites sees the link. EmailAddress rows remember such accounts."""

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
    """The account was made by somebody of whom we know only that they had the link."""
    EmailAddress.objects.create(
        user=user, email=canonical_email(user.email), primary=True, verified=False
    )


def record_email_change(user: User) -> None:
    """An operator gave the account another e-mail: the old one signs nobody in any more."""
    EmailAddress.objects.filter(user=user).update(email=canonical_email(user.email))


@transaction.atomic
def mark_verified(user: User, *, keeps_password: bool = False) -> None:
    """The owner of the e-mail has come (by the provider, by a link in a mail). If the account was
    unproven so far, nobody else's way in is left: password, sessions, second factors and passkeys.
    An account that an operator made is its owner's from the beginning."""
    if not EmailAddress.objects.filter(user=user, verified=False).update(verified=True):
        return
    delete_authenticators(user)
    if not keeps_password:
        user.set_unusable_password()  # which ends the sessions, too
        user.save(update_fields=["password"])
    logger.warning("%s is now their owner's account; its old ways in are shut", user.email)


@receiver(password_reset)
def verify_after_password_reset(user: User, **signal) -> None:
    mark_verified(user, keeps_password=True)
