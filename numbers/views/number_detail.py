"""The page of a number: its data, status and reason, timeline, and possible actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from integrations.ledger.platform_queries import (
    IntegrationUnavailable,
    latest_inspections,
    request_inspection,
)
from integrations.models import Operation
from integrations.runtime import availability
from numbers.inventory.allowed_actions import find_allowed_actions, is_pending_removal
from numbers.inventory.placements import public_external_ids, stored_secret_names
from numbers.models import Agent, PhoneNumber, Placement
from numbers.numbering.e164 import format_display_number
from numbers.views.number_forms import SipFields
from numbers.views.number_state import build_number_state
from numbers.views.timeline import build_timeline
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

STOP_POLLING = 286  # htmx swaps in the response and stops polling


@dataclass(frozen=True)
class PlacementSummary:
    """A placement as the page shows it. For another organization's integration, the name and
    external ids are omitted."""

    placement: Placement
    is_own: bool
    refs: dict[str, str]
    settings: list[tuple[Any, str]]
    secrets: list[Any]
    look: Operation | None


class NumberScreen(OrgScreen):
    """Renders the page. An htmx request gets the part that changes, or no content if nothing
    changed."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        told = self.told(number_id, before=request.GET.get("before", ""))
        if not request.htmx:
            return self.page("numbers/number.html", **told)
        if told["is_moving"] and request.GET.get("seen") == told["seen"]:
            return HttpResponse(status=204)
        status = 200 if told["is_moving"] else STOP_POLLING
        return self.page("numbers/_number_moving.html", status, **told)

    def told(self, number_id: UUID, *, before: str) -> dict[str, Any]:
        # Open operations are read first: if one settles now, the number that is read next has
        # changed.
        open_operations = self.open_operations(number_id)
        numbers = self.organization.phone_numbers.select_related("carrier", "created_by")
        number = numbers.get(pk=number_id)
        placements = list(number.placements.select_related("integration").order_by("role"))
        looks = last_inspections(self.principal, placements)
        story = build_timeline(self.principal, number, [p.pk for p in placements], before=before)
        state = build_number_state(number, placements, open_operations)
        looking = any(look.status == Operation.Status.OPEN for look in looks.values())
        return {
            "number": number,
            "pretty": format_display_number(number.e164),
            "state": state,
            "can": (can := find_allowed_actions(number, placements)),
            "can_act": bool(state.retry or can & {"activate", "deactivate", "merge"}),
            "presences": [summarize_placement(p, looks.get(p.pk)) for p in placements],
            "agents": self.agents(number),
            "timeline": story,
            "before": before,
            "looking": looking,
            "is_moving": state.is_moving or looking,
            "seen": change_token(number, [*open_operations, *looks.values()]),
            "undo": self.request.GET.get("undo") == "activate",
        }

    def open_operations(self, number_id: UUID) -> list[Operation]:
        """Returns the open operations of the number's placements. One that another waits for comes
        before it."""
        placements = self.organization.placements.filter(phone_number_id=number_id)
        rows = self.organization.operations.filter(
            subject_kind="placement",
            subject_id__in=placements.values("pk"),
            status=Operation.Status.OPEN,
        ).select_related("integration", "waits_for")
        return sorted(rows, key=lambda row: row.waits_for_id is not None)

    def agents(self, number: PhoneNumber) -> dict[str, Agent]:
        named = filter(None, [number.inbound_agent_id, number.outbound_agent_id])
        return {a.agent_id: a for a in self.organization.agents.filter(agent_id__in=list(named))}


def last_inspections(by: Any, placements: Sequence[Placement]) -> dict[UUID, Operation]:
    """Returns the latest inspection of each placement, by placement id."""
    looks = latest_inspections(by, [placement.pk for placement in placements])
    return {UUID(look.question["subject_id"]): look for look in looks}


def summarize_placement(placement: Placement, look: Operation | None) -> PlacementSummary:
    own = placement.integration.organization_id == placement.organization_id
    labels = {name: field.label for name, field in SipFields.base_fields.items()}
    return PlacementSummary(
        placement,
        own,
        refs=public_external_ids(placement) if own else {},
        settings=[(labels[n], placement.settings[n]) for n in labels if n in placement.settings],
        secrets=[labels[name] for name in stored_secret_names(placement) or []]
        if placement.sealed
        else [],
        look=look,
    )


def change_token(number: PhoneNumber, operations: Sequence[Operation]) -> str:
    """Returns a text that changes whenever the live part of the page does."""
    parts = [f"{o.status}{o.attempts}{bool(o.lease_until)}{o.generation}" for o in operations]
    phase = availability.current_availability().phase if operations else ""
    return "-".join(filter(None, [str(number.version), *sorted(parts), phase]))


class InspectScreen(OrgScreen):
    """Requests an inspection of the number on its platforms. Nothing is changed, there or in
    Patchbay."""

    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        number = self.organization.phone_numbers.get(pk=number_id)
        placements = number.placements.select_related("integration").order_by("role")
        wish = Operation.Wish.REMOVE if is_pending_removal(number) else Operation.Wish.ENSURE
        living = placements.exclude(state=Placement.State.REMOVED)
        if not living:
            self.warn(_("The number is on no platform."))
        for placement in living:
            self.look(number, placement, wish)
        return self.go("number", number_id=number_id)

    def look(self, number: PhoneNumber, placement: Placement, wish: str) -> None:
        try:
            request_inspection(
                self.principal,
                subject_kind="placement",
                subject_id=placement.pk,
                integration=placement.integration,
                label=number.e164,
                refs=placement.refs,
                wish=wish,
            )
        except IntegrationUnavailable as error:
            self.warn(str(error))
