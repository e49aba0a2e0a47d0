"""The history of a number as JSON: requested actions, attempts, responses of platforms, and next
steps."""

from typing import Any

from integrations.ledger.history import HistoryEntry, uses_own_integration
from integrations.web.operation_serializers import (
    serialize_operation,
    serialize_platform_call,
)
from numbers.inventory.history import build_number_history
from numbers.models import PhoneNumber


def serialize_number_history(number: PhoneNumber) -> list[dict[str, Any]]:
    """Returns the history, latest operation first. Bodies of platform calls were redacted before
    they were stored."""
    return [serialize_history_entry(chapter) for chapter in build_number_history(number)]


def serialize_history_entry(chapter: HistoryEntry) -> dict[str, Any]:
    """Returns one entry. For an integration of another organization (of a shared carrier) the
    platform calls are omitted, and only the result is shown."""
    own = uses_own_integration(chapter.operation)
    calls = [serialize_platform_call(call) for call in chapter.calls if own]
    return {**serialize_operation(chapter.operation), "calls": calls}
