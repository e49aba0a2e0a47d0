"""A number's story as JSON: what was wished, what was tried, what the platform said, what comes
next."""

from typing import Any

from integrations.api import operations
from integrations.ledger.history import HistoryEntry
from numbers.inventory.history import build_number_history
from numbers.models import PhoneNumber


def serialize_number_history(number: PhoneNumber) -> list[dict[str, Any]]:
    """Newest wish first; bodies of calls are redacted before they are stored."""
    return [serialize_history_entry(chapter) for chapter in build_number_history(number)]


def serialize_history_entry(chapter: HistoryEntry) -> dict[str, Any]:
    """Where the carrier is the installation's, its account is another organization's affair: the
    reader learns what came of it, not what was said there."""
    own = operations.uses_own_integration(chapter.operation)
    calls = [operations.serialize_platform_call(call) for call in chapter.calls if own]
    return {**operations.serialize_operation(chapter.operation), "calls": calls}
