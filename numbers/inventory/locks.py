"""Locks on numbers and on the agents they name. integrations/ledger/locks.py defines the order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from carriers.models import Carrier
from integrations.ledger.locks import lock_names, lock_open_operations
from integrations.models import Operation
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal

AGENT_COLUMNS = ("inbound_agent_id", "outbound_agent_id")  # columns of a number that name an agent
LockedNumber = tuple[PhoneNumber, list[tuple[Placement, Operation | None]]]


def lock_agent_ids(by: Principal, *agent_ids: str | None) -> None:
    """Locks these agent ids until the transaction ends, so that no other transaction can add,
    change or delete agents with them. The agents need not exist. Pass all ids in one call, before a
    number is locked or added, because a change of an agent locks its id first and then its
    numbers."""
    lock_names(by.organization.pk, "agent", filter(None, agent_ids))


def lock_named_agents(by: Principal, *columns: Mapping[str, Any]) -> None:
    """Locks the ids of the agents that these columns of numbers name, as `lock_agent_ids` does."""
    lock_agent_ids(by, *(each.get(name) for each in columns for name in AGENT_COLUMNS))


def lock_number(by: Principal, number_id: UUID) -> LockedNumber:
    """Locks the number until the transaction ends. Returns it with its placements and their open
    operations, supply before voice. Raises DoesNotExist."""
    for found in lock_numbers(by, [number_id]):
        return found
    raise PhoneNumber.DoesNotExist


def lock_numbers(by: Principal, number_ids: Iterable[UUID]) -> list[LockedNumber]:
    """Locks several numbers as `lock_number` does, in the order of their ids. Skips numbers of
    other organizations."""
    rows = by.organization.phone_numbers.select_for_update(no_key=True)
    numbers = list(rows.filter(pk__in=number_ids).order_by("pk"))
    lock_failed_number_carriers(numbers)
    rows = by.organization.placements.filter(phone_number__in=numbers)
    placements = list(rows.select_related("integration").order_by("role"))
    operations = lock_open_operations("placement", [placement.pk for placement in placements])
    held = {number.pk: [] for number in numbers}
    for placement in placements:
        held[placement.phone_number_id].append((placement, operations.get(placement.pk)))
    return [(number, held[number.pk]) for number in numbers]


def lock_failed_number_carriers(numbers: Sequence[PhoneNumber]) -> None:
    """Locks the carriers of failed numbers. A change may set up such a number again, and its
    operation then depends on the carrier's, which must not settle in the meantime."""
    again = PhoneNumber.Status.FAILED
    failed = [each for each in numbers if each.carrier_id and each.status == again]
    if failed:
        rows = Carrier.objects.select_for_update(no_key=True).order_by("pk")
        carriers = rows.in_bulk({number.carrier_id for number in failed})
        lock_open_operations("carrier", list(carriers))
        for number in failed:
            number.carrier = carriers[number.carrier_id]
