"""A number's trunks and its rule as LiveKit writes them, and whether a row is what was wished.

LiveKit takes nearly everything without complaint: a word it does not know becomes the first of its
list, a field it does not know is dropped. So what matters is checked before it is said, and read
back afterwards.
"""

import json
import re
from typing import Any

from integrations.providers.base import NumberSpec, Refused, SipSpec
from integrations.providers.livekit.client import Row

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_MARKER = re.compile(r"pb-[0-9a-f]{32}")
MEDIA_ENCRYPTION = {
    "disable": "SIP_MEDIA_ENCRYPT_DISABLE",
    "allow": "SIP_MEDIA_ENCRYPT_ALLOW",
    "require": "SIP_MEDIA_ENCRYPT_REQUIRE",
}
CALLED_PLACEHOLDER = "{called}"
ROOM_PREFIX = "call-"


# -------------------------------------------------------------------------------------- as wished


def validate_sip_spec(spec: NumberSpec) -> SipSpec:
    """What the number is to have here. Raises Refused for what LiveKit would take and then do
    something else with."""
    sip = spec.sip
    if sip is None:
        raise Refused(f"LiveKit needs SIP settings for {spec.e164}, and takes no carriers.")
    if not _E164.fullmatch(spec.e164):
        raise Refused(f"{spec.e164} is no number in E.164: a plus and 2 to 15 digits.")
    if bool(sip.username) != bool(sip.password):
        # livekit-sip asks nobody for a password when either is empty.
        raise Refused("User name and password belong together: one alone leaves the trunk open.")
    if sip.media_encryption not in MEDIA_ENCRYPTION:
        raise Refused(f"LiveKit knows no media encryption {sip.media_encryption}.")
    if sip.pin and not re.fullmatch("[0-9]{4,10}", sip.pin):
        raise Refused("The PIN must have 4 to 10 digits: callers have nothing else to type.")
    if sip.outbound and not sip.outbound_trunk_id and not sip.server_address:
        raise Refused(f"Outbound calls of {spec.e164} need the address of a SIP server.")
    return sip


def inbound_trunk_body(spec: NumberSpec) -> Row:
    return _trunk_body(spec, validate_sip_spec(spec))


def outbound_trunk_body(spec: NumberSpec) -> Row:
    sip = validate_sip_spec(spec)
    return {**_trunk_body(spec, sip), "address": sip.server_address}


def _trunk_body(spec: NumberSpec, sip: SipSpec) -> Row:
    encryption = MEDIA_ENCRYPTION[sip.media_encryption]
    return {
        "name": sip.trunk_name or spec.e164,
        "metadata": json.dumps({"ref": spec.marker}),
        "numbers": [spec.e164],
        "auth_username": sip.username,
        "auth_password": sip.password,
        # In both places: either alone is ignored by some version, or after some change.
        "media_encryption": encryption,
        "media": {"encryption": encryption},
    }


def dispatch_rule_body(spec: NumberSpec, trunk_id: str) -> Row:
    """A rule's metadata and attributes would be told to everybody in the room; its name is not."""
    return {
        "name": f"{spec.e164} [{spec.marker}]",
        "trunk_ids": [trunk_id],  # empty, it would take the calls of every trunk, and of none
        "rule": _dispatch_rule_type(validate_sip_spec(spec)),
    }


def _dispatch_rule_type(sip: SipSpec) -> Row:
    name, pin = sip.room_name, {"pin": sip.pin}
    plain = name.removesuffix("*").removesuffix(CALLED_PLACEHOLDER)
    if re.search(r"[{}*]", plain) or name.endswith(f"{CALLED_PLACEHOLDER}*"):
        raise Refused(
            f"{name} is no name of a room: {CALLED_PLACEHOLDER} or a * may stand at its end, and "
            "braces nowhere else."
        )
    if name.endswith(CALLED_PLACEHOLDER):
        return {"dispatch_rule_callee": {"room_prefix": plain, **pin}}
    if not name or name.endswith("*"):
        return {"dispatch_rule_individual": {"room_prefix": plain or ROOM_PREFIX, **pin}}
    return {"dispatch_rule_direct": {"room_name": name, **pin}}


# --------------------------------------------------------------------------------------- as it is


def trunk_marker(trunk: Row) -> str:
    """The marker that a trunk of Patchbay's carries, or ""."""
    try:
        metadata = json.loads(trunk.get("metadata") or "")
    except ValueError:
        return ""
    ref = metadata.get("ref") if isinstance(metadata, dict) else None
    return ref if isinstance(ref, str) and _MARKER.fullmatch(ref) else ""


def normalize_called_number(number: str) -> str:
    """As LiveKit compares the called numbers of trunks."""
    if not re.fullmatch(r"\+?[0-9 ()-]+", number):
        return number
    return "+" + re.sub(r"[^0-9]", "", number)


def trunk_has_number(trunk: Row, e164: str) -> bool:
    return e164 in {normalize_called_number(number) for number in trunk.get("numbers") or []}


def rule_trunk_ids(rule: Row) -> list[str]:
    return rule.get("trunk_ids") or []


def differing_livekit_fields(row: Row, wished: Row) -> list[str]:
    """The fields of `wished` that are otherwise in `row`; what else it has is its owner's."""
    names = [
        name
        for name, value in wished.items()
        if name not in ("media", "media_encryption", "metadata")
        and not _contains_value(row.get(name), value)
    ]
    if "metadata" in wished and trunk_marker(row) != trunk_marker(wished):
        names.append("metadata")
    if "media" in wished and not _has_media_encryption(row, wished["media_encryption"]):
        names.append("media_encryption")
    return names


def _contains_value(value: Any, wished: Any) -> bool:
    if isinstance(wished, dict):
        return isinstance(value, dict) and all(
            _contains_value(value.get(k), v) for k, v in wished.items()
        )
    return value == wished


def _has_media_encryption(row: Row, wished: str) -> bool:
    """In every place that this version has for it: one before 1.13, none before 2025, which is good
    enough unless encryption is required."""
    places = [row["media_encryption"]] if "media_encryption" in row else []
    if "media" in row:
        places.append((row["media"] or {}).get("encryption"))
    return (
        all(place == wished for place in places)
        if places
        else wished != MEDIA_ENCRYPTION["require"]
    )


def build_replacement_body(row: Row, wished: Row) -> Row:
    """The whole object with our fields in it: what is left out would be cleared, and that may be an
    address filter or an agent that somebody has added."""
    kept = {n: v for n, v in row.items() if n not in _SERVER_FIELDS and v is not None}
    whole = {**kept, **wished}
    if "media" in wished:
        whole["media"] = {**kept.get("media", {}), **wished["media"]}
    for kind, routing in wished.get("rule", {}).items():
        whole["rule"] = {kind: {**kept.get("rule", {}).get(kind, {}), **routing}}
    if "metadata" in wished and trunk_marker(row) == trunk_marker(wished):
        whole["metadata"] = kept["metadata"]
    return whole


_SERVER_FIELDS = ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at")
