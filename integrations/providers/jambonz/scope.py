"""The scope of an API key: its kind, and the account in which Patchbay creates everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.providers.base import Refused
from integrations.providers.jambonz.client import Client, Rejected


@dataclass(frozen=True)
class ApiKeyScope:
    key: str  # account | service provider | administrator
    account_sid: str
    account: str
    service_provider_sid: str
    service_provider: str = ""  # an account key does not see its name

    @property
    def summary(self) -> str:
        if self.key == "account":
            return f"account key of {self.account}"
        return f"{self.key} key of {self.service_provider}, account {self.account}"

    @property
    def facts(self) -> Mapping[str, str]:
        facts = {
            "key": self.key,
            "account": self.account,
            "account_sid": self.account_sid,
            "service_provider": self.service_provider,
            "service_provider_sid": self.service_provider_sid,
        }
        return {name: value for name, value in facts.items() if value}


def find_scope(client: Client, account_sid: str) -> ApiKeyScope:
    """Returns the scope of the key. Uses two harmless reads that work with every kind of key;
    /Users/me does not, because it is for people."""
    accounts = client.rows("/Accounts", "list accounts")
    providers = client.rows("/ServiceProviders", "list service providers")
    account = _choose_account(accounts, account_sid, by_account=not providers)
    owner = account["service_provider_sid"]
    names = {row["service_provider_sid"]: row["name"] for row in providers}
    return ApiKeyScope(
        key=_detect_key_kind(providers, accounts),
        account_sid=account["account_sid"],
        account=account["name"],
        service_provider_sid=owner,
        service_provider=names.get(owner, ""),
    )


def _detect_key_kind(providers: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> str:
    """Returns the kind of the key, which the API does not report. An administrator's key on a
    jambonz with one service provider looks like that provider's. The difference does not matter,
    because with account_sid given, every call here works for both."""
    if not providers:
        return "account"
    owners = {row["service_provider_sid"] for row in [*providers, *accounts]}
    return "service provider" if len(owners) == 1 else "administrator"


def _choose_account(
    accounts: list[dict[str, Any]], account_sid: str, *, by_account: bool
) -> dict[str, Any]:
    if not account_sid and by_account and len(accounts) == 1:
        return accounts[0]
    if not account_sid:
        # Without the SID, jambonz would accept numbers that no list ever shows again.
        raise Refused("This API key is not of one account alone: enter the account SID to use.")
    found = [row for row in accounts if row["account_sid"] == account_sid]
    if not found:
        raise Refused(f"The API key does not open the account {account_sid} on this jambonz.")
    return found[0]


def find_application(client: Client, scope: ApiKeyScope, application_sid: str) -> str:
    """Returns the application's name. Reads the account's own list, because the service provider's
    shows those of all tenants. Raises Refused if the application is not in it."""
    path = f"/Accounts/{scope.account_sid}/Applications"
    for row in client.rows(path, "list applications"):
        if row["application_sid"] == application_sid:
            return row["name"]
    raise Refused(f"The account {scope.account} on jambonz has no application {application_sid}.")


def find_sip_addresses(client: Client) -> str:
    """Returns the source addresses of jambonz's SIP traffic as `address:port`, or "" if its
    operator has not entered any.

    By then the credentials have been accepted, so a rejection of this request is no reason to
    refuse them.
    """
    try:
        rows = client.get("/Sbcs", "list its SBCs")
    except Rejected:
        return ""
    known = [row for row in rows or [] if isinstance(row, dict) and row.get("ipv4")]
    return ", ".join(sorted(f"{row['ipv4']}:{row.get('port') or 5060}" for row in known))
