"""A number's story as JSON: what was wished, what was tried, what the platform said, what comes
next."""

from typing import Any

from integrations.models import ProviderCall
from integrations.story import Chapter
from numbers.models import PhoneNumber
from numbers.story import story


def represent_story(number: PhoneNumber) -> list[dict[str, Any]]:
    """Newest wish first; bodies of calls are redacted before they are stored."""
    return [represent(chapter) for chapter in story(number)]


def represent(chapter: Chapter) -> dict[str, Any]:
    operation = chapter.operation
    return {
        "id": operation.id,
        "wish": operation.wish,
        "status": operation.status,
        "outcome": operation.outcome or None,
        "reason": operation.reason or None,
        "waits_for": chapter.waits_for or None,
        "attempts": operation.attempts,
        "next_attempt_at": operation.next_attempt_at if operation.status == "open" else None,
        "integration_id": operation.integration.public_id,
        "asked_by": operation.asked_by,
        "created_at": operation.created_at,
        "settled_at": operation.settled_at,
        "calls": [represent_call(call) for call in chapter.calls],
    }


def represent_call(call: ProviderCall) -> dict[str, Any]:
    return {
        "at": call.at,
        "attempt": call.attempt,
        "method": call.method,
        "url": call.url,
        "status": call.status,
        "duration_ms": call.duration_ms,
        "error": call.error or None,
        "request_body": call.request_body,
        "response_body": call.response_body,
    }
