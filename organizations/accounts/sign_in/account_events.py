"""Audit log entries for what people do with their own account, in each of their organizations."""

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

from organizations.access.principals import anonymous_principal, member_principal
from organizations.accounts.memberships import list_user_memberships
from organizations.models import Event, User
from organizations.operations import record_event
from organizations.tenancy import tenant_scope

REFUSAL_LOG_RATE_LIMIT = "refusals_logged"  # limits what strangers can log: ACCOUNT_RATE_LIMITS


@transaction.atomic
def record_account_event(user: User, deed: str, *, is_refused: bool = False, **after: Any) -> None:
    """Records an action (`deed`) of the user in each of their organizations. A refused action is
    recorded as that of an unauthenticated client, because anybody may have tried it."""
    outcome = Event.Outcome.REFUSED if is_refused else Event.Outcome.ACCEPTED
    for membership in sorted(list_user_memberships(user), key=attrgetter("organization_id")):
        by = (
            anonymous_principal(membership.organization)
            if is_refused
            else member_principal(membership)
        )
        words = {"kind": "member", "label": user.email, "after": after, "outcome": outcome}
        with tenant_scope.within(membership.organization):
            record_event(by, f"member.{deed}", user, **words)


def record_sign_in_refusal(request: HttpRequest, user: User | None, **after: Any) -> None:
    """Records a wrong password or code, if the account exists."""
    if user and consume(
        request, app="allauth.account", action=REFUSAL_LOG_RATE_LIMIT, key=user.email
    ):
        record_account_event(user, "sign_in_refused", is_refused=True, **after)


@receiver(of_accounts.user_logged_in)
def record_user_login(user: User, **signal: Any) -> None:
    record_account_event(user, "signed_in")


@receiver(user_logged_out)
def record_user_logout(user: User | None, **signal: Any) -> None:
    if user:
        record_account_event(user, "signed_out")


@receiver([of_accounts.password_changed, of_accounts.password_set])
def record_password_change(user: User, **signal: Any) -> None:
    record_account_event(user, "password_changed")


@receiver(of_accounts.password_reset)
def record_password_reset(user: User, **signal: Any) -> None:
    record_account_event(user, "password_reset")


@receiver(of_factors.authenticator_added)
def record_second_factor_added(user: User, authenticator: Authenticator, **signal: Any) -> None:
    record_account_event(user, "second_factor_added", kind=authenticator.type)


@receiver(of_factors.authenticator_removed)
def record_second_factor_removed(user: User, authenticator: Authenticator, **signal: Any) -> None:
    record_account_event(user, "second_factor_removed", kind=authenticator.type)


@receiver(of_factors.authenticator_reset)
def record_recovery_codes_generated(
    user: User, authenticator: Authenticator, **signal: Any
) -> None:
    record_account_event(user, "second_factor_added", kind=authenticator.type)


@receiver(of_factors.authentication_failed)
def record_wrong_code(request: HttpRequest, user: User, authenticator: Any, **signal: Any) -> None:
    record_sign_in_refusal(request, user, kind=authenticator.type if authenticator else "")
