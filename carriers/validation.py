"""Validation of carriers beyond the types of their fields, for the API, the admin and the screens.

The rules are stricter than any one platform (jambonz accepts nearly everything and fails at the
first call), so that a carrier accepted here can work. Each function returns errors by path; an
empty result means that the input is valid.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from django.utils.translation import gettext as _

from carriers.models import Carrier

TrunkType = Carrier.TrunkType
ErrorsByPath = dict[str, str]
HOST_NAME_PATTERN = re.compile(
    r"(?=.{1,128}$)([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)+[a-zA-Z][a-zA-Z0-9-]*\.?"
)
DIGITS_AND_DOTS = re.compile(r"[0-9.]+")


def gateway_errors(gateway: Mapping[str, Any]) -> ErrorsByPath:
    """Returns the errors of one gateway, with all of its fields, by field name."""
    complaints = {}
    address, inbound, outbound = gateway["ipv4"], gateway["inbound"], gateway["outbound"]
    if not is_ipv4(address):
        if not is_host_name(address):
            complaints["ipv4"] = _(
                "An IPv4 address (198.51.100.7) or a host name (sip.example.com) is expected, "
                "without sip:, port or netmask."
            )
        elif inbound:
            complaints["ipv4"] = _(
                "An inbound gateway needs an IPv4 address: calls are matched to their carrier "
                "by address, and a host name cannot be matched. "
                "Give the address, or make it outbound only."
            )
    if not inbound and not outbound:
        complaints["inbound"] = _("A gateway is inbound, outbound or both.")
    if not inbound and gateway["netmask"] != 32:
        complaints["netmask"] = _("An outbound gateway is one address: its netmask is 32.")
    return complaints


def is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def is_host_name(text: str) -> bool:
    return bool(HOST_NAME_PATTERN.fullmatch(text)) and not DIGITS_AND_DOTS.fullmatch(text)


def gateway_list_errors(gateways: Sequence[Mapping[str, Any]], trunk_type: str) -> ErrorsByPath:
    """Returns the errors of the list as a whole: duplicates, and what the trunk type needs. Paths
    are indexes, or ""."""
    seen: dict[tuple, int] = {}
    complaints = {}
    for index, gateway in enumerate(gateways):
        for direction, word in (("inbound", _("inbound")), ("outbound", _("outbound"))):
            twin = (gateway["ipv4"].lower(), gateway["port"], gateway["protocol"], direction)
            if gateway[direction] and seen.setdefault(twin, index) != index:
                complaints[str(index)] = _(
                    "This address, port and protocol stand twice for %(direction)s."
                ) % {"direction": word}
    if trunk_type == TrunkType.REG and not any(gateway["outbound"] for gateway in gateways):
        complaints[""] = _("A carrier to register with needs an outbound gateway.")
    return complaints


def trunk_errors(trunk_type: str, *, registration: Any, inbound_auth: Any) -> ErrorsByPath:
    """Returns the errors of missing or unused credentials for a trunk type. `registration` and
    `inbound_auth` may be any truthy value."""
    complaints = {}
    wanted = {
        "registration": trunk_type == TrunkType.REG,
        "inbound_auth": trunk_type == TrunkType.AUTH,
    }
    for name, given in (("registration", registration), ("inbound_auth", inbound_auth)):
        if wanted[name] and not given:
            complaints[name] = _("Required when trunk_type is %(type)s.") % {"type": trunk_type}
        if given and not wanted[name]:
            complaints[name] = _("Not used when trunk_type is %(type)s: leave it out.") % {
                "type": trunk_type
            }
    return complaints


def registration_errors(registration: Mapping[str, Any]) -> ErrorsByPath:
    """Returns the errors of username, password, realm and From header, by field name."""
    complaints = credential_errors(registration)
    for name in ("realm", "from_domain"):
        if registration.get(name) and not (
            is_ipv4(registration[name]) or is_host_name(registration[name])
        ):
            complaints[name] = _(
                "A domain name or an IPv4 address is expected, without sip: or port."
            )
    if has_whitespace(registration.get("from_user") or ""):
        complaints["from_user"] = whitespace_error()
    return complaints


def credential_errors(credentials: Mapping[str, Any]) -> ErrorsByPath:
    return {
        name: whitespace_error()
        for name in ("username", "password")
        if has_whitespace(credentials[name])
    }


def has_whitespace(text: str) -> bool:
    return any(character.isspace() for character in text)


def whitespace_error() -> str:
    return _("Blanks are not allowed here.")
