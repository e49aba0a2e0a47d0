"""Phone numbers on jambonz, which are unique per carrier and therefore found by the number
itself."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from integrations.providers.base import (
    ExternalIds,
    InventoryItem,
    NumberSpec,
    ObservedState,
    Refused,
    Step,
    Unavailable,
)
from integrations.providers.jambonz.client import Client, Rejected, write_and_verify
from integrations.providers.jambonz.validation import validate_number_spec

Row = dict[str, Any]


@dataclass(frozen=True)
class NumberState:
    row: Row | None = None  # ours, on the right carrier
    stray: Row | None = None  # ours by its sid, on another carrier: numbers cannot be moved
    foreign: Row | None = None  # on the right carrier, in another account


class Numbers:
    def __init__(self, client: Client, account_sid: Callable[[], str], application_sid: str):
        self.client, self._account_sid = client, account_sid
        self.default_application = application_sid

    # ------------------------------------------------------------------------------- observe

    def observe(self, spec: NumberSpec) -> ObservedState:
        state = self._look(spec)
        found = state.row or state.stray
        return ObservedState(
            {"phone_number_sid": found["phone_number_sid"]} if found else {}, state
        )

    def _look(self, spec: NumberSpec) -> NumberState:
        carrier, ref = spec.carrier_refs.get("voip_carrier_sid"), spec.refs.get("phone_number_sid")
        rows = self._found(spec.e164)
        mine = [row for row in rows if row["account_sid"] == self._account_sid()]
        known = next((row for row in mine if row["phone_number_sid"] == ref), None)
        here = next((row for row in mine if row["voip_carrier_sid"] == carrier), None)
        row = here if carrier else known
        there = [r for r in rows if r not in mine and carrier and r["voip_carrier_sid"] == carrier]
        return NumberState(row, known if known is not row else None, there[0] if there else None)

    def _found(self, e164: str) -> list[Row]:
        """Returns the rows with exactly this number. The filter also matches parts of numbers. A
        plus in it would match nothing, because jambonz stores numbers without it. The search
        includes other accounts, so that a conflicting number is found."""
        digits = e164.removeprefix("+")
        rows = self.client.pages("/PhoneNumbers", f"look for {e164}", filter=digits)
        return [row for row in rows if row["number"] == digits]

    # ---------------------------------------------------------------------------------- plan

    def plan(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        validate_number_spec(spec)
        state: NumberState = observed.state
        if state.foreign:
            raise _number_conflict_error(spec)
        # The removal comes before the creation, so that a crash between the two leaves no lost
        # number.
        steps = [self._remove(spec, state.stray)] if state.stray else []
        if state.row is None:
            return [*steps, self._create(spec)]
        if state.row["application_sid"] != self._application(spec):
            steps.append(self._route(spec, state.row["phone_number_sid"]))
        return steps

    def _application(self, spec: NumberSpec) -> str | None:
        return ((spec.application or self.default_application) if spec.routed else None) or None

    def _check_application(self, spec: NumberSpec) -> None:
        """Raises Refused if the application is not in this account, because jambonz would link an
        application of any tenant. The default application was checked when the integration was
        connected, so only another one needs a call."""
        if not spec.routed or not spec.application:
            return
        try:
            row = self.client.get(f"/Applications/{spec.application}", "read the application")
        except Rejected as error:
            if error.status not in (400, 403):
                raise
            row = None
        if row is None or row["account_sid"] != self._account_sid():
            raise Refused(
                f"jambonz has no application {spec.application} in this account for {spec.e164}."
            )

    def _create(self, spec: NumberSpec) -> Step:
        carrier_sid = spec.carrier_refs["voip_carrier_sid"]
        application = self._application(spec)
        doing = f"add {spec.e164}"

        def run(refs: ExternalIds) -> ExternalIds:
            self._check_application(spec)
            body = {
                "number": spec.e164.removeprefix("+"),
                "voip_carrier_sid": carrier_sid,
                # Without an account, a service provider's key creates a number that no list shows.
                "account_sid": self._account_sid(),
                "application_sid": application,
            }
            sid = write_and_verify(
                lambda: self._post(spec, body, doing), lambda: self._sid_of(spec)
            )
            return {**refs, "phone_number_sid": sid}

        return Step(f"{doing} to jambonz{_application_suffix(application)}", run)

    def _post(self, spec: NumberSpec, body: Row, doing: str) -> str:
        try:
            return self.client.create("/PhoneNumbers", body, doing)
        except Rejected as error:
            if error.status != 422 or "uplicate" not in error.words:
                raise
        return self._adopt(spec, body)

    def _adopt(self, spec: NumberSpec, body: Row) -> str:
        """Returns the sid of a number that was created since the last observation. Raises Refused
        if the number exists where the key cannot see it."""
        state = self._look(spec)
        if state.foreign:
            raise _number_conflict_error(spec)
        if state.row is None:
            raise Refused(
                f"jambonz already has {spec.e164} on this carrier but shows it to no list of this "
                "API key: it stands in another account, or in none. Its administrator must delete "
                "it there."
            )
        sid = state.row["phone_number_sid"]
        if state.row["application_sid"] != body["application_sid"]:
            self._put(sid, body["application_sid"], f"route {spec.e164}")
        return sid

    def _sid_of(self, spec: NumberSpec) -> str | None:
        row = self._look(spec).row
        return row["phone_number_sid"] if row else None

    def _route(self, spec: NumberSpec, sid: str) -> Step:
        application = self._application(spec)
        doing = (
            f"route {spec.e164}{_application_suffix(application)}"
            if application
            else f"unlink {spec.e164}"
        )

        def run(refs: ExternalIds) -> ExternalIds:
            self._check_application(spec)
            write_and_verify(
                lambda: self._put(sid, application, doing),
                lambda: self._is_routed(spec, application, doing),
            )
            return refs

        return Step(f"{doing} on jambonz", run)

    def _put(self, sid: str, application: str | None, doing: str) -> bool:
        """Changes nothing but the application, because jambonz would store an empty number or a
        null carrier."""
        self.client.change(f"/PhoneNumbers/{sid}", {"application_sid": application}, doing)
        return True

    def _is_routed(self, spec: NumberSpec, application: str | None, doing: str) -> bool | None:
        """Returns True if the number has the desired application, else None. Raises Unavailable if
        it is gone, for which a service provider's key gets a 500 and other keys a 404."""
        row = self._look(spec).row
        if row is None:
            raise Unavailable(f"jambonz could not {doing}: it has just been removed there.")
        return True if row["application_sid"] == application else None

    # ------------------------------------------------------------------------------- removal

    def plan_removal(self, spec: NumberSpec, observed: ObservedState) -> list[Step]:
        state: NumberState = observed.state
        return [self._remove(spec, row) for row in (state.stray, state.row) if row]

    def _remove(self, spec: NumberSpec, row: Row) -> Step:
        doing = f"remove {spec.e164}"
        sid = row["phone_number_sid"]

        def run(refs: ExternalIds) -> ExternalIds:
            self.client.remove(f"/PhoneNumbers/{sid}", doing)
            return {name: ref for name, ref in refs.items() if ref != sid}

        return Step(f"{doing} from jambonz", run)

    # ----------------------------------------------------------------------------- inventory

    def inventory(self, our_carriers: set[str]) -> Iterator[InventoryItem]:
        """Yields the account's numbers from one unpaged list: 20,000 rows are 5 MB and cost one
        request of the 600.

        A number has no marker, so those on our carriers count as ours. Patterns such as 1508* are
        skipped, because they are rules and not numbers.
        """
        rows = self.client.rows("/PhoneNumbers", "list numbers", account_sid=self._account_sid())
        for row in rows:
            if (
                re.fullmatch(r"[0-9]{2,15}", row["number"])
                and row["account_sid"] == self._account_sid()
            ):
                yield InventoryItem(
                    "number",
                    "+" + row["number"],
                    _jambonz_number_ids(row),
                    row["voip_carrier_sid"] in our_carriers,
                )


def _jambonz_number_ids(row: Row) -> ExternalIds:
    names = ("phone_number_sid", "voip_carrier_sid", "application_sid")
    return {name: row[name] for name in names if row[name]}


def _application_suffix(application: str | None) -> str:
    return f" and route it to application {application}" if application else ""


def _number_conflict_error(spec: NumberSpec) -> Refused:
    return Refused(
        f"{spec.e164} stands on this carrier of jambonz in another account, or in none. Remove it "
        "there first."
    )
