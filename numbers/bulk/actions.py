"""How one row of a batch is done, per action. Each function calls one operation."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from numbers.bulk.imports import check
from numbers.inventory.operations import change_number, delete_number, retry_number
from numbers.inventory.reservation import NotPossibleNow
from numbers.models import Batch, BatchRow, PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.models import Event

Fate = BatchRow.Fate
Done = Fate | None  # None: as it was wished
Doing = Callable[[Principal, Batch, BatchRow], Done]


def change(by: Principal, row: BatchRow, key: str, column: str, value: Any) -> Done:
    """`row.before` is what really was, for an undo; what somebody else has written since a batch
    is not undone."""
    was: dict[str, Any] = {}

    def look(number: PhoneNumber) -> None:
        was[key] = getattr(number, column)
        if was[key] != value:
            refuse_changed_since(by, row, was[key])

    wished = {"status" if column == "wanted" else column: value}
    change_number(by, row.phone_number_id, look=look, **wished)
    if was[key] == value:
        return Fate.UNCHANGED
    row.before = was
    if column == "wanted":
        row.before["event"] = switches(by, row).values_list("pk", flat=True).first()
    return None


def refuse_changed_since(by: Principal, row: BatchRow, now: Any) -> None:
    """Of an undo; the number is locked. A switch that was switched back and forth looks as if
    nothing had happened, hence the audit log. Raises NotPossibleNow."""
    since = row.values.get("since")
    is_newer = since is not None and switches(by, row).filter(pk__gt=since).exists()
    if is_newer or row.values.get("was", now) != now:
        raise NotPossibleNow(_("It was changed since: nothing is undone."))


def switches(by: Principal, row: BatchRow) -> QuerySet[Event]:
    """What askers wished of the number, newest first; a settlement tells of itself otherwise."""
    told = by.organization.events.filter(
        subject_kind="phone_number",
        subject_id=row.phone_number_id,
        action="phone_number.changed",
    )
    return told.exclude(before__wanted=F("after__wanted")).order_by("-pk")


def activate(by: Principal, batch: Batch, row: BatchRow) -> Done:
    return change(by, row, "status", "wanted", PhoneNumber.Status.ACTIVE)


def deactivate(by: Principal, batch: Batch, row: BatchRow) -> Done:
    return change(by, row, "status", "wanted", PhoneNumber.Status.INACTIVE)


def label(by: Principal, batch: Batch, row: BatchRow) -> Done:
    return change(by, row, "label", "label", row.values["label"])


def assign(by: Principal, batch: Batch, row: BatchRow) -> Done:
    return change(by, row, "agent_id", "inbound_agent_id", row.values["agent_id"])


def retry(by: Principal, batch: Batch, row: BatchRow) -> Done:
    retry_number(by, row.phone_number_id)
    return None


def delete(by: Principal, batch: Batch, row: BatchRow) -> Done:
    """Given back is what an account supplies, if the batch asks for it."""
    placements = by.organization.placements.filter(phone_number_id=row.phone_number_id)
    supplied = placements.filter(role=Placement.Role.SUPPLY)
    release = bool(batch.options.get("release")) and supplied.exists()
    delete_number(by, row.phone_number_id, release=release)
    row.values = {"release": release}
    return None


DOING: dict[str, Doing] = {
    "activate": activate,
    "deactivate": deactivate,
    "label": label,
    "assign": assign,
    "retry": retry,
    "delete": delete,
    "import": check.take_in,
}
