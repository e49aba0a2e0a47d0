"""The timeline of a number, which merges audit events and operations on platforms."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.ledger.history import (
    HistoryEntry,
    build_history,
    operation_wait_reason,
    uses_own_integration,
)
from integrations.models import Operation
from numbers.models import PhoneNumber
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.models import Event

ENTRIES, CALLS_EACH = 20, 12
OperationStatus, Status = Operation.Status, PhoneNumber.Status

EVENT_TITLES = {
    "created": (gettext_lazy("Added"), ""),
    "changed": (gettext_lazy("Changed"), ""),
    "retried": (gettext_lazy("Asked to try again"), ""),
    "repaired": (gettext_lazy("Asked to mend it on its platform"), ""),
    "merged": (gettext_lazy("Asked to merge the duplicates"), ""),
    "deleted": (gettext_lazy("Deleted"), ""),
    "activated": (gettext_lazy("Active now"), "good"),
    "deactivated": (gettext_lazy("Inactive now"), ""),
    "failed": (gettext_lazy("Failed"), "bad"),
    "change_refused": (gettext_lazy("The change was refused"), "bad"),
    "removal_refused": (gettext_lazy("The removal was refused"), "bad"),
    "released": (gettext_lazy("Gone from its platforms"), ""),
}
SWITCH_TITLES = {
    Status.ACTIVE: gettext_lazy("Asked to switch it on"),
    Status.INACTIVE: gettext_lazy("Asked to switch it off"),
}
TONES = {OperationStatus.DONE: "good", OperationStatus.REFUSED: "bad", OperationStatus.OPEN: "busy"}
COLUMN_LABELS = {
    "carrier": gettext_lazy("carrier"),
    "wanted": gettext_lazy("wanted status"),
    "reason": gettext_lazy("reason"),
    "released": gettext_lazy("given back"),
}


@dataclass(frozen=True)
class TimelineEntry:
    """One entry. Either `event` or `chapter` (a HistoryEntry) holds the details."""

    at: datetime
    title: str
    tone: str  # good | bad | busy | ""
    event: Event | None = None
    changes: Sequence[tuple[str, Any, Any]] = ()
    chapter: HistoryEntry | None = None
    is_own: bool = True
    waits_for: str = ""


@dataclass(frozen=True)
class Timeline:
    """One page, newest first. `older` is the cursor of the next page."""

    entries: list[TimelineEntry] = field(default_factory=list)
    older: str = ""


def build_timeline(
    by: Principal, number: PhoneNumber, placement_ids: Sequence[UUID], *, before: str = ""
) -> Timeline:
    """Returns a page of the timeline. The number of queries is constant, however long the history
    is."""
    operations = by.organization.operations.filter(
        subject_kind="placement", subject_id__in=placement_ids
    ).select_related("integration", "waits_for")
    events = by.organization.events.filter(subject_kind="phone_number", subject_id=number.pk)
    if moment := parse_cursor_time(before):
        operations, events = operations.filter(created_at__lt=moment), events.filter(at__lt=moment)
    asked = list(operations.order_by("-created_at")[: ENTRIES + 1])
    done = list(events.order_by("-id")[: ENTRIES + 1]) if can_read_events(by) else []
    moments = sorted([*(o.created_at for o in asked), *(e.at for e in done)], reverse=True)
    least = moments[ENTRIES - 1] if len(moments) > ENTRIES else None
    if least:
        asked = [operation for operation in asked if operation.created_at >= least]
        done = [event for event in done if event.at >= least]
    entries = [
        *map(operation_entry, build_history(asked, calls_each=CALLS_EACH)),
        *map(event_entry, done),
    ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return Timeline(entries, least.isoformat() if least else "")


def can_read_events(by: Principal) -> bool:
    return by.can(Permission.EVENTS_READ)


def parse_cursor_time(text: str) -> datetime | None:
    """Returns the time of a cursor, or None if it is invalid."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return None if moment is None or is_naive(moment) else moment


def operation_entry(chapter: HistoryEntry) -> TimelineEntry:
    operation = chapter.operation
    own = uses_own_integration(operation)
    platform = operation.integration.name if own else _("the installation's platform")
    words = {"wish": operation.get_wish_display().capitalize(), "platform": platform}
    return TimelineEntry(
        operation.created_at,
        _("%(wish)s on %(platform)s") % words,
        TONES.get(operation.status, ""),
        chapter=chapter,
        is_own=own,
        waits_for=operation_wait_reason(operation),
    )


def event_entry(event: Event) -> TimelineEntry:
    action = event.action.rpartition(".")[2]
    title, tone = EVENT_TITLES.get(action, (event.action, ""))
    changes = event_changes(event)
    if action == "changed" and "wanted" in changes:
        title = SWITCH_TITLES.get(event.after["wanted"], title)
        del changes["wanted"]
    told_of = [(column_label(name), *values) for name, values in changes.items()]
    return TimelineEntry(event.at, str(title), tone, event=event, changes=told_of)


def event_changes(event: Event) -> dict[str, tuple[Any, Any]]:
    """Returns the old and new values of the fields that changed, without the status, which is in
    the title. Fields without an old value are omitted."""
    return {
        name: (display_value(name, event.before[name]), display_value(name, value))
        for name, value in event.after.items()
        if name in event.before and event.before[name] != value and name != "status"
    }


def display_value(column: str, value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return Status(value).label if column == "wanted" and value in Status.values else value


def column_label(column: str) -> str:
    if column in COLUMN_LABELS:
        return str(COLUMN_LABELS[column])
    known = {column.name: column.verbose_name for column in PhoneNumber._meta.concrete_fields}
    return str(known.get(column, column))
