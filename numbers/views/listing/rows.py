"""The rows of the list: what is shown beside each number, asked for the whole page at once."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.ledger.history import integration_holds
from integrations.runtime import availability
from numbers.inventory import history
from numbers.inventory.allowed_actions import WORKING, status_text
from numbers.inventory.integration_visibility import told_to
from numbers.models import PhoneNumber, Placement
from numbers.numbering import countries, e164
from organizations.models import Organization

Status = PhoneNumber.Status


def with_relations(numbers: QuerySet[PhoneNumber]) -> QuerySet[PhoneNumber]:
    return numbers.select_related("carrier").prefetch_related("placements__integration")


def dress(organization: Organization, numbers: Sequence[PhoneNumber]) -> None:
    """Gives each row `pretty`, `pill` and `state` (its colour and its words), `reason`, `moves`,
    `country`, `agent` and `platforms`."""
    reasons = reasons_of(organization, [number for number in numbers if is_moving(number)])
    names = names_of_agents(organization, [number.inbound_agent_id for number in numbers])
    for number in numbers:
        number.pretty = e164.written(number.e164)
        number.country = countries.country(countries.calling_code(number.e164[1:]) or 0)
        number.agent = names.get(number.inbound_agent_id, number.inbound_agent_id)
        number.platforms = platforms_of(organization, number)
        dress_status(number, reasons)


def platforms_of(organization: Organization, number: PhoneNumber) -> list[str]:
    there = [placement.integration for placement in number.placements.all()]
    return sorted({told_to(organization, integration) for integration in there})


def dress_status(number: PhoneNumber, reasons: dict) -> None:
    number.moves = is_moving(number)
    number.state = status_text(number)
    number.pill = Status.PENDING if is_leaving(number) else number.status
    number.reason = number.error_message or ""
    if number.moves:
        number.reason = reasons.get(number.pk) or number.reason or held_back(number)
    if number.status == Status.PENDING:
        number.reason = number.reason or soon()


def soon() -> str:
    return availability.now().sentence or _("Its turn comes within seconds.")


def held_back(number: PhoneNumber) -> str:
    """What keeps its platforms from being asked, as the page of the number tells it."""
    there = [p for p in number.placements.all() if p.state != Placement.State.REMOVED]
    pending = [p for p in there if p.state == Placement.State.PENDING]
    for placement in pending or there:
        if reason := integration_holds(placement.integration):
            own = placement.integration.organization_id == number.organization_id
            return reason if own else _("Waits for the installation's platform.")
    return availability.now().sentence if there else ""


def is_leaving(number: PhoneNumber) -> bool:
    return number.status == Status.DELETED and number.released_at is None


def is_moving(number: PhoneNumber) -> bool:
    """Something is open: the row will change by itself."""
    switching = number.status in WORKING and number.wanted != number.status
    return number.status == Status.PENDING or switching or is_leaving(number)


def reasons_of(organization: Organization, numbers: Sequence[PhoneNumber]) -> dict:
    if not numbers:
        return {}
    moving = organization.phone_numbers.filter(pk__in=[number.pk for number in numbers])
    return dict(history.with_open_reason(moving).values_list("pk", "open_reason"))


def names_of_agents(organization: Organization, agent_ids: Iterable[str | None]) -> dict:
    ids = set(filter(None, agent_ids))
    if not ids:
        return {}
    return dict(organization.agents.filter(agent_id__in=ids).values_list("agent_id", "name"))
