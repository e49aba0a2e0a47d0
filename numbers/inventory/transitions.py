"""Statuses of a number: one table of allowed transitions, and one function that makes them.

pending ──▶ active ◀──▶ inactive        any ──▶ deleted (a soft deletion)
  │ ▲  │                  ▲ │
  │ │  └──────────────────┘ │           added as inactive, and never active in between
  │ └───────────────────────┘           was only recorded, and is set up on a platform now
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
    """Returns the statuses from which `target` can be reached."""
    return [state for state, targets in ALLOWED_TRANSITIONS.items() if target in targets]


def transition_number(number_id: Any, *, to: str, **fields: Any) -> bool:
    """Changes the status by compare-and-set. Returns True if the number had a status that allows
    `to`.

    Writes `fields` in the same UPDATE and increments the version, as every change does.
    """
    row = PhoneNumber.objects.filter(pk=number_id, status__in=source_statuses(to))
    return bool(row.update(status=to, version=F("version") + 1, updated_at=Now(), **fields))


def update_number_fields(number_id: Any, **fields: Any) -> None:
    """Writes fields other than the status and increments the version."""
    row = PhoneNumber.objects.filter(pk=number_id)
    row.update(version=F("version") + 1, updated_at=Now(), **fields)
