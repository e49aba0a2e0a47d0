"""A number's story as JSON: what was wished, what was tried, what the platform said, what comes
next."""

from typing import Any

from integrations.api import operations
from integrations.ledger.history import Chapter
from numbers.inventory.history import story
from numbers.models import PhoneNumber


def represent_story(number: PhoneNumber) -> list[dict[str, Any]]:
    """Newest wish first; bodies of calls are redacted before they are stored."""
    return [represent(chapter) for chapter in story(number)]


def represent(chapter: Chapter) -> dict[str, Any]:
    """Where the carrier is the installation's, its account is another organization's affair: the
    reader learns what came of it, not what was said there."""
    own = operations.is_own(chapter.operation)
    calls = [operations.represent_call(call) for call in chapter.calls if own]
    return {**operations.represent(chapter.operation), "calls": calls}
