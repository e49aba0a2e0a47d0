"""A number's story as JSON: what was wished, what was tried, what the platform said, what comes
next."""

from typing import Any

from integrations.api import ledger
from integrations.story import Chapter
from numbers.models import PhoneNumber
from numbers.story import story


def represent_story(number: PhoneNumber) -> list[dict[str, Any]]:
    """Newest wish first; bodies of calls are redacted before they are stored."""
    return [represent(chapter) for chapter in story(number)]


def represent(chapter: Chapter) -> dict[str, Any]:
    """Where the carrier is the installation's, its account is another organization's affair: the
    reader learns what came of it, not what was said there."""
    own = ledger.is_own(chapter.operation)
    calls = [ledger.represent_call(call) for call in chapter.calls if own]
    return {**ledger.represent(chapter.operation), "calls": calls}
