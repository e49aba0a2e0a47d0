"""A number's story as JSON: what was wished, what was tried, what the platform said, what comes
next."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.models import ProviderCall
from integrations.story import Chapter
from numbers.models import PhoneNumber
from numbers.story import story


def represent_story(number: PhoneNumber) -> list[dict[str, Any]]:
    """Newest wish first; bodies of calls are redacted before they are stored."""
    return [represent(chapter, number.organization_id) for chapter in story(number)]


def represent(chapter: Chapter, organization_id: UUID) -> dict[str, Any]:
    """Where the carrier is the installation's, its account is another organization's affair: the
    reader learns what came of it, not what was said there."""
    operation = chapter.operation
    own = operation.integration.organization_id == organization_id
    holds = chapter.waits_for
    if holds and not own and not operation.waits_for:
        holds = _("Waits for the platform of the installation.")
    return {
        "id": operation.id,
        "wish": operation.wish,
        "status": operation.status,
        "outcome": operation.outcome or None,
        "reason": operation.reason or None,
        "waits_for": holds or None,
        "attempts": operation.attempts,
        "next_attempt_at": operation.next_attempt_at if operation.status == "open" else None,
        "integration_id": operation.integration.public_id if own else None,
        "asked_by": operation.asked_by,
        "created_at": operation.created_at,
        "settled_at": operation.settled_at,
        "calls": [represent_call(call) for call in chapter.calls if own],
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
