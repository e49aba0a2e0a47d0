"""The states of a number: one table of legal moves, one function that moves.

pending ──▶ active ◀──▶ inactive        any ──▶ deleted (a tombstone)
  │ ▲  │                  ▲ │
  │ │  └──────────────────┘ │           one that is wanted inactive is never active in between
  │ └───────────────────────┘           one that was only recorded moves in
  ▼
failed ──▶ pending
"""

from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from numbers.models import PhoneNumber

Status = PhoneNumber.Status

ALLOWED_TRANSITIONS: dict[str, frozenset[str]] = {
    Status.PENDING: frozenset({Status.ACTIVE, Status.INACTIVE, Status.FAILED, Status.DELETED}),
    Status.ACTIVE: frozenset({Status.INACTIVE, Status.DELETED}),
    Status.INACTIVE: frozenset({Status.ACTIVE, Status.PENDING, Status.DELETED}),
    Status.FAILED: frozenset({Status.PENDING, Status.DELETED}),
    Status.DELETED: frozenset(),
}


def source_statuses(target: str) -> list[str]:
    """The states from which `target` may be reached."""
    return [state for state, targets in ALLOWED_TRANSITIONS.items() if target in targets]


def transition_number(number_id: Any, *, to: str, **fields: Any) -> bool:
    """Compare-and-set: True when the number was in a state that leads to `to`, and is there now.

    `fields` are written in the same UPDATE. The version goes up, as with every change.
    """
    row = PhoneNumber.objects.filter(pk=number_id, status__in=source_statuses(to))
    return bool(row.update(status=to, version=F("version") + 1, updated_at=Now(), **fields))


def update_number_fields(number_id: Any, **fields: Any) -> None:
    """Write fields that are no state; the version goes up."""
    row = PhoneNumber.objects.filter(pk=number_id)
    row.update(version=F("version") + 1, updated_at=Now(), **fields)
