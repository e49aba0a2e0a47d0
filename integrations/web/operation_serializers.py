"""Operations and platform calls as JSON."""

from typing import Any

from integrations.ledger.history import (
    operation_wait_reason,
    uses_own_integration,
)
from integrations.models import Operation, ProviderCall


def serialize_operation(asked: Operation) -> dict[str, Any]:
    is_open = asked.status == Operation.Status.OPEN
    return {
        "id": asked.id,
        "wish": asked.wish,
        "subject_kind": asked.subject_kind,
        "subject_id": asked.subject_id,
        "subject": asked.subject_label,
        "status": asked.status,
        "outcome": asked.outcome or None,
        "reason": asked.reason or None,
        "waits_for": operation_wait_reason(asked) or None,
        "attempts": asked.attempts,
        "next_attempt_at": asked.next_attempt_at if is_open else None,
        "integration_id": asked.integration.public_id if uses_own_integration(asked) else None,
        "asked_by": asked.asked_by,
        "created_at": asked.created_at,
        "settled_at": asked.settled_at,
    }


def serialize_platform_call(call: ProviderCall) -> dict[str, Any]:
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
