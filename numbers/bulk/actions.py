"""How one row of a batch is done, per action. Each function calls one operation."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from numbers.bulk.imports import check
from numbers.inventory.operations import change_number, delete_number, retry_number
from numbers.inventory.reservation import NumberStateConflict
from numbers.models import Batch, BatchRow, PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.models import Event

Result = BatchRow.Fate
RowOutcome = Result | None  # None: as it was wished
RowAction = Callable[[Principal, Batch, BatchRow], RowOutcome]


def change_row_number(
    by: Principal, row: BatchRow, key: str, column: str, value: Any
) -> RowOutcome:
    """`row.before` is what really was, for an undo; what somebody else has written since a batch
    is not undone."""
    was: dict[str, Any] = {}

    def look(number: PhoneNumber) -> None:
        was[key] = getattr(number, column)
        if was[key] != value:
            ensure_not_changed_since(by, row, was[key])

    wished = {"status" if column == "wanted" else column: value}
    change_number(by, row.phone_number_id, look=look, **wished)
    if was[key] == value:
        return Result.UNCHANGED
    row.before = was
    if column == "wanted":
        row.before["event"] = status_change_events(by, row).values_list("pk", flat=True).first()
    return None


def ensure_not_changed_since(by: Principal, row: BatchRow, now: Any) -> None:
    """Of an undo; the number is locked. A switch that was switched back and forth looks as if
    nothing had happened, hence the audit log. Raises NumberStateConflict."""
    since = row.values.get("since")
    is_newer = since is not None and status_change_events(by, row).filter(pk__gt=since).exists()
    if is_newer or row.values.get("was", now) != now:
        raise NumberStateConflict(_("It was changed since: nothing is undone."))


def status_change_events(by: Principal, row: BatchRow) -> QuerySet[Event]:
    """What askers wished of the number, newest first; a settlement tells of itself otherwise."""
    told = by.organization.events.filter(
        subject_kind="phone_number",
        subject_id=row.phone_number_id,
        action="phone_number.changed",
    )
    return told.exclude(before__wanted=F("after__wanted")).order_by("-pk")


def activate_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    return change_row_number(by, row, "status", "wanted", PhoneNumber.Status.ACTIVE)


def deactivate_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    return change_row_number(by, row, "status", "wanted", PhoneNumber.Status.INACTIVE)


def label_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    return change_row_number(by, row, "label", "label", row.values["label"])


def assign_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    return change_row_number(by, row, "agent_id", "inbound_agent_id", row.values["agent_id"])


def retry_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    retry_number(by, row.phone_number_id)
    return None


def delete_row(by: Principal, batch: Batch, row: BatchRow) -> RowOutcome:
    """Given back is what an account supplies, if the batch asks for it."""
    placements = by.organization.placements.filter(phone_number_id=row.phone_number_id)
    supplied = placements.filter(role=Placement.Role.SUPPLY)
    release = bool(batch.options.get("release")) and supplied.exists()
    delete_number(by, row.phone_number_id, release=release)
    row.values = {"release": release}
    return None


ROW_ACTIONS: dict[str, RowAction] = {
    "activate": activate_row,
    "deactivate": deactivate_row,
    "label": label_row,
    "assign": assign_row,
    "retry": retry_row,
    "delete": delete_row,
    "import": check.execute_import_row,
}
