"""Observes the trunks and rules that LiveKit has for one number, and to whom they belong."""

from dataclasses import dataclass, field

from integrations.providers.base import ExternalIds, NumberSpec
from integrations.providers.livekit.client import Client, Row, livekit_object_id
from integrations.providers.livekit.rows import rule_trunk_ids, trunk_has_number, trunk_marker

INBOUND, RULE, OUTBOUND = "inbound_trunk_id", "dispatch_rule_id", "outbound_trunk_id"


@dataclass(frozen=True, repr=False)  # rows hold passwords
class LiveKitNumberState:
    """The rows of one number. The first row of each kind is the one to keep: the one with the
    stored id, else the one with the lowest id."""

    inbound: list[Row] = field(default_factory=list)
    strays: list[Row] = field(default_factory=list)  # our inbound trunks with another number
    rules: list[Row] = field(default_factory=list)
    outbound: list[Row] = field(default_factory=list)
    holders: list[Row] = field(default_factory=list)  # other owners' inbound trunks with our number
    named: Row | None = None  # the outbound trunk that the spec names

    @property
    def trunk_id(self) -> str:
        return livekit_object_id(self.inbound[0]) if self.inbound else ""

    @property
    def own_outbound(self) -> list[Row]:
        """Returns our outbound trunks without the one that the spec names, which remains unchanged
        even if it is ours."""
        named = livekit_object_id(self.named or {})
        return [row for row in self.outbound if livekit_object_id(row) != named]

    @property
    def ours(self) -> list[Row]:
        return [*self.inbound, *self.strays, *self.rules, *self.outbound]

    def refs(self) -> ExternalIds:
        found = {
            INBOUND: [*self.inbound, *self.strays],
            RULE: self.rules,
            OUTBOUND: [self.named] if self.named else self.outbound,
        }
        return {name: livekit_object_id(rows[0]) for name, rows in found.items() if rows}


def observe_livekit_number(client: Client, spec: NumberSpec) -> LiveKitNumberState:
    """Returns the present state of the number. Searches by the number, because LiveKit can filter
    by neither name nor metadata, then by the stored ids."""
    inbound_id, outbound_id = spec.refs.get(INBOUND), spec.refs.get(OUTBOUND)
    trunks = _find_trunks(client, "ListSIPInboundTrunk", spec, inbound_id)
    ours = _sort_known_first([row for row in trunks if _is_our_trunk(row, spec)], inbound_id)
    here = [row for row in ours if trunk_has_number(row, spec.e164)]
    outbound = _find_trunks(client, "ListSIPOutboundTrunk", spec, outbound_id)
    return LiveKitNumberState(
        inbound=here,
        strays=[row for row in ours if row not in here],
        rules=_find_rules(client, spec, [*here, *ours]),
        outbound=_sort_known_first(
            [row for row in outbound if trunk_marker(row) == spec.marker], outbound_id
        ),
        holders=[row for row in trunks if row not in ours and _occupies_number(row, spec)],
        named=_find_named_trunk(client, spec),
    )


def _find_trunks(client: Client, method: str, spec: NumberSpec, known: str | None) -> list[Row]:
    """Returns the trunks with the number, including wildcard trunks. A trunk that was given another
    number is found by its id only."""
    doing = f"look for {spec.e164}"
    rows = client.items(method, doing, numbers=[spec.e164])
    if known and known not in map(livekit_object_id, rows):
        rows += client.items(method, doing, trunk_ids=[known])
    return rows


def _is_our_trunk(trunk: Row, spec: NumberSpec) -> bool:
    """Returns whether an inbound trunk has our marker, or has no marker and the stored id. Does not
    apply to outbound trunks, because one with a stored id may belong to somebody else and be used
    unchanged."""
    ref = trunk_marker(trunk)
    return ref == spec.marker or (not ref and livekit_object_id(trunk) == spec.refs.get(INBOUND))


def _occupies_number(trunk: Row, spec: NumberSpec) -> bool:
    """Returns whether the trunk prevents ours. A trunk for certain callers only may share our
    number; LiveKit permits that."""
    return trunk_has_number(trunk, spec.e164) and not trunk.get("allowed_numbers")


def _find_rules(client: Client, spec: NumberSpec, trunks: list[Row]) -> list[Row]:
    """Returns the rules on our trunks and on the last known trunk, because a rule outlives its
    trunk."""
    ids = {livekit_object_id(row) for row in trunks} | {spec.refs.get(INBOUND, "")} - {""}
    if not ids:
        return []
    doing = f"look for the rules of {spec.e164}"
    rows = client.items("ListSIPDispatchRule", doing, trunk_ids=sorted(ids))
    rules = _sort_known_first(
        [row for row in rows if _is_our_rule(row, spec, ids)], spec.refs.get(RULE)
    )
    kept = [livekit_object_id(row) for row in trunks[:1]]
    return sorted(rules, key=lambda row: rule_trunk_ids(row) != kept)


def _is_our_rule(rule: Row, spec: NumberSpec, trunks: set[str]) -> bool:
    """Returns whether the rule is on exactly one of our trunks and has our marker or the stored id.
    A rule without trunks applies to all calls; if it has our marker, that can only be an error,
    which must be repaired."""
    on = rule_trunk_ids(rule)
    marked = f"[{spec.marker}]" in rule.get("name", "")
    known = livekit_object_id(rule) == spec.refs.get(RULE)
    return (marked or known) and len(on) == 1 and on[0] in trunks if on else marked


def _find_named_trunk(client: Client, spec: NumberSpec) -> Row | None:
    if not (spec.sip and spec.sip.outbound and spec.sip.outbound_trunk_id):
        return None
    body = {"sip_trunk_id": spec.sip.outbound_trunk_id}
    answer = client.get("GetSIPOutboundTrunk", body, "read the outbound trunk")
    return answer and answer.get("trunk")


def _sort_known_first(rows: list[Row], known: str | None) -> list[Row]:
    return sorted(rows, key=lambda row: (livekit_object_id(row) != known, livekit_object_id(row)))
