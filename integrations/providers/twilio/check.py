"""Checks the credentials: reads the account, as far as they may see it, its trunk and its
application."""

from integrations.providers.base import CheckResult, CredentialsRefused, Refused
from integrations.providers.twilio.client import NUMBERS_PATH, Client, Row
from integrations.providers.twilio.errors import Forbidden
from integrations.providers.twilio.routing import RoutingPolicy

TOKEN_LENGTHS = range(8, 200)  # characters; hiding others would redact everything, or be slow
_INACTIVE_STATUSES = {
    "suspended": "is suspended: settle that with {name} first",
    "closed": "is closed",
}


def check_twilio_account(client: Client, desk: RoutingPolicy, *, key_sid: str) -> CheckResult:
    account = _read_account(client, may_be_hidden=bool(key_sid))
    if key_sid:
        _read_numbers(client)
    facts = {**_account_facts(account), **_routing_facts(client, desk)}
    if key_sid:
        facts["api_key"] = key_sid
    return CheckResult(_account_summary(client, account), facts)


def _read_account(client: Client, *, may_be_hidden: bool) -> Row | None:
    """Returns the account, or None if the key is valid but may not read it; a standard key never
    may. Raises CredentialsRefused."""
    try:
        account = client.get(client.of_account(), "read the account")
    except (CredentialsRefused, Forbidden):
        if not may_be_hidden:
            raise
        return None
    if account is None:
        raise CredentialsRefused(f"{client.name} knows no account {client.sid}.")
    # The response contains the token in plain text. The client redacts it by its name; from here on
    # also by its value.
    token = account.get("auth_token")
    if isinstance(token, str) and len(token) in TOKEN_LENGTHS:
        client.door.hide(token)
    if ended := _INACTIVE_STATUSES.get(str(account.get("status") or "")):
        sentence = ended.format(name=client.name)
        raise CredentialsRefused(f"The {client.name} account {client.sid} {sentence}.")
    return account


def _read_numbers(client: Client) -> None:
    """Verifies that the key may list numbers, which is what it is needed for. Raises
    CredentialsRefused."""
    body = client.get(client.of_account(NUMBERS_PATH), "list numbers", params={"PageSize": 1})
    if body is None:
        raise CredentialsRefused(f"{client.name} knows no account {client.sid}.")


def _account_facts(account: Row | None) -> dict[str, str]:
    if account is None:
        return {"status": "unknown"}
    owner, sid = account.get("owner_account_sid"), account.get("sid")
    facts = {
        "account": account.get("friendly_name"),
        "status": account.get("status"),
        "type": account.get("type"),
        "parent": owner if owner != sid else "",
    }
    return {name: str(text) for name, text in facts.items() if text}


def _account_summary(client: Client, account: Row | None) -> str:
    if account is None:
        return f"{client.name} account {client.sid}: verified, but account status unknown"
    kind = "subaccount" if _account_facts(account).get("parent") else "account"
    trial = ", on trial" if account.get("type") == "Trial" else ""
    return f"{client.name} {kind} {account.get('friendly_name') or client.sid}{trial}"


def _routing_facts(client: Client, desk: RoutingPolicy) -> dict[str, str]:
    """Returns the trunk and the application to which calls can be routed, as far as they are
    configured."""
    facts = {}
    if desk.trunk_sid:
        trunk = client.get(f"/v1/Trunks/{desk.trunk_sid}", "read the trunk", origin="trunking")
        facts["trunk"] = _resource_name(client, trunk, f"SIP trunk {desk.trunk_sid}")
        facts["sip_domain"] = str((trunk or {}).get("domain_name") or "")
    if desk.application_sid:
        path = client.of_account(f"/Applications/{desk.application_sid}")
        found = client.get(path, "read the application")
        facts["application"] = _resource_name(client, found, f"application {desk.application_sid}")
    return {name: text for name, text in facts.items() if text}


def _resource_name(client: Client, found: Row | None, what: str) -> str:
    if found is None:
        raise Refused(f"This {client.name} account has no {what}.")
    return str(found.get("friendly_name") or found.get("sid") or "")
