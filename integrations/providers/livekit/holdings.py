"""Every number that stands on a trunk of the account."""

import re
from collections.abc import Iterator

from integrations.providers.base import InventoryItem, Refs
from integrations.providers.livekit.client import Client, Row, id_of
from integrations.providers.livekit.rows import normal, ref_of, trunks_of
from integrations.providers.livekit.state import INBOUND, OUTBOUND, RULE

Key = tuple[str, str]  # a number, and the mark of the trunks it stands on


def holdings(client: Client) -> Iterator[InventoryItem]:
    """One item for a number and its owner, whichever of trunks and rule there are. Wildcard trunks
    hold no number."""
    refs: dict[Key, Refs] = {}
    labels: dict[Key, str] = {}
    rules = _rules_by_trunk(client)
    for kind, method in ((INBOUND, "ListSIPInboundTrunk"), (OUTBOUND, "ListSIPOutboundTrunk")):
        for trunk in client.items(method, "list trunks"):
            for key in _keys(trunk):
                found = refs.setdefault(key, {})
                found.setdefault(kind, id_of(trunk))
                if kind == INBOUND and id_of(trunk) in rules:
                    found.setdefault(RULE, rules[id_of(trunk)])
                labels[key] = labels.get(key) or trunk.get("name", "")
    for (number, mark), ids in sorted(refs.items()):
        yield InventoryItem("number", number, ids, bool(mark), labels[number, mark], ("voice",))


def _rules_by_trunk(client: Client) -> dict[str, str]:
    rules = client.items("ListSIPDispatchRule", "list dispatch rules")
    return {trunk: id_of(rule) for rule in rules for trunk in trunks_of(rule)}


def _keys(trunk: Row) -> Iterator[Key]:
    for number in trunk.get("numbers") or []:
        if re.fullmatch(r"\+[1-9][0-9]{1,14}", normal(number)):
            yield normal(number), ref_of(trunk)
