"""Shares the workers' processes fairly among organizations (ADR 0018).

A slot is one process of a worker. Everything that occupies slots, operations as well as bulk jobs,
registers how many slots each organization occupies, and asks this module which of the waiting items
are next. Only the leading dispatcher asks, so the selection needs no lock. All counts come from the
database.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings

SlotCounter = Callable[[], Mapping[UUID, int]]

_slot_counters: dict[str, SlotCounter] = {}
_turn_counter = count(1)
_last_turn: dict[UUID, int] = {}  # by organization; empty when a dispatcher starts


@dataclass(frozen=True)
class DueItem:
    """An item that is due. `place` orders the items of one organization, lowest first. `lane` is
    what the item queues for besides a slot, for example its integration."""

    id: UUID
    organization_id: UUID
    place: tuple[Any, ...]
    lane: UUID | None = None


class SlotPool:
    """A number of slots, and how many of them each organization occupies."""

    def __init__(self, size: int, in_flight: Mapping[UUID, int]):
        self.held = Counter(in_flight)
        self.free = max(0, size - self.held.total())

    def admits(self, organization_id: UUID) -> bool:
        """Returns whether the organization may occupy one more slot, which requires that more slots
        are free than it occupies. A single organization therefore gets half of the slots, and a
        newcomer finds a free one."""
        return self.free > self.held[organization_id]

    def take(self, organization_id: UUID) -> None:
        self.held[organization_id] += 1
        self.free -= 1


def register_slot_counter(name: str, in_flight: SlotCounter) -> None:
    """Registers a function that returns the number of slots that each organization occupies with
    one kind of work, including what is published but not claimed yet."""
    _slot_counters[name] = in_flight


def current_slot_pool() -> SlotPool:
    """Returns all slots of the installation with their present use."""
    held: Counter[UUID] = Counter()
    for in_flight in _slot_counters.values():
        held.update(in_flight())
    return SlotPool(settings.WORKER_SLOTS, held)


def choose_due_items(
    waiting: Iterable[DueItem], rooms: Sequence[SlotPool], lanes: Mapping[UUID, int] | None = None
) -> list[UUID]:
    """Returns the ids of the items that go now, one organization after the other. The organization
    that occupies the fewest slots comes first, then the one whose last turn is longest ago. Every
    pool in `rooms` must admit an item, and its lane must have capacity left (`lanes`). A lane that
    is missing from `lanes` has no limit."""
    queues: dict[UUID, list[DueItem]] = defaultdict(list)
    for item in sorted(waiting, key=lambda item: item.place):
        queues[item.organization_id].append(item)
    left, chosen = dict(lanes or {}), []
    while item := _next_item(queues, rooms, left):
        queues[item.organization_id].remove(item)
        for each in rooms:
            each.take(item.organization_id)
        if item.lane in left:
            left[item.lane] -= 1
        _last_turn[item.organization_id] = next(_turn_counter)
        chosen.append(item.id)
    return chosen


def _next_item(
    queues: Mapping[UUID, list[DueItem]], rooms: Sequence[SlotPool], left: Mapping[UUID, int]
) -> DueItem | None:
    def turn(organization_id: UUID) -> tuple[int, int]:
        return rooms[0].held[organization_id], _last_turn.get(organization_id, 0)

    for organization_id in sorted(queues, key=turn):
        if all(each.admits(organization_id) for each in rooms):
            free = (item for item in queues[organization_id] if left.get(item.lane, 1) > 0)
            if item := next(free, None):
                return item
    return None
