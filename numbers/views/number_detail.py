"""The page of a number: what it is, how it stands and why, its story, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from integrations.ledger.platform_queries import NotConnected, ask_look, last_looks
from integrations.models import Operation
from integrations.runtime import availability
from numbers.api.placements import ids_of, secrets_of
from numbers.inventory.allowed_actions import possible
from numbers.models import Agent, PhoneNumber, Placement
from numbers.numbering.e164 import written
from numbers.views.number_forms import SipFields
from numbers.views.number_state import is_leaving, state_of
from numbers.views.timeline import timeline
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

STOP_POLLING = 286  # htmx swaps the answer, and asks no more


@dataclass(frozen=True)
class Presence:
    """A placement as it is shown; of another organization's account neither name nor ids."""

    placement: Placement
    is_own: bool
    refs: dict[str, str]
    settings: list[tuple[Any, str]]
    secrets: list[Any]
    look: Operation | None


class NumberScreen(OrgScreen):
    """Asked by htmx it answers with the part that moves, or with nothing when nothing did."""

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
        # What is open comes first: what settles meanwhile has moved the number when it is read.
        open_operations = self.open_operations(number_id)
        numbers = self.organization.phone_numbers.select_related("carrier", "created_by")
        number = numbers.get(pk=number_id)
        placements = list(number.placements.select_related("integration").order_by("role"))
        looks = looks_at(self.principal, placements)
        story = timeline(self.principal, number, [p.pk for p in placements], before=before)
        state = state_of(number, placements, open_operations)
        looking = any(look.status == Operation.Status.OPEN for look in looks.values())
        return {
            "number": number,
            "pretty": written(number.e164),
            "state": state,
            "can": (can := possible(number, placements)),
            "can_act": bool(state.retry or can & {"activate", "deactivate", "merge"}),
            "presences": [presence(p, looks.get(p.pk)) for p in placements],
            "agents": self.agents(number),
            "timeline": story,
            "before": before,
            "looking": looking,
            "is_moving": state.is_moving or looking,
            "seen": seen(number, [*open_operations, *looks.values()]),
            "undo": self.request.GET.get("undo") == "activate",
        }

    def open_operations(self, number_id: UUID) -> list[Operation]:
        """The one that another waits for comes first."""
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


def looks_at(by: Any, placements: Sequence[Placement]) -> dict[UUID, Operation]:
    """The newest answer to "what does the platform say now", by placement."""
    looks = last_looks(by, [placement.pk for placement in placements])
    return {UUID(look.question["subject_id"]): look for look in looks}


def presence(placement: Placement, look: Operation | None) -> Presence:
    own = placement.integration.organization_id == placement.organization_id
    labels = {name: field.label for name, field in SipFields.base_fields.items()}
    return Presence(
        placement,
        own,
        refs=ids_of(placement) if own else {},
        settings=[(labels[n], placement.settings[n]) for n in labels if n in placement.settings],
        secrets=[labels[name] for name in secrets_of(placement) or []] if placement.sealed else [],
        look=look,
    )


def seen(number: PhoneNumber, operations: Sequence[Operation]) -> str:
    """Changes whenever the moving part of the page does."""
    parts = [f"{o.status}{o.attempts}{bool(o.lease_until)}{o.generation}" for o in operations]
    phase = availability.now().phase if operations else ""
    return "-".join(filter(None, [str(number.version), *sorted(parts), phase]))


class LookScreen(OrgScreen):
    """Ask the platforms what they hold of the number now; nothing is changed there or here."""

    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    def post(self, request: HttpRequest, number_id: UUID) -> HttpResponse:
        number = self.organization.phone_numbers.get(pk=number_id)
        placements = number.placements.select_related("integration").order_by("role")
        wish = Operation.Wish.REMOVE if is_leaving(number) else Operation.Wish.ENSURE
        living = placements.exclude(state=Placement.State.REMOVED)
        if not living:
            self.warn(_("The number is on no platform."))
        for placement in living:
            self.look(number, placement, wish)
        return self.go("number", number_id=number_id)

    def look(self, number: PhoneNumber, placement: Placement, wish: str) -> None:
        try:
            ask_look(
                self.principal,
                subject_kind="placement",
                subject_id=placement.pk,
                integration=placement.integration,
                label=number.e164,
                refs=placement.refs,
                wish=wish,
            )
        except NotConnected as error:
            self.warn(str(error))
