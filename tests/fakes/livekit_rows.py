"""The objects of LiveKit's SIP API as the fake keeps them: their fields, how JSON becomes one, and
what is held against it."""

import re
from copy import deepcopy
from typing import Any

Row = dict[str, Any]

ENCRYPTION = ["DISABLE", "ALLOW", "REQUIRE"]
ENUMS = {
    "media_encryption": [f"SIP_MEDIA_ENCRYPT_{word}" for word in ENCRYPTION],
    "encryption": [f"SIP_MEDIA_ENCRYPT_{word}" for word in ENCRYPTION],
    "transport": [f"SIP_TRANSPORT_{word}" for word in ("AUTO", "UDP", "TCP", "TLS")],
    "include_headers": ["SIP_NO_HEADERS", "SIP_X_HEADERS", "SIP_ALL_HEADERS"],
}
_HEADERS = {"headers": {}, "headers_to_attributes": {}, "attributes_to_headers": {}}
_MEDIA = {"media_encryption": ENUMS["media_encryption"][0], "media": None}
_TIMES = {"created_at": None, "updated_at": None}  # the open source server never fills them

INBOUND_FIELDS = {
    "sip_trunk_id": "", "name": "", "metadata": "", "numbers": [], "allowed_addresses": [],
    "allowed_numbers": [], "auth_username": "", "auth_password": "", "auth_realm": "", **_HEADERS,
    "include_headers": "SIP_NO_HEADERS", "ringing_timeout": None, "max_call_duration": None,
    "krisp_enabled": False, **_MEDIA, **_TIMES,
}  # fmt: skip
OUTBOUND_FIELDS = {
    "sip_trunk_id": "", "name": "", "metadata": "", "address": "", "destination_country": "",
    "transport": "SIP_TRANSPORT_AUTO", "numbers": [], "auth_username": "", "auth_password": "",
    **_HEADERS, "include_headers": "SIP_NO_HEADERS", **_MEDIA, "from_host": "", **_TIMES,
}  # fmt: skip
RULE_FIELDS = {
    "sip_dispatch_rule_id": "", "rule": None, "trunk_ids": [], "hide_phone_number": False,
    "inbound_numbers": [], "numbers": [], "name": "", "metadata": "", "attributes": {},
    "room_preset": "", "room_config": None, "krisp_enabled": False, **_MEDIA, **_TIMES,
}  # fmt: skip
ROUTING_FIELDS = {
    "dispatch_rule_direct": {"room_name": "", "pin": ""},
    "dispatch_rule_individual": {"room_prefix": "", "pin": "", "no_randomness": False},
    "dispatch_rule_callee": {"room_prefix": "", "pin": "", "randomize": False},
}


class TwirpError(Exception):
    """A Twirp error: its status, its code and its words."""

    def __init__(self, words: str, *, code: str = "invalid_argument", status: int = 400):
        super().__init__(words)
        self.status, self.code = status, code


def malformed_error() -> TwirpError:
    return TwirpError("the json request could not be decoded", code="malformed")


def missing_object_error(what: str) -> TwirpError:
    return TwirpError(f"requested sip {what} does not exist", code="not_found", status=404)


# ------------------------------------------------------------------------------- JSON to a message


def parse_object(fields: Row, given: Any) -> Row:
    """Every field; what is not known is dropped without a word."""
    if not isinstance(given, dict):
        raise malformed_error()
    row = deepcopy(fields)
    for name, value in given.items():
        name = to_snake_case(name)
        if name in fields and value is not None:
            row[name] = parse_field(name, fields[name], value)
    return row


def to_snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)


def parse_field(name: str, default: Any, value: Any) -> Any:
    if name in ENUMS:
        return parse_enum(ENUMS[name], value)
    if name == "rule":
        return parse_routing(value)
    if name == "media":
        return parse_media(value)
    if default is not None and type(value) is not type(default):
        raise malformed_error()
    if isinstance(default, list) and not all(isinstance(each, str) for each in value):
        raise malformed_error()
    return value


def parse_enum(words: list[str], value: Any) -> Any:
    """A word it does not know is the first one; a number it does not know is kept."""
    if isinstance(value, int):
        return words[value] if value < len(words) else value
    return value if value in words else words[0]


def parse_media(value: Row) -> Row:
    found = parse_object({"only_listed_codecs": False, "codecs": [], "encryption": None}, value)
    return {name: each for name, each in found.items() if each is not None}


def parse_routing(value: Row) -> Row:
    found = {
        to_snake_case(name): each
        for name, each in value.items()
        if to_snake_case(name) in ROUTING_FIELDS
    }
    if len(found) > 1:
        raise malformed_error()
    return {name: parse_object(ROUTING_FIELDS[name], each) for name, each in found.items()}


def migrate_media_encryption(row: Row) -> Row:
    """The old field for media encryption is taken over where the new one says nothing."""
    old, inner = row["media_encryption"], row["media"] or parse_media({})
    fresh = {"encryption": old} if old != ENUMS["encryption"][0] else {}
    return {**row, "media": {**inner, **({} if "encryption" in inner else fresh)}}


# ------------------------------------------------------------------------------------- the checks


def check_inbound(row: Row) -> None:
    names = ("numbers", "auth_username", "auth_password", "allowed_addresses")
    if not any(row[name] for name in names):
        raise TwirpError(
            "for security, one of the fields must be set: AuthUsername+AuthPassword, "
            "AllowedAddresses or Numbers"
        )


def check_outbound(row: Row) -> None:
    if not row["numbers"]:
        raise TwirpError("no trunk numbers specified")
    if not row["address"]:
        raise TwirpError("no outbound address specified")
    if "transport=" in row["address"]:
        raise TwirpError("trunk address should not contain transport parameter")
    if re.search("[@;]|^sips?:", row["address"]):
        raise TwirpError("trunk address should be a hostname or IP, not SIP URI")


def check_rule(row: Row) -> None:
    if row["rule"] is None:
        raise TwirpError("missing rule")


def normalize_number(number: str) -> str:
    if not re.fullmatch(r"\+?[0-9 ()-]+", number):
        return number
    return "+" + re.sub("[^0-9]", "", number)


def check_trunk_conflicts(rows: list[Row]) -> None:
    """Of all the trunks that the filter by number lets through, as in the server."""
    taken: dict[tuple[str, str], Row] = {}
    for row in rows:
        for number in {normalize_number(n) for n in row["numbers"]} or {""}:
            for caller in {normalize_number(n) for n in row["allowed_numbers"]} or {""}:
                other = taken.setdefault((number, caller), row)
                if other["sip_trunk_id"] != row["sip_trunk_id"]:
                    raise _conflict(row, other, caller)


def _conflict(row: Row, other: Row, caller: str) -> TwirpError:
    one, two = (f'"{each["sip_trunk_id"] or "<new>"}"' for each in (row, other))
    quoted = " ".join(f'"{number}"' for number in row["numbers"])
    numbers = f"[{quoted}]" if row["numbers"] else "<any>"
    way = f'and AllowedNumber "{caller}"' if caller else "without AllowedNumbers set"
    same = "using the same number(s)"
    return TwirpError(f"Conflicting inbound SIP Trunks: {one} and {two}, {same} {numbers} {way}")


def check_rule_conflicts(rows: list[Row]) -> None:
    taken: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if not row["rule"]:
            raise TwirpError("twirp error unknown: unsupported SIP Dispatch Rule: <nil>")
        ((_kind, values),) = row["rule"].items()
        for trunk in row["trunk_ids"] or [""]:
            key = (trunk, values["pin"], *row["inbound_numbers"], "/", *row["numbers"])
            if (other := taken.setdefault(key, row)) is not row:
                raise TwirpError(
                    "Dispatch rule for the same trunk, inbound number, number, and PIN combination "
                    f'already exists in dispatch rule "{other["sip_dispatch_rule_id"] or "<new>"}" '
                    f'"{other["name"] or "<blank name>"}"'
                )
