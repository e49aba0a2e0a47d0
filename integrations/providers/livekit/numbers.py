"""Numbers on LiveKit: each has an inbound trunk, a dispatch rule and an outbound trunk of its own.

Several numbers on one trunk would overwrite each other's changes (LiveKit reads, changes and writes
back without a lock), and could not have separate credentials or PINs.
"""

from integrations.providers.base import (
    ExternalIds,
    NumberSpec,
    ObservedState,
    Refused,
    Step,
    Unavailable,
)
from integrations.providers.livekit.client import Client, Rejected, Row, livekit_object_id
from integrations.providers.livekit.rows import (
    build_replacement_body,
    differing_livekit_fields,
    dispatch_rule_body,
    inbound_trunk_body,
    outbound_trunk_body,
    rule_trunk_ids,
    validate_sip_spec,
)
from integrations.providers.livekit.state import (
    INBOUND,
    OUTBOUND,
    RULE,
    LiveKitNumberState,
    observe_livekit_number,
)

_OBJECT_LABELS = {
    INBOUND: "the inbound trunk",
    RULE: "the dispatch rule",
    OUTBOUND: "the outbound trunk",
}
_ID_FIELDS = {INBOUND: "sip_trunk_id", RULE: "sip_dispatch_rule_id", OUTBOUND: "sip_trunk_id"}
_CREATE_METHODS = {
    INBOUND: ("CreateSIPInboundTrunk", "trunk"),
    RULE: ("CreateSIPDispatchRule", "dispatch_rule"),
    OUTBOUND: ("CreateSIPOutboundTrunk", "trunk"),
}
_REPLACE_METHODS = {
    INBOUND: "UpdateSIPInboundTrunk",
    RULE: "UpdateSIPDispatchRule",
    OUTBOUND: "UpdateSIPOutboundTrunk",
}
_DELETE_METHODS = {
    INBOUND: "DeleteSIPTrunk",
    RULE: "DeleteSIPDispatchRule",
    OUTBOUND: "DeleteSIPTrunk",
}


class Numbers:
    def __init__(self, client: Client):
        self.client = client

    def observe(self, spec: NumberSpec) -> ObservedState:
        state = observe_livekit_number(self.client, spec)
        return ObservedState(state.refs(), state)

    # ---------------------------------------------------------------------------------- plan

    def plan(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        inbound = self._inbound if validate_sip_spec(spec).inbound else self._no_inbound
        return [*inbound(spec, state), *self._outbound(spec, state)]

    def _inbound(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        if state.holders:
            raise _number_in_use_error(spec, state.holders[0])
        _ensure_single(spec, "inbound trunks", state.inbound)
        on_it = [row for row in state.rules if state.inbound and _can_serve_trunk(row, state)]
        _ensure_single(spec, "dispatch rules", on_it)
        steps = [self._drop(spec, RULE, row) for row in state.rules if row not in on_it]
        # LiveKit looks for conflicts among the numbers that a trunk had before, so a trunk with
        # another number is recreated instead of changed.
        steps += [self._drop(spec, INBOUND, row) for row in state.strays]
        steps += self._ensure(spec, INBOUND, state.inbound, inbound_trunk_body(spec))
        return steps + self._routing(spec, on_it, dispatch_rule_body(spec, state.trunk_id))

    def _routing(self, spec: NumberSpec, rules: list[Row], wished: Row) -> list[Step]:
        """Returns the steps that create or remove the dispatch rule. Without a rule of its own the
        number's calls are rejected, unless a wildcard rule accepts all calls."""
        if spec.routed:
            return self._ensure(spec, RULE, rules, wished)
        return [self._drop(spec, RULE, row) for row in rules]

    def _no_inbound(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        """Returns the steps that remove everything inbound. The rule goes first, because it would
        outlive its trunk."""
        rules = [self._drop(spec, RULE, row) for row in state.rules]
        trunks = [*state.inbound, *state.strays]
        return rules + [self._drop(spec, INBOUND, row) for row in trunks]

    def _outbound(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        sip = validate_sip_spec(spec)
        if sip.outbound and sip.outbound_trunk_id and not state.named:
            raise Refused(f"LiveKit has no outbound trunk {sip.outbound_trunk_id} for {spec.e164}.")
        if not sip.outbound or state.named:
            return [self._drop(spec, OUTBOUND, row) for row in state.own_outbound]
        _ensure_single(spec, "outbound trunks", state.outbound)
        return self._ensure(spec, OUTBOUND, state.outbound, outbound_trunk_body(spec))

    def _ensure(self, spec: NumberSpec, kind: str, rows: list[Row], wished: Row) -> list[Step]:
        if not rows:
            return [self._make(spec, kind, wished)]
        return (
            [self._change(spec, kind, rows[0], wished)]
            if differing_livekit_fields(rows[0], wished)
            else []
        )

    # --------------------------------------------------------------------------------- steps

    def _make(self, spec: NumberSpec, kind: str, wished: Row) -> Step:
        doing = f"add {_OBJECT_LABELS[kind]} of {spec.e164}"

        def run(refs: ExternalIds) -> ExternalIds:
            # The trunk may have been created in the preceding step.
            whole = dispatch_rule_body(spec, refs[INBOUND]) if kind == RULE else wished
            return {**refs, kind: self._made(spec, kind, whole, doing)}

        return Step(f"{doing} to LiveKit", run)

    def _made(self, spec: NumberSpec, kind: str, wished: Row, doing: str) -> str:
        method, wrapper = _CREATE_METHODS[kind]
        try:
            row = self.client.create(method, {wrapper: wished}, doing)
        except Rejected as error:
            return self._adopted(spec, kind, wished, error)
        if fields := differing_livekit_fields(row, wished):
            # An incomplete object is removed again.
            self._delete(kind, row, f"take back {_OBJECT_LABELS[kind]} of {spec.e164}")
            raise _fields_not_stored_error(spec, kind, fields)
        return livekit_object_id(row)

    def _adopted(self, spec: NumberSpec, kind: str, wished: Row, error: Rejected) -> str:
        """Returns the id of an object that was created since the last observation, which may be the
        cause of a conflict. LiveKit's message names the ids in no reliable order, so the platform
        is observed again. Raises `error` if there is no such object."""
        state = observe_livekit_number(self.client, spec)
        if kind == INBOUND and state.holders:
            raise _number_in_use_error(spec, state.holders[0]) from error
        rows = {INBOUND: state.inbound, RULE: state.rules, OUTBOUND: []}[kind]
        if not rows:
            raise error
        if differing_livekit_fields(rows[0], wished):
            self._replace(spec, kind, rows[0], wished)
        return livekit_object_id(rows[0])

    def _change(self, spec: NumberSpec, kind: str, row: Row, wished: Row) -> Step:
        fields = ", ".join(
            name.replace("auth_", "") for name in differing_livekit_fields(row, wished)
        )

        def run(refs: ExternalIds) -> ExternalIds:
            self._replace(spec, kind, row, wished)
            return refs

        return Step(f"change {fields} of {_OBJECT_LABELS[kind]} of {spec.e164} on LiveKit", run)

    def _replace(self, spec: NumberSpec, kind: str, row: Row, wished: Row) -> None:
        """Replaces the whole object, because an update of single fields does not reach the media
        encryption."""
        body = {
            _ID_FIELDS[kind]: livekit_object_id(row),
            "replace": build_replacement_body(row, wished),
        }
        doing = f"change {_OBJECT_LABELS[kind]} of {spec.e164}"
        if fields := differing_livekit_fields(
            self.client.replace(_REPLACE_METHODS[kind], body, doing), wished
        ):
            raise _fields_not_stored_error(spec, kind, fields)

    def _drop(self, spec: NumberSpec, kind: str, row: Row) -> Step:
        doing = f"remove {_OBJECT_LABELS[kind]} of {spec.e164}"

        def run(refs: ExternalIds) -> ExternalIds:
            self._delete(kind, row, doing)
            return {name: ref for name, ref in refs.items() if ref != livekit_object_id(row)}

        return Step(f"{doing} from LiveKit", run)

    def _delete(self, kind: str, row: Row, doing: str) -> None:
        self.client.delete(_DELETE_METHODS[kind], {_ID_FIELDS[kind]: livekit_object_id(row)}, doing)

    # ---------------------------------------------------------------------- removal, merging

    def plan_removal(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        steps = self._no_inbound(spec, state)
        steps += [self._drop(spec, OUTBOUND, row) for row in state.outbound]
        return [*steps[:-1], self._last(spec, steps[-1])] if steps else []

    def _last(self, spec: NumberSpec, step: Step) -> Step:
        """Returns the last removal step, with a check afterwards: a creation whose response was
        lost may have taken effect meanwhile. The step raises Unavailable if something is left."""

        def run(refs: ExternalIds) -> ExternalIds:
            step.run(refs)
            if observe_livekit_number(self.client, spec).ours:
                raise Unavailable(f"LiveKit still has something of {spec.e164}.")
            return {}

        return Step(step.summary, run)

    def plan_merge(self, spec: NumberSpec, state: LiveKitNumberState) -> list[Step]:
        surplus = {RULE: state.rules, INBOUND: state.inbound, OUTBOUND: state.own_outbound}
        return [self._drop(spec, kind, row) for kind, rows in surplus.items() for row in rows[1:]]


def _can_serve_trunk(rule: Row, state: LiveKitNumberState) -> bool:
    """Returns whether the rule is on our trunk, or on no trunk."""
    return rule_trunk_ids(rule) in ([state.trunk_id], [])


def _ensure_single(spec: NumberSpec, what: str, rows: list[Row]) -> None:
    if len(rows) > 1:
        ids = ", ".join(sorted(map(livekit_object_id, rows)))
        raise Refused(
            f"LiveKit has {len(rows)} {what} of {spec.e164}: {ids}. To keep one of them and remove "
            "the others, ask for it: POST /v1/phone-numbers/{id}/merge-duplicates."
        )


def _number_in_use_error(spec: NumberSpec, holder: Row) -> Refused:
    name = f" ({holder['name']})" if holder.get("name") else ""
    return Refused(
        f"{spec.e164}: number in use on LiveKit by trunk {livekit_object_id(holder)}{name}. "
        "Remove that trunk, or take the number off it."
    )


def _fields_not_stored_error(spec: NumberSpec, kind: str, fields: list[str]) -> Refused:
    return Refused(
        f"LiveKit took {_OBJECT_LABELS[kind]} of {spec.e164} but did not keep its "
        f"{', '.join(fields)}: this server is too old for that."
    )
