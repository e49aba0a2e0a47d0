"""What people do with their own account, in the audit log of each organization they are in."""

from operator import attrgetter
from typing import Any

from allauth.account import signals as of_accounts
from allauth.core.internal.ratelimit import consume
from allauth.mfa import signals as of_factors
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from organizations.access.principals import nobody_known, of_member
from organizations.accounts.memberships import memberships_of
from organizations.models import Event, User
from organizations.operations import record
from organizations.tenancy import tenant_scope

REFUSALS = "refusals_logged"  # strangers cannot fill a log: ACCOUNT_RATE_LIMITS


@transaction.atomic
def tell(user: User, deed: str, *, is_refused: bool = False, **after: Any) -> None:
    """`deed` was done by the user; what was refused, by somebody who may be anybody."""
    outcome = Event.Outcome.REFUSED if is_refused else Event.Outcome.ACCEPTED
    for membership in sorted(memberships_of(user), key=attrgetter("organization_id")):
        by = nobody_known(membership.organization) if is_refused else of_member(membership)
        words = {"kind": "member", "label": user.email, "after": after, "outcome": outcome}
        with tenant_scope.within(membership.organization):
            record(by, f"member.{deed}", user, **words)


def tell_refusal(request: HttpRequest, user: User | None, **after: Any) -> None:
    """A wrong password or code for an account that there is."""
    if user and consume(request, app="allauth.account", action=REFUSALS, key=user.email):
        tell(user, "sign_in_refused", is_refused=True, **after)


@receiver(of_accounts.user_logged_in)
def signed_in(user: User, **signal: Any) -> None:
    tell(user, "signed_in")


@receiver(user_logged_out)
def signed_out(user: User | None, **signal: Any) -> None:
    if user:
        tell(user, "signed_out")


@receiver([of_accounts.password_changed, of_accounts.password_set])
def password_changed(user: User, **signal: Any) -> None:
    tell(user, "password_changed")


@receiver(of_accounts.password_reset)
def password_reset(user: User, **signal: Any) -> None:
    tell(user, "password_reset")


@receiver(of_factors.authenticator_added)
def factor_added(user: User, authenticator: Authenticator, **signal: Any) -> None:
    tell(user, "second_factor_added", kind=authenticator.type)


@receiver(of_factors.authenticator_removed)
def factor_removed(user: User, authenticator: Authenticator, **signal: Any) -> None:
    tell(user, "second_factor_removed", kind=authenticator.type)


@receiver(of_factors.authenticator_reset)
def codes_made(user: User, authenticator: Authenticator, **signal: Any) -> None:
    tell(user, "second_factor_added", kind=authenticator.type)


@receiver(of_factors.authentication_failed)
def wrong_code(request: HttpRequest, user: User, authenticator: Any, **signal: Any) -> None:
    tell_refusal(request, user, kind=authenticator.type if authenticator else "")
