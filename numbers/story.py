"""The story of a number, over all of its placements."""

from integrations.story import CALLS_PER_OPERATION, Chapter, chapters
from numbers.models import PhoneNumber


def story(
    number: PhoneNumber, *, limit: int = 50, calls_each: int = CALLS_PER_OPERATION
) -> list[Chapter]:
    """Its operations, newest first, with their calls and what they wait for."""
    placements = number.placements.values_list("pk", flat=True)
    return chapters("placement", list(placements), limit=limit, calls_each=calls_each)
