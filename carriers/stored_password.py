"""A stored SIP password never follows a carrier to another address: whoever may change the address
would have the password tried at a server of their own."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from carriers.models import Carrier

Destination = tuple[str, int, str]  # host, port, protocol


class PasswordNeeded(ValidationError):
    """An address changes, and no password came with it; `credentials` is the API's name of what
    holds the password."""

    def __init__(self, credentials: str):
        super().__init__({"password": _("Give it again: the address changes.")})
        self.credentials = credentials


def ensure_password_stays(carrier: Carrier, changes: Mapping[str, Any]) -> None:
    """`changes` as carriers.operations.change_carrier takes them. Raises PasswordNeeded."""
    given = changes.get("registration") or changes.get("inbound_auth") or {}
    keeps = carrier.sealed and not (changes.get("password") or given.get("password"))
    same_type = changes.get("trunk_type", carrier.trunk_type) == carrier.trunk_type
    if (
        keeps
        and same_type
        and (calls_elsewhere(carrier, changes) or registers_elsewhere(carrier, given))
    ):
        raise PasswordNeeded("registration" if carrier.registration else "inbound_auth")


def calls_elsewhere(carrier: Carrier, changes: Mapping[str, Any]) -> bool:
    """Whether calls and registrations are sent to an address that they are not sent to now."""
    if changes.get("gateways") is None:
        return False
    present = carrier.gateways.values("ipv4", "port", "protocol", "outbound")
    return bool(destinations(changes["gateways"]) - destinations(present))


def registers_elsewhere(carrier: Carrier, given: Mapping[str, Any]) -> bool:
    present = carrier.registration or {}
    return bool(given) and host(given.get("realm")) != host(present.get("realm"))


def destinations(gateways: Iterable[Mapping[str, Any]]) -> set[Destination]:
    return {(host(g["ipv4"]), g["port"], g["protocol"]) for g in gateways if g["outbound"]}


def host(name: str | None) -> str:
    return (name or "").lower().rstrip(".")
