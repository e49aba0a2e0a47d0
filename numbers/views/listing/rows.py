"""The additional data of the list's rows, queried once for the whole page."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.ledger.history import integration_wait_reason
from integrations.runtime import availability
from numbers.inventory import history
from numbers.inventory.allowed_actions import (
    SWITCHABLE_STATUSES,
    is_pending_removal,
    status_text,
)
from numbers.inventory.integration_visibility import visible_integration_name
from numbers.models import PhoneNumber, Placement
from numbers.numbering import countries, e164
from organizations.models import Organization

Status = PhoneNumber.Status


def with_relations(numbers: QuerySet[PhoneNumber]) -> QuerySet[PhoneNumber]:
    return numbers.select_related("carrier").prefetch_related("placements__integration")


def annotate_number_rows(organization: Organization, numbers: Sequence[PhoneNumber]) -> None:
    """Sets `pretty`, `pill` and `state` (colour and label), `reason`, `moves`, `country`, `agent`
    and `platforms` on each row."""
    reasons = open_operation_reasons(
        organization, [number for number in numbers if is_changing(number)]
    )
    names = agent_names(organization, [number.inbound_agent_id for number in numbers])
    for number in numbers:
        number.pretty = e164.format_display_number(number.e164)
        number.country = countries.calling_code_country(
            countries.calling_code(number.e164[1:]) or 0
        )
        number.agent = names.get(number.inbound_agent_id, number.inbound_agent_id)
        number.platforms = integration_labels(organization, number)
        annotate_number_status(number, reasons)


def integration_labels(organization: Organization, number: PhoneNumber) -> list[str]:
    there = [placement.integration for placement in number.placements.all()]
    return sorted({visible_integration_name(organization, integration) for integration in there})


def annotate_number_status(number: PhoneNumber, reasons: dict) -> None:
    number.moves = is_changing(number)
    number.state = status_text(number)
    number.pill = Status.PENDING if is_pending_removal(number) else number.status
    number.reason = number.error_message or ""
    if number.moves:
        number.reason = reasons.get(number.pk) or number.reason or waiting_reason(number)
    if number.status == Status.PENDING:
        number.reason = number.reason or queue_message()


def queue_message() -> str:
    return availability.current_availability().sentence or _("Its turn comes within seconds.")


def waiting_reason(number: PhoneNumber) -> str:
    """Returns why no platform is being called for the number, as its page shows it, or an empty
    string."""
    there = [p for p in number.placements.all() if p.state != Placement.State.REMOVED]
    pending = [p for p in there if p.state == Placement.State.PENDING]
    for placement in pending or there:
        if reason := integration_wait_reason(placement.integration):
            own = placement.integration.organization_id == number.organization_id
            return reason if own else _("Waits for the installation's platform.")
    return availability.current_availability().sentence if there else ""


def is_changing(number: PhoneNumber) -> bool:
    """Returns whether an operation is open, so that the row will change without user action."""
    switching = number.status in SWITCHABLE_STATUSES and number.wanted != number.status
    return number.status == Status.PENDING or switching or is_pending_removal(number)


def open_operation_reasons(organization: Organization, numbers: Sequence[PhoneNumber]) -> dict:
    if not numbers:
        return {}
    moving = organization.phone_numbers.filter(pk__in=[number.pk for number in numbers])
    return dict(history.annotate_open_reason(moving).values_list("pk", "open_reason"))


def agent_names(organization: Organization, agent_ids: Iterable[str | None]) -> dict:
    ids = set(filter(None, agent_ids))
    if not ids:
        return {}
    return dict(organization.agents.filter(agent_id__in=ids).values_list("agent_id", "name"))
