"""Actions of bulk jobs on one row. Each function calls one operation."""

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
RowOutcome = Result | None  # None: done as requested
RowAction = Callable[[Principal, Batch, BatchRow], RowOutcome]


def change_row_number(
    by: Principal, row: BatchRow, key: str, column: str, value: Any
) -> RowOutcome:
    """Changes one column of the row's number. Stores the previous value in `row.before`, for an
    undo. Returns UNCHANGED if the value is the same, or None. Raises NumberStateConflict if an undo
    would overwrite a later change."""
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
    """Raises NumberStateConflict if the number was changed after the change that this row undoes.
    The number is locked. A status changed back and forth looks unchanged, so the audit log is
    checked."""
    since = row.values.get("since")
    is_newer = since is not None and status_change_events(by, row).filter(pk__gt=since).exists()
    if is_newer or row.values.get("was", now) != now:
        raise NumberStateConflict(_("It was changed since: nothing is undone."))


def status_change_events(by: Principal, row: BatchRow) -> QuerySet[Event]:
    """Returns the status changes requested for the number, newest first. Settlements record other
    events."""
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
    """Deletes the number, and releases it if an account owns it and the job requests that."""
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
