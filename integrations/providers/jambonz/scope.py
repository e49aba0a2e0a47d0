"""What an API key opens: its kind, and the account that everything of ours is made in."""

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
    """Two harmless reads that work with every kind of key. /Users/me does not: it is for people."""
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
    """The API does not say. An administrator of a jambonz with one service provider looks like
    that provider, and may pass for it: with account_sid given, every call here works for both."""
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
        # Without it jambonz would take numbers that no list ever shows again.
        raise Refused("This API key is not of one account alone: enter the account SID to use.")
    found = [row for row in accounts if row["account_sid"] == account_sid]
    if not found:
        raise Refused(f"The API key does not open the account {account_sid} on this jambonz.")
    return found[0]


def find_application(client: Client, scope: ApiKeyScope, application_sid: str) -> str:
    """Its name. By the account's own list: the service provider's shows those of all tenants."""
    path = f"/Accounts/{scope.account_sid}/Applications"
    for row in client.rows(path, "list applications"):
        if row["application_sid"] == application_sid:
            return row["name"]
    raise Refused(f"The account {scope.account} on jambonz has no application {application_sid}.")


def find_sip_addresses(client: Client) -> str:
    """What jambonz sends SIP from, `address:port`s; "" where whoever runs it entered none.

    The credentials have proved good by then: a jambonz that will not tell is no reason to refuse
    them.
    """
    try:
        rows = client.get("/Sbcs", "list its SBCs")
    except Rejected:
        return ""
    known = [row for row in rows or [] if isinstance(row, dict) and row.get("ipv4")]
    return ", ".join(sorted(f"{row['ipv4']}:{row.get('port') or 5060}" for row in known))
