"""Carriers on jambonz: created once, found by the marker in their name, compared field by field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from integrations.providers.base import (
    CarrierSpec,
    ExternalIds,
    InventoryItem,
    ObservedState,
    Refused,
    Step,
    Unavailable,
)
from integrations.providers.jambonz.client import Client, Rejected, write_and_verify
from integrations.providers.jambonz.gateways import Gateways, gateway_external_ids
from integrations.providers.jambonz.scope import ApiKeyScope
from integrations.providers.jambonz.validation import MAX_NAME_LENGTH, validate_carrier_spec

Row = dict[str, Any]
MARKER_PREFIX = "[pb-"  # the prefix of every marker in a name

_BOOLEAN_FIELDS = ("requires_register", "register_public_ip_in_contact")


@dataclass(frozen=True)
class CarrierState:
    """The observed carrier. The rows contain the carrier's passwords in plain text, so none of them
    is printed."""

    row: Row = field(repr=False)
    gateways: list[Row] = field(repr=False)
    twins: list[Row] = field(default_factory=list, repr=False)


def marked_carrier_name(spec: CarrierSpec) -> str:
    """Returns the carrier's name with the marker, because the API can search carriers only by
    name."""
    mark = f" [{spec.marker}]"
    return (spec.name[: MAX_NAME_LENGTH - len(mark)].rstrip() + mark).strip()


def carrier_body(spec: CarrierSpec) -> Row:
    """Returns all the fields that Patchbay sets on a carrier, and no others.

    Fields that were read must not be sent back: a register_status that makes the round trip breaks
    every list that contains the carrier, for all tenants. Fields of another trunk type are cleared,
    because trunk_type is a label that jambonz itself does not evaluate.
    """
    registration, auth = spec.registration, spec.inbound_auth
    return {
        "name": marked_carrier_name(spec),
        "trunk_type": spec.trunk_type,
        "requires_register": registration is not None,
        "register_username": registration.username if registration else None,
        "register_password": registration.password if registration else None,
        # "" would be a 400 here; null falls back to the gateway's address.
        "register_sip_realm": (registration.realm or None) if registration else None,
        "register_from_user": (registration.from_user or None) if registration else None,
        "register_from_domain": (registration.from_domain or None) if registration else None,
        "register_public_ip_in_contact": bool(registration and registration.public_ip_in_contact),
        "inbound_auth_username": auth.username if auth else None,
        "inbound_auth_password": auth.password if auth else None,
    }


def differing_carrier_fields(body: Row, row: Row) -> list[str]:
    """Returns the fields of `body` that differ in `row`. jambonz returns passwords in plain text,
    so even a changed password is detected."""

    def same(name: str) -> bool:
        there = row.get(name)
        return (
            bool(there) == body[name] if name in _BOOLEAN_FIELDS else (there or None) == body[name]
        )

    return [name for name in body if not same(name)]


class Carriers:
    def __init__(self, client: Client, scope: Callable[[], ApiKeyScope]):
        self.client, self._scope = client, scope
        self.gateways = Gateways(client)

    @property
    def scope(self) -> ApiKeyScope:
        return self._scope()

    # ------------------------------------------------------------------------------- observe

    def observe(self, spec: CarrierSpec) -> ObservedState:
        """Returns the present state of the carrier. Always searches by marker, even with refs,
        because a POST that timed out may have taken effect later, and only the marker finds the
        duplicate."""
        self._hide(spec)
        rows = self._marked(spec.marker)
        row = self._known(spec, rows) or self._eldest(rows)
        if row is None:
            return ObservedState()
        sid = row["voip_carrier_sid"]
        gateways = self.gateways.rows(sid)
        twins = [other for other in rows if other["voip_carrier_sid"] != sid]
        refs = {"voip_carrier_sid": sid, **gateway_external_ids(gateways)}
        return ObservedState(refs, CarrierState(row, gateways, self._unused(twins)))

    def _hide(self, spec: CarrierSpec) -> None:
        for login in (spec.registration, spec.inbound_auth):
            if login:
                self.client.door.hide(login.password)

    def _marked(self, marker: str) -> list[Row]:
        """Returns our carriers with the marker. The filter is a substring match that also returns
        carriers shared by other owners."""
        rows = self.client.rows("/VoipCarriers", "look for the carrier", name=marker)
        return [row for row in rows if row["name"].endswith(f"[{marker}]") and self._is_ours(row)]

    def _is_ours(self, row: Row) -> bool:
        """Returns whether the row belongs to our account. jambonz does not isolate tenants: a key
        can read, change and delete objects of others. So nothing outside our account is changed."""
        owner = (row["account_sid"], row["service_provider_sid"])
        return owner == (self.scope.account_sid, self.scope.service_provider_sid)

    def _known(self, spec: CarrierSpec, rows: list[Row]) -> Row | None:
        """Returns the carrier with the stored id, even if it was renamed and lost its marker."""
        sid = spec.refs.get("voip_carrier_sid")
        if not sid:
            return None
        found = next((row for row in rows if row["voip_carrier_sid"] == sid), None)
        return found or self._by_sid(sid)

    def _by_sid(self, sid: str) -> Row | None:
        try:
            row = self.client.get(f"/VoipCarriers/{sid}", "read the carrier")
        except Rejected as error:
            if error.status != 400:  # 400 means both "no UUID" and "not yours"
                raise
            return None
        return row if row and self._is_ours(row) else None

    def _eldest(self, rows: list[Row]) -> Row | None:
        """Returns the carrier to keep among duplicates: the one with numbers, or else the
        oldest."""
        used = self._used() if len(rows) > 1 else set()
        return min(
            rows,
            key=lambda r: (
                r["voip_carrier_sid"] not in used,
                r["created_at"],
                r["voip_carrier_sid"],
            ),
            default=None,
        )

    def _unused(self, twins: list[Row]) -> list[Row]:
        used = self._used() if twins else set()
        return [row for row in twins if row["voip_carrier_sid"] not in used]

    def _used(self) -> set[str | None]:
        """Returns the ids of carriers with numbers. The API cannot list numbers by carrier."""
        rows = self.client.rows("/PhoneNumbers", "list numbers")
        return {row["voip_carrier_sid"] for row in rows}

    # ---------------------------------------------------------------------------------- plan

    def plan(self, spec: CarrierSpec, observed: ObservedState) -> list[Step]:
        validate_carrier_spec(spec)
        body, state = carrier_body(spec), observed.state
        steps = []
        if state is None:
            steps.append(self._create(spec, body))
        elif fields := differing_carrier_fields(body, state.row):
            steps.append(self._change(spec, body, fields, state.row["voip_carrier_sid"]))
        rows = state.gateways if state else []
        steps += self.gateways.plan(spec.gateways, rows, spec.name)
        return steps + [self._remove_twin(spec, twin) for twin in (state.twins if state else [])]

    def _create(self, spec: CarrierSpec, body: Row) -> Step:
        doing = f"create carrier {spec.name}"

        def run(refs: ExternalIds) -> ExternalIds:
            sid = write_and_verify(
                lambda: self.client.create(*self._place(body), doing),
                lambda: next((r["voip_carrier_sid"] for r in self._marked(spec.marker)), None),
            )
            return {**refs, "voip_carrier_sid": sid}

        return Step(f"{doing} on jambonz", run)

    def _place(self, body: Row) -> tuple[str, Row]:
        """Returns the path and body for a new carrier. Each kind of key has one path that sets both
        owners. On /VoipCarriers a service provider's key creates an orphan that it cannot see; on
        the other key's path it gets a 500."""
        scope = self.scope
        if scope.key == "account":
            return f"/Accounts/{scope.account_sid}/VoipCarriers", body
        return (
            f"/ServiceProviders/{scope.service_provider_sid}/VoipCarriers",
            {**body, "account_sid": scope.account_sid},
        )

    def _change(self, spec: CarrierSpec, body: Row, fields: list[str], sid: str) -> Step:
        doing = f"change {', '.join(fields)} of carrier {spec.name}"

        def write() -> bool:
            # Sends the whole body, because jambonz validates a partial one against a row from its
            # cache.
            self.client.change(f"/VoipCarriers/{sid}", body, doing)
            return True

        def run(refs: ExternalIds) -> ExternalIds:
            write_and_verify(write, lambda: self._has_become(sid, body, doing))
            return refs

        return Step(f"{doing} on jambonz", run)

    def _has_become(self, sid: str, body: Row, doing: str) -> bool | None:
        """Returns True if the carrier has the desired fields, else None. Raises Unavailable if it
        is gone, for which an account's key gets a 500 and other keys a 404."""
        row = self._by_sid(sid)
        if row is None:
            raise Unavailable(f"jambonz could not {doing}: it has just been removed there.")
        return True if not differing_carrier_fields(body, row) else None

    # ------------------------------------------------------------------------------- removal

    def plan_removal(self, spec: CarrierSpec, observed: ObservedState) -> list[Step]:
        if observed.state is None:
            return []
        state: CarrierState = observed.state
        doing = f"delete carrier {spec.name}"

        def run(refs: ExternalIds) -> ExternalIds:
            self._delete(state.row["voip_carrier_sid"], state.gateways, doing)
            return {}

        twins = [self._remove_twin(spec, twin) for twin in state.twins]
        return [*twins, Step(f"{doing} and its gateways on jambonz", run)]

    def _remove_twin(self, spec: CarrierSpec, twin: Row) -> Step:
        doing = f"delete a second carrier {spec.name}"
        sid = twin["voip_carrier_sid"]

        def run(refs: ExternalIds) -> ExternalIds:
            self._delete(sid, self.gateways.rows(sid), doing)
            return refs

        return Step(f"{doing} on jambonz", run)

    def _delete(self, sid: str, gateways: list[Row], doing: str) -> None:
        """Deletes the carrier, after checking again that it is ours and that no call route uses it.
        jambonz itself checks routes only after it has deleted the gateways."""
        if self._by_sid(sid) is None:
            return
        self._refuse_if_routed(sid, doing)
        try:
            self.client.remove(f"/VoipCarriers/{sid}", doing)
        except Rejected as error:
            self._explain(error, sid, gateways, doing)

    def _explain(self, error: Rejected, sid: str, gateways: list[Row], doing: str) -> None:
        if error.status == 422 and "phone numbers" in error.words:
            raise Refused(
                f"jambonz did not {doing}: it still carries numbers there. Remove them first, or "
                "give them another carrier."
            ) from None
        if error.status < 500:
            raise error
        if self._by_sid(sid) is not None:
            # Call routes of other owners are not visible to us, so the check before may have missed
            # one.
            self.gateways.restore(sid, gateways)
            raise error

    def _refuse_if_routed(self, sid: str, doing: str) -> None:
        for lcr in self.client.rows("/Lcrs", "list call routes"):
            routes = self.client.rows("/LcrRoutes", "list call routes", lcr_sid=lcr["lcr_sid"])
            entries = [e for route in routes for e in route.get("lcr_carrier_set_entries") or []]
            if any(entry["voip_carrier_sid"] == sid for entry in entries):
                raise Refused(
                    f"jambonz would not {doing} cleanly: the outbound call routing "
                    f"{lcr['name'] or lcr['lcr_sid']} uses it. Take it out there first."
                )

    # ----------------------------------------------------------------------------- inventory

    def inventory(self, account_sid: str) -> Iterator[InventoryItem]:
        """Yields the account's own carriers, and those that its service provider shares with all
        accounts."""
        for row in self.client.rows("/VoipCarriers", "list carriers", account_sid=account_sid):
            refs = {"voip_carrier_sid": row["voip_carrier_sid"]}
            yield InventoryItem("carrier", row["name"], refs, ours=MARKER_PREFIX in row["name"])
