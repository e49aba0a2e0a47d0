"""Shared parts of the admin pages that show operations."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from integrations.ledger import history
from organizations.models import Event

# Apps that depend on this one register here the URL of a subject's admin page, by the subject's id.
subject_admin_urls: dict[str, Callable[[UUID], str]] = {}


def merge_timeline(
    chapters: Iterable[history.HistoryEntry], events: Iterable[Event]
) -> list[tuple[datetime, history.HistoryEntry | None, Event | None]]:
    """Returns operations and audit events as one list, newest first."""
    asked = [(chapter.operation.created_at, chapter, None) for chapter in chapters]
    told = [(event.at, None, event) for event in events]
    return sorted([*asked, *told], key=lambda entry: entry[0], reverse=True)
