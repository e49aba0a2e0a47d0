"""Numbers that a Twilio account owns: found by their sid or by the number, routed and released."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    ExternalIds,
    InventoryItem,
    NumberSpec,
    ObservedState,
    OutcomeUnknown,
    Refused,
    Step,
    UnexpectedResponse,
)
from integrations.providers.twilio.client import NUMBERS_PATH, Client, Row
from integrations.providers.twilio.purchase import (
    PURCHASE_REQUESTED,
    PURCHASE_UNANSWERED,
    Purchase,
    is_purchase_pending,
)
from integrations.providers.twilio.routing import (
    Routing,
    RoutingMemory,
    RoutingPolicy,
    has_placement_marker,
    load_routing_memory,
    must_detach_trunk,
    parse_routing,
    routing_changes,
    routing_form_values,
)

MARKER_PREFIX = "[pb-"  # the prefix of every marker in a friendly name


@dataclass(frozen=True)
class NumberState:
    row: Row
    memory: RoutingMemory
    is_known: bool  # as a number that Patchbay has managed


class Numbers:
    def __init__(self, client: Client, desk: RoutingPolicy):
        self.client, self.desk = client, desk

    # ------------------------------------------------------------------------------- observe

    def observe(self, spec: NumberSpec) -> ObservedState:
        row = self._by_sid(spec) or self.owned(spec.e164)
        if row is None:
            # If the number does not exist, only the ids that a pending purchase needs are stored.
            return ObservedState(
                {
                    n: spec.refs[n]
                    for n in (PURCHASE_REQUESTED, PURCHASE_UNANSWERED)
                    if spec.refs.get(n)
                }
            )
        memory = load_routing_memory(self.desk, spec, row, spec.refs)
        is_known = "phone_number_sid" in spec.refs or has_placement_marker(row, spec)
        return ObservedState(twilio_number_ids(row, memory), NumberState(row, memory, is_known))

    def _by_sid(self, spec: NumberSpec) -> Row | None:
        sid = spec.refs.get("phone_number_sid")
        row = self.client.get(self.client.number(sid), f"read {spec.e164}") if sid else None
        return row if row and row.get("phone_number") == spec.e164 else None

    def owned(self, e164: str) -> Row | None:
        """Returns the row of the number, or None. The filter also matches parts of numbers, so the
        result is compared."""
        rows = self.rows(f"look for {e164}", {"PhoneNumber": e164})
        return next((row for row in rows if row.get("phone_number") == e164), None)

    def rows(self, doing: str, params: dict[str, Any]) -> Iterator[Row]:
        path, key = self.client.of_account(NUMBERS_PATH), "incoming_phone_numbers"
        for row in self.client.rows(path, doing, key, params):
            if not isinstance(row.get("sid"), str) or not isinstance(row.get("phone_number"), str):
                sentence = f"{self.client.name} did not {doing}: a row has no sid or number."
                raise UnexpectedResponse(sentence)
            yield row

    # ---------------------------------------------------------------------------------- plan

    def plan(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        state: NumberState | None = observed.state
        if state is None:
            return self._obtain(spec, observed)
        self.desk.refuse_odd(state.memory.wanted)
        return self._route(spec, state.row, state.memory.target)

    def _obtain(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        if spec.purchase is None:
            raise Refused(
                f"{spec.e164} is not in this {self.client.name} account. Buy it or port it there, "
                "or import it from the account that owns it."
            )
        wanted = self.desk.wanted(spec, Routing())
        self.desk.refuse_odd(wanted)
        look, take_over = lambda: self.owned(spec.e164), lambda row: self._take_over(spec, row)
        return Purchase(self.client, spec, wanted, look, take_over).plan(observed.refs)

    def _take_over(self, spec: NumberSpec, row: Row) -> tuple[ExternalIds, bool]:
        memory = load_routing_memory(self.desk, spec, row, {})
        return twilio_number_ids(row, memory), memory.target == memory.present

    def _refs_now(self, spec: NumberSpec, row: Row, refs: ExternalIds) -> ExternalIds:
        return twilio_number_ids(row, load_routing_memory(self.desk, spec, row, refs))

    def _route(self, spec: NumberSpec, row: Row, target: Routing) -> list[Step]:
        present, steps = parse_routing(row), []
        if form := routing_changes(present, target):
            steps.append(self._change(spec, row, target, form))
        # The trunk is detached last, so that calls always go to the old or the new destination.
        if must_detach_trunk(present, target):
            steps.append(self._detach(spec, row, present.trunk_sid))
        return steps

    def _change(self, spec: NumberSpec, row: Row, target: Routing, form: dict[str, str]) -> Step:
        name, doing = self.client.name, f"route the calls of {spec.e164} to {target}"

        def run(refs: ExternalIds) -> ExternalIds:
            after = self.client.change(self.client.number(row["sid"]), form, doing)
            now = parse_routing(after)
            if any(form.get(key, kept) != kept for key, kept in routing_form_values(now).items()):
                raise Refused(
                    f"{name} was asked to {doing} and took it, but it still routes them to {now}."
                )
            return self._refs_now(spec, {**row, **after}, refs)

        return Step(f"{doing} at {name}", run)

    def _detach(self, spec: NumberSpec, row: Row, trunk: str) -> Step:
        """Returns a step that detaches the trunk through the trunk's own resource, because Twilio
        does not document an empty TrunkSid."""
        name, doing = self.client.name, f"take {spec.e164} off trunk {trunk}"

        def run(refs: ExternalIds) -> ExternalIds:
            path = f"/v1/Trunks/{trunk}/PhoneNumbers/{row['sid']}"
            self.client.remove(path, doing, origin="trunking")
            after = self.client.get(self.client.number(row["sid"]), f"read {spec.e164}")
            return self._refs_now(spec, after or row, refs)

        return Step(f"{doing} at {name}", run)

    # ------------------------------------------------------------------------------- removal

    def plan_removal(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        state: NumberState | None = observed.state
        if state is None:
            return self._wait_for_purchase(spec, observed)
        if not state.is_known:
            return []
        if spec.release:
            return [self._release(spec, state.row)]
        memory = state.memory
        before = memory.before if memory.is_ours else None
        steps = self._route(spec, state.row, before or memory.present)
        return [*steps[:-1], *(_clear_ids_afterwards(step) for step in steps[-1:])]

    def _wait_for_purchase(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        """Returns no steps. Raises OutcomeUnknown while a purchase may still take effect, because
        the number cannot be reported as removed before that."""
        if is_purchase_pending(observed.refs.get(PURCHASE_REQUESTED)):
            raise OutcomeUnknown(
                f"{self.client.name} was asked to buy {spec.e164} and has not answered yet."
            )
        return []

    def _release(self, spec: NumberSpec, row: Row) -> Step:
        doing = f"give {spec.e164} back"

        def run(refs: ExternalIds) -> ExternalIds:
            self.client.remove(self.client.number(row["sid"]), doing)
            return {}

        return Step(f"{doing} to {self.client.name}", run)

    # ----------------------------------------------------------------------------- inventory

    def inventory(self) -> Iterator[InventoryItem]:
        for row in self.rows("list numbers", {"PageSize": 1000}):
            label = row.get("friendly_name") or ""
            yield InventoryItem(
                kind="number",
                name=row["phone_number"],
                refs={"phone_number_sid": row["sid"]},
                ours=MARKER_PREFIX in label,
                label=label,
                capabilities=twilio_number_capabilities(row),
            )


def _clear_ids_afterwards(step: Step) -> Step:
    def run(refs: ExternalIds) -> ExternalIds:
        step.run(refs)
        return {}

    return Step(step.summary, run)


def twilio_number_ids(row: Row, memory: RoutingMemory) -> ExternalIds:
    return {
        "phone_number_sid": row["sid"],
        "friendly_name": shorten_to_line(row.get("friendly_name") or "", 200),
        "capabilities": ",".join(twilio_number_capabilities(row)),
        **memory.refs,
    }


def twilio_number_capabilities(row: Row) -> tuple[str, ...]:
    """Returns the number's capabilities in lower case, because the case of the keys differs between
    resources and over the years."""
    found = row.get("capabilities")
    able = found if isinstance(found, dict) else {}
    return tuple(sorted(name.lower() for name, can in able.items() if can))
