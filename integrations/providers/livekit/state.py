"""What LiveKit holds for one number, and whose it is."""

from dataclasses import dataclass, field

from integrations.providers.base import NumberSpec, Refs
from integrations.providers.livekit.client import Client, Row, id_of
from integrations.providers.livekit.rows import carries, ref_of, trunks_of

INBOUND, RULE, OUTBOUND = "inbound_trunk_id", "dispatch_rule_id", "outbound_trunk_id"


@dataclass(frozen=True, repr=False)  # rows hold passwords
class State:
    """Of each kind, the one to keep comes first: what our ids name, else the lowest id."""

    inbound: list[Row] = field(default_factory=list)
    strays: list[Row] = field(default_factory=list)  # our inbound trunks, for another number now
    rules: list[Row] = field(default_factory=list)
    outbound: list[Row] = field(default_factory=list)
    holders: list[Row] = field(default_factory=list)  # inbound trunks of others with our number
    named: Row | None = None  # the outbound trunk that the spec names

    @property
    def trunk_id(self) -> str:
        return id_of(self.inbound[0]) if self.inbound else ""

    @property
    def own_outbound(self) -> list[Row]:
        """Without the one that the spec names, which stays as it is even when it is ours."""
        named = id_of(self.named or {})
        return [row for row in self.outbound if id_of(row) != named]

    @property
    def ours(self) -> list[Row]:
        return [*self.inbound, *self.strays, *self.rules, *self.outbound]

    def refs(self) -> Refs:
        found = {
            INBOUND: [*self.inbound, *self.strays],
            RULE: self.rules,
            OUTBOUND: [self.named] if self.named else self.outbound,
        }
        return {name: id_of(rows[0]) for name, rows in found.items() if rows}


def look(client: Client, spec: NumberSpec) -> State:
    """By the number, as LiveKit can filter by neither name nor metadata; then by our ids."""
    inbound_id, outbound_id = spec.refs.get(INBOUND), spec.refs.get(OUTBOUND)
    trunks = _trunks(client, "ListSIPInboundTrunk", spec, inbound_id)
    ours = _sorted([row for row in trunks if _is_ours(row, spec)], inbound_id)
    here = [row for row in ours if carries(row, spec.e164)]
    outbound = _trunks(client, "ListSIPOutboundTrunk", spec, outbound_id)
    return State(
        inbound=here,
        strays=[row for row in ours if row not in here],
        rules=_rules(client, spec, [*here, *ours]),
        outbound=_sorted([row for row in outbound if ref_of(row) == spec.marker], outbound_id),
        holders=[row for row in trunks if row not in ours and _holds(row, spec)],
        named=_named(client, spec),
    )


def _trunks(client: Client, method: str, spec: NumberSpec, known: str | None) -> list[Row]:
    """Wildcard trunks come along. One that was given another number is found by its id only."""
    doing = f"look for {spec.e164}"
    rows = client.items(method, doing, numbers=[spec.e164])
    if known and known not in map(id_of, rows):
        rows += client.items(method, doing, trunk_ids=[known])
    return rows


def _is_ours(trunk: Row, spec: NumberSpec) -> bool:
    """By its marker; without any, by its id. Only of inbound trunks: an outbound one that we know
    may be somebody else's, used as it is."""
    ref = ref_of(trunk)
    return ref == spec.marker or (not ref and id_of(trunk) == spec.refs.get(INBOUND))


def _holds(trunk: Row, spec: NumberSpec) -> bool:
    """One for certain callers only may share our number; LiveKit has nothing against it."""
    return carries(trunk, spec.e164) and not trunk.get("allowed_numbers")


def _rules(client: Client, spec: NumberSpec, trunks: list[Row]) -> list[Row]:
    """Those on our trunks, and on the one that was there last: a rule outlives its trunk."""
    ids = {id_of(row) for row in trunks} | {spec.refs.get(INBOUND, "")} - {""}
    if not ids:
        return []
    doing = f"look for the rules of {spec.e164}"
    rows = client.items("ListSIPDispatchRule", doing, trunk_ids=sorted(ids))
    rules = _sorted([row for row in rows if _is_our_rule(row, spec, ids)], spec.refs.get(RULE))
    kept = [id_of(row) for row in trunks[:1]]
    return sorted(rules, key=lambda row: trunks_of(row) != kept)


def _is_our_rule(rule: Row, spec: NumberSpec, trunks: set[str]) -> bool:
    """On one of our trunks and no other, with our mark. On none it takes all calls; with our mark
    that can only be a mishap, to be mended."""
    on = trunks_of(rule)
    marked = f"[{spec.marker}]" in rule.get("name", "")
    known = id_of(rule) == spec.refs.get(RULE)
    return (marked or known) and len(on) == 1 and on[0] in trunks if on else marked


def _named(client: Client, spec: NumberSpec) -> Row | None:
    if not (spec.sip and spec.sip.outbound and spec.sip.outbound_trunk_id):
        return None
    body = {"sip_trunk_id": spec.sip.outbound_trunk_id}
    answer = client.get("GetSIPOutboundTrunk", body, "read the outbound trunk")
    return answer and answer.get("trunk")


def _sorted(rows: list[Row], known: str | None) -> list[Row]:
    return sorted(rows, key=lambda row: (id_of(row) != known, id_of(row)))
