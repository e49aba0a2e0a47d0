"""Builds a number's trunks and dispatch rule in LiveKit's format, and compares existing rows with
the desired state.

LiveKit accepts nearly everything without an error: an unknown enum value becomes the first of its
list, and an unknown field is dropped. So important values are validated before they are sent, and
read back afterwards.
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


# ---------------------------------------------------------------------------------------- desired


def validate_sip_spec(spec: NumberSpec) -> SipSpec:
    """Returns the SIP settings of the number. Raises Refused for values that LiveKit would accept
    and then interpret differently."""
    sip = spec.sip
    if sip is None:
        raise Refused(f"LiveKit needs SIP settings for {spec.e164}, and takes no carriers.")
    if not _E164.fullmatch(spec.e164):
        raise Refused(f"{spec.e164} is no number in E.164: a plus and 2 to 15 digits.")
    if bool(sip.username) != bool(sip.password):
        # livekit-sip requests no password if either is empty.
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
        # Sent in both places, because some versions, or some updates, ignore one of them.
        "media_encryption": encryption,
        "media": {"encryption": encryption},
    }


def dispatch_rule_body(spec: NumberSpec, trunk_id: str) -> Row:
    """Returns the dispatch rule. The marker is in its name, because LiveKit shows a rule's metadata
    and attributes to everybody in the room."""
    return {
        "name": f"{spec.e164} [{spec.marker}]",
        "trunk_ids": [trunk_id],  # empty would apply to the calls of every trunk, and of none
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


# ----------------------------------------------------------------------------------------- actual


def trunk_marker(trunk: Row) -> str:
    """Returns the marker of a trunk that Patchbay created, or ""."""
    try:
        metadata = json.loads(trunk.get("metadata") or "")
    except ValueError:
        return ""
    ref = metadata.get("ref") if isinstance(metadata, dict) else None
    return ref if isinstance(ref, str) and _MARKER.fullmatch(ref) else ""


def normalize_called_number(number: str) -> str:
    """Returns the number as LiveKit compares the called numbers of trunks."""
    if not re.fullmatch(r"\+?[0-9 ()-]+", number):
        return number
    return "+" + re.sub(r"[^0-9]", "", number)


def trunk_has_number(trunk: Row, e164: str) -> bool:
    return e164 in {normalize_called_number(number) for number in trunk.get("numbers") or []}


def rule_trunk_ids(rule: Row) -> list[str]:
    return rule.get("trunk_ids") or []


def differing_livekit_fields(row: Row, wished: Row) -> list[str]:
    """Returns the fields of `wished` that differ in `row`. Additional fields of `row` belong to the
    customer."""
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
    """Returns whether every place that this version has for the encryption holds the desired value.
    Versions before 1.13 have one place and those before 2025 none, which is good enough unless
    encryption is required."""
    places = [row["media_encryption"]] if "media_encryption" in row else []
    if "media" in row:
        places.append((row["media"] or {}).get("encryption"))
    return (
        all(place == wished for place in places)
        if places
        else wished != MEDIA_ENCRYPTION["require"]
    )


def build_replacement_body(row: Row, wished: Row) -> Row:
    """Returns the whole object with our fields in it. Omitted fields would be cleared, and they may
    be an address filter or an agent that somebody has added."""
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
