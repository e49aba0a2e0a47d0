"""Protection of stored SIP passwords. A stored password is never sent to a changed address: anyone
allowed to change the address could otherwise have it sent to a server of their own."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from carriers.models import Carrier

SipDestination = tuple[str, int, str]  # host, port, protocol


class PasswordRequired(ValidationError):
    """An address changes and no password was given. `credentials` is the API's name of the object
    that contains the password."""

    def __init__(self, credentials: str):
        super().__init__({"password": _("Give it again: the address changes.")})
        self.credentials = credentials


def ensure_password_reentered(carrier: Carrier, changes: Mapping[str, Any]) -> None:
    """Raises PasswordRequired if `changes` (the arguments of carriers.operations.change_carrier)
    need the password to be entered again."""
    given = changes.get("registration") or changes.get("inbound_auth") or {}
    keeps = carrier.sealed and not (changes.get("password") or given.get("password"))
    same_type = changes.get("trunk_type", carrier.trunk_type) == carrier.trunk_type
    if (
        keeps
        and same_type
        and (
            changes_call_destination(carrier, changes) or changes_registration_realm(carrier, given)
        )
    ):
        raise PasswordRequired("registration" if carrier.registration else "inbound_auth")


def changes_call_destination(carrier: Carrier, changes: Mapping[str, Any]) -> bool:
    """Returns whether calls and registrations would be sent to an address that is not in use
    now."""
    if changes.get("gateways") is None:
        return False
    present = carrier.gateways.values("ipv4", "port", "protocol", "outbound")
    return bool(outbound_destinations(changes["gateways"]) - outbound_destinations(present))


def changes_registration_realm(carrier: Carrier, given: Mapping[str, Any]) -> bool:
    present = carrier.registration or {}
    return bool(given) and normalize_host(given.get("realm")) != normalize_host(
        present.get("realm")
    )


def outbound_destinations(gateways: Iterable[Mapping[str, Any]]) -> set[SipDestination]:
    return {
        (normalize_host(g["ipv4"]), g["port"], g["protocol"]) for g in gateways if g["outbound"]
    }


def normalize_host(name: str | None) -> str:
    return (name or "").lower().rstrip(".")
