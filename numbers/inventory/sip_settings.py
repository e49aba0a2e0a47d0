"""Validation of the SIP settings of a number's own trunks, which are the fields of `SipSpec`.
Platforms accept nearly any value without an error and then do something else."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address

from django.utils.translation import gettext as _

SECRETS = ("password", "pin")
FIELDS = ("trunk_name", "server_address", "username", "room_name", "media_encryption", *SECRETS)
MEDIA_ENCRYPTION = ("disable", "allow", "require")
HOST_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
SERVER_ADDRESS_PATTERN = re.compile(
    rf"(?P<host>{HOST_LABEL}(\.{HOST_LABEL})*)\.?(:(?P<port>[0-9]{{1,5}}))?"
)
ROOM_NAME_PATTERN = re.compile(r"[^*{}\x00-\x1f\x7f]*([^*{}\x00-\x1f\x7f]|\*|\{called\})")


def validate_sip_settings(
    settings: Mapping[str, str | None], *, outbound: bool, outbound_trunk_id: str | None = None
) -> dict[str, str]:
    """Returns the errors by field. `settings` holds some of FIELDS; an empty value counts as not
    given."""
    given = {name: value for name, value in settings.items() if value}
    found = {
        "server_address": server_address_error(given.get("server_address", "")),
        "room_name": room_name_error(given.get("room_name", "")),
        "pin": pin_error(given.get("pin", "")),
        "media_encryption": media_encryption_error(given.get("media_encryption", "allow")),
        **credential_pair_error(given),
    }
    if outbound and not given.get("server_address") and not outbound_trunk_id:
        found["server_address"] = _("Needed for outbound calls: the carrier's SIP server.")
    return {name: text for name, text in found.items() if text}


def validate_sip_setting_changes(
    known: Mapping[str, str],
    given: Mapping[str, str | None],
    *,
    outbound: bool,
    outbound_trunk_id: str | None = None,
) -> dict[str, str]:
    """Returns the errors, by field, of the changes `given` to the stored settings `known` (secrets
    included).

    A stored password never follows a trunk to another address, because whoever may change the
    address could have it sent to a server of their own.
    """
    whole = {**known, **given}
    found = validate_sip_settings(whole, outbound=outbound, outbound_trunk_id=outbound_trunk_id)
    address = given.get("server_address")
    moves = address and address != known.get("server_address")
    if moves and known.get("password") and "password" not in given:
        found.setdefault("password", _("Give it again: the address changes."))
    return found


def server_address_error(address: str) -> str:
    match = SERVER_ADDRESS_PATTERN.fullmatch(address)
    if address and not (
        match and is_valid_host(match["host"]) and is_valid_port(match["port"] or "5060")
    ):
        return _(
            "A host name or an IPv4 address is expected, with a port if need be, "
            "for example sip.example.com:5060; no sip:, no blanks."
        )
    return ""


def is_valid_host(name: str) -> bool:
    """Returns whether the name is a valid host. A name whose last part is a number must be an IPv4
    address."""
    if not name.rpartition(".")[2].isdecimal():
        return len(name) <= 253
    try:
        return bool(IPv4Address(name))
    except ValueError:
        return False


def is_valid_port(text: str) -> bool:
    return 0 < int(text) <= 65535


def room_name_error(room: str) -> str:
    if room and (room == "*" or not ROOM_NAME_PATTERN.fullmatch(room)):
        return _(
            "A room's name is expected, or its beginning and then * for a room per call, "
            "or {called} for a room per number called."
        )
    return ""


def pin_error(pin: str) -> str:
    return _("4 to 10 digits are expected.") if pin and not re.fullmatch("[0-9]{4,10}", pin) else ""


def media_encryption_error(media_encryption: str) -> str:
    if media_encryption not in MEDIA_ENCRYPTION:
        return _("One of these is expected: %(known)s.") % {"known": ", ".join(MEDIA_ENCRYPTION)}
    return ""


def credential_pair_error(given: Mapping[str, str]) -> dict[str, str]:
    """Returns an error if only one of user name and password is given, because the trunk would then
    be open to everybody."""
    missing = {"username", "password"} - given.keys()
    if len(missing) == 1:
        return {missing.pop(): _("User name and password belong together: send both or neither.")}
    return {}
