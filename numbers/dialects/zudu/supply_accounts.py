"""The account that supplies an imported number: the default one, a connected one, or a new one from
the request's credentials."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger import operation_requests as ledger
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from numbers.dialects.zudu.settlement import Deadline
from numbers.inventory.placements import ROLE_BY_PROVIDER
from numbers.models import Placement
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.web.api.problems import Problem, field_error, invalid_request_problem


@dataclass(frozen=True)
class SupplyAccount:
    """An account. `check` must settle before the credentials are used; None means that they are
    known to be valid. `is_new` means connected for this import, so disconnected if the import
    fails."""

    integration: Integration
    check: Operation | None = None
    is_new: bool = False


def resolve_supply_account(by: Principal, wished: Mapping[str, Any]) -> SupplyAccount:
    """Returns the account. Raises a 400 problem if there is none, and a 403 problem for credentials
    from a key without permission to connect one."""
    provider = wished["provider"]
    if ROLE_BY_PROVIDER.get(provider) != Placement.Role.SUPPLY:
        text = _("No platform that supplies numbers: %(provider)s.") % {"provider": provider}
        raise invalid_request_problem(field_error("provider", text))
    if not wished.get("account_sid"):
        return SupplyAccount(find_default_account(by, provider))
    ensure_key_permission(by, Permission.INTEGRATIONS_CREATE)
    account = {name: wished[name] for name in ("account_sid", "auth_token")}
    known = find_connected_account(by, provider, account["account_sid"])
    return refresh_account(by, known, account) if known else connect_account(by, provider, account)


def find_default_account(by: Principal, provider: str) -> Integration:
    integration = ledger.get_default_integration(by, provider)
    if integration is None:
        text = _(
            "Send account_sid and auth_token: the organization has no default integration for "
            "%(provider)s."
        )
        raise invalid_request_problem(field_error("account_sid", text % {"provider": provider}))
    return integration


def ensure_key_permission(by: Principal, permission: Permission) -> None:
    if not by.can(permission):
        message = _("This API key lacks the permission %(name)s.")
        raise Problem("forbidden", message % {"name": permission.value})


def find_connected_account(by: Principal, kind: str, account_sid: str) -> Integration | None:
    rows = by.organization.integrations.filter(kind=kind, settings__account_sid=account_sid)
    return rows.order_by("created_at", "pk").first()


def refresh_account(by: Principal, known: Integration, account: Mapping[str, str]) -> SupplyAccount:
    """Returns the connected account, unchanged if the token is the same. A new token, or a paused
    account, is checked first, and the present token stays in use until then."""
    token = known.account().get("auth_token", "")
    is_same = compare_digest(token.encode(), account["auth_token"].encode())
    if is_same and known.state == Integration.State.CONNECTED:
        return SupplyAccount(known)
    ensure_key_permission(by, Permission.INTEGRATIONS_UPDATE)
    changes = {"auth_token": account["auth_token"]}
    return SupplyAccount(*ledger.change_integration(by, known, account=changes))


def connect_account(by: Principal, kind: str, account: Mapping[str, str]) -> SupplyAccount:
    name = account_integration_name(by, kind, account["account_sid"])
    is_new = not by.organization.integrations.filter(name=name).exists()
    integration, check = ledger.connect_integration(by, kind=kind, name=name, account=account)
    return SupplyAccount(integration, check, is_new)


def account_integration_name(by: Principal, kind: str, account_sid: str) -> str:
    """Returns “Twilio AC…1234”, or the full id if that name belongs to another account."""
    title = PROVIDERS[kind].title
    short = f"{title} {account_sid[:2]}…{account_sid[-4:]}"
    other = by.organization.integrations.filter(name=short).first()
    if other and other.candidate_account().get("account_sid") != account_sid:
        return f"{title} {account_sid}"[:100]
    return short


def wait_for_account_check(
    by: Principal, account: SupplyAccount, deadline: Deadline
) -> Integration | None:
    """Returns the integration with its facts, or None while the platform has not responded. Raises
    a 400 problem for refused credentials."""
    if account.check is None:
        return account.integration
    try:
        check = ledger.wait_for_operation(account.check.pk, seconds=deadline.left)
    except Operation.DoesNotExist:  # refused, and removed by another import of that account
        raise invalid_request_problem(
            field_error("auth_token", ACCOUNT_REJECTED, "refused")
        ) from None
    if check.status == Operation.Status.OPEN:
        return None
    if check.status == Operation.Status.REFUSED:
        disconnect_new_account(by, account)
        raise invalid_request_problem(field_error("auth_token", check.reason, "refused"))
    return by.organization.integrations.get(pk=account.integration.pk)


ACCOUNT_REJECTED = gettext_lazy("The account was not accepted.")


def disconnect_new_account(by: Principal, account: SupplyAccount) -> None:
    """Disconnects a new account, unless something else uses it by now."""
    if account.is_new:
        with suppress(ledger.IntegrationInUse, Integration.DoesNotExist):
            ledger.disconnect_integration(by, account.integration)
