"""Lists every number on the trunks of an account."""

import re
from collections.abc import Iterator

from integrations.providers.base import ExternalIds, InventoryItem
from integrations.providers.livekit.client import Client, Row, livekit_object_id
from integrations.providers.livekit.rows import (
    normalize_called_number,
    rule_trunk_ids,
    trunk_marker,
)
from integrations.providers.livekit.state import INBOUND, OUTBOUND, RULE

NumberKey = tuple[str, str]  # a number, and the marker of the trunks that have it


def list_trunk_numbers(client: Client) -> Iterator[InventoryItem]:
    """Yields one item for each number and owner, whichever of trunks and rule exist. Wildcard
    trunks have no number."""
    refs: dict[NumberKey, ExternalIds] = {}
    labels: dict[NumberKey, str] = {}
    rules = _rules_by_trunk(client)
    for kind, method in ((INBOUND, "ListSIPInboundTrunk"), (OUTBOUND, "ListSIPOutboundTrunk")):
        for trunk in client.items(method, "list trunks"):
            for key in _trunk_number_keys(trunk):
                found = refs.setdefault(key, {})
                found.setdefault(kind, livekit_object_id(trunk))
                if kind == INBOUND and livekit_object_id(trunk) in rules:
                    found.setdefault(RULE, rules[livekit_object_id(trunk)])
                labels[key] = labels.get(key) or trunk.get("name", "")
    for (number, mark), ids in sorted(refs.items()):
        yield InventoryItem("number", number, ids, bool(mark), labels[number, mark], ("voice",))


def _rules_by_trunk(client: Client) -> dict[str, str]:
    rules = client.items("ListSIPDispatchRule", "list dispatch rules")
    return {trunk: livekit_object_id(rule) for rule in rules for trunk in rule_trunk_ids(rule)}


def _trunk_number_keys(trunk: Row) -> Iterator[NumberKey]:
    for number in trunk.get("numbers") or []:
        if re.fullmatch(r"\+[1-9][0-9]{1,14}", normalize_called_number(number)):
            yield normalize_called_number(number), trunk_marker(trunk)
