"""Leases of operations, as the worker uses them: claim by compare-and-set, store external ids under
a fencing token, settle exactly once."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from integrations.http.platform_client import WRITE_SECONDS
from integrations.http.rate_limits import MAX_RETRY_AFTER
from integrations.http.response_body import shorten_to_line
from integrations.ledger.locks import in_lock_order, lock_integration, lock_open_operations
from integrations.models import Integration, Operation
from organizations.tenancy import tenant_scope

Outcome, Status = Operation.Outcome, Operation.Status

NOTIFY_CHANNEL = "patchbay_operations"  # NOTIFY wakes the dispatcher; a lost one costs a second
BREAKER_THRESHOLD = 5  # failures in a row that open the circuit breaker
MAX_BREAKER_PAUSE = 30.0  # seconds; then one operation probes whether the platform works again
MAX_BACKOFF = 600.0  # seconds
LOCAL_FAILURE_BACKOFF = 4.0
MAX_REASON_LENGTH = 1000  # reasons may quote a platform's text, which has no length limit
MIN_LEASE_REMAINING = WRITE_SECONDS + 2  # seconds; with less left, a call renews the lease first
# Each query is a subject of its own.
QUERY_ACTIONS = (Operation.Wish.SEARCH, Operation.Wish.DISCOVER, Operation.Wish.LOOK)
QUERY_LIFETIME = timedelta(minutes=2)  # after that, no client waits for the result
LATE_WRITE_DELAY = 5.0  # a write whose response was lost may still take effect this much later
# After this many attempts in a row that ended in an unexpected response, or with the death of their
# worker, the operation is refused. Otherwise it would be attempted, and kill workers, forever.
MAX_FAULTS = 5
WORKER_ENDED_REASON = "The worker of the last attempt ended in the midst of it."

# RETURNING gives the row as this worker claimed it; if it were read later, it could already belong
# to the next claimer. A lease that was never cleared means that its worker died.
CLAIM_SQL = """
UPDATE integrations_operation
SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1, attempts = attempts + 1,
  faults = CASE WHEN lease_until IS NULL THEN faults ELSE faults + 1 END,
  reason = CASE WHEN lease_until IS NULL THEN reason ELSE %(worker_ended)s END
WHERE id = %(id)s AND status = 'open' AND next_attempt_at <= statement_timestamp()
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


class LeaseLost(Exception):
    """Raised when another worker has claimed the operation since; nothing of this attempt
    counts."""


@dataclass(frozen=True)
class AttemptResult:
    """The result of one attempt. `retry_after` is the delay that the platform requested, in
    seconds."""

    outcome: str
    reason: str = ""
    retry_after: float | None = None
    result: dict[str, Any] = field(default_factory=dict)
    pauses_integration: bool = False
    was_reached: bool | None = None  # None: by the outcome; a query may not reach it
    is_ours: bool = False  # a local failure: no evidence for or against the platform
    is_fault: bool = False  # counts towards MAX_FAULTS attempts in a row

    @property
    def speaks_well(self) -> bool:
        """Returns whether the result shows that the platform works."""
        reached = self.is_final if self.was_reached is None else self.was_reached
        return reached and not self.is_ours

    @property
    def speaks_ill(self) -> bool:
        """Returns whether the result shows that the platform failed. Refused credentials pause the
        integration instead."""
        return not (self.is_ours or self.speaks_well or self.pauses_integration)

    @property
    def is_final(self) -> bool:
        return self.outcome in (Outcome.DONE, Outcome.REFUSED)


def claim_operation(operation_id: Any) -> Operation | None:
    """Claims a due operation for one lease. Returns None if it is not due, has settled, or is
    leased by another worker."""
    values = {
        "id": operation_id,
        "lease": settings.OPERATION_LEASE,
        "worker_ended": WORKER_ENDED_REASON,
    }
    began = monotonic()
    with tenant_scope.all_organizations():
        operation = next(iter(Operation.objects.raw(CLAIM_SQL, values)), None)
    if operation is not None:
        operation.holds_until = began + settings.OPERATION_LEASE.total_seconds()
    return operation


def renew_lease(operation: Operation) -> None:
    """Renews the lease if it would end before a write to the platform could. Called before each
    call, so when a lease expires because its worker died or lost the database, none of its writes
    is still in progress. Raises LeaseLost."""
    if operation.holds_until - monotonic() <= MIN_LEASE_REMAINING:
        extend_lease(operation)


def extend_lease(operation: Operation, **fields: Any) -> None:
    """Renews the lease, by the local clock and the database's, and stores `fields` in the same
    fenced UPDATE. Raises LeaseLost."""
    began = monotonic()
    mine = Operation.objects.filter(pk=operation.pk, fence=operation.fence, status=Status.OPEN)
    if not mine.update(lease_until=Now() + settings.OPERATION_LEASE, **fields):
        raise LeaseLost
    operation.holds_until = began + settings.OPERATION_LEASE.total_seconds()


def save_external_ids(operation: Operation, refs: dict[str, str]) -> None:
    """Stores the external ids that a step returned and renews the lease in one fenced UPDATE.
    Raises LeaseLost."""
    extend_lease(operation, refs=refs)
    operation.refs = refs


def settle_attempt(
    operation: Operation, verdict: AttemptResult, subject_ids: Collection[UUID] | QuerySet
) -> Operation | None:
    """Stores the result of the attempt if the fencing token still matches. The caller has locked
    the subject's row; `subject_ids` are the subjects that settle together
    (reconcilers.lock_subject).

    Returns the operation if it was closed, so that the caller can update its subject in the same
    transaction. Returns None if it stays open or another worker has claimed it.
    """
    verdict = bound_attempt_result(operation, verdict)
    integration = get_affected_integration(operation, verdict)
    current = lock_claimed_operation(operation, subject_ids)
    if current is None or integration is None:
        return None
    record_integration_health(
        integration, verdict, began=operation.lease_until - settings.OPERATION_LEASE
    )
    if not verdict.is_final:
        postpone_operation(current, verdict)
        return None
    if current.generation != operation.generation:  # another action was requested
        requeue_operation(current)
        return None
    return close_operation(current, verdict)


def bound_attempt_result(operation: Operation, verdict: AttemptResult) -> AttemptResult:
    """Returns the result as it is stored: with its reason on one line of at most MAX_REASON_LENGTH
    characters, and refused after MAX_FAULTS faults in a row."""
    verdict = replace(verdict, reason=shorten_to_line(verdict.reason, MAX_REASON_LENGTH))
    if not verdict.is_fault or operation.faults + 1 < MAX_FAULTS:
        return verdict
    reason = f"{verdict.reason[: MAX_REASON_LENGTH - 50]} That was {MAX_FAULTS} times in a row."
    return replace(verdict, outcome=Outcome.REFUSED, reason=reason, was_reached=False)


def get_affected_integration(operation: Operation, verdict: AttemptResult) -> Integration | None:
    """Returns the operation's integration, locked if the result changes its row."""
    if verdict.speaks_ill or verdict.pauses_integration:
        return lock_integration(operation.integration_id)
    integration = Integration.objects.filter(pk=operation.integration_id).first()
    if integration and (integration.failures or integration.open_until):
        return lock_integration(operation.integration_id)
    return integration


def lock_claimed_operation(
    operation: Operation, subject_ids: Collection[UUID] | QuerySet
) -> Operation | None:
    """Locks the operations that settle together. Returns this one, or None if another worker has
    claimed it since or it has settled."""
    current = lock_open_operations(operation.subject_kind, subject_ids).get(operation.subject_id)
    if current is None or (current.pk, current.fence) != (operation.pk, operation.fence):
        return None
    current.organization = operation.organization
    return current


def close_operation(operation: Operation, verdict: AttemptResult) -> Operation:
    operation.status = Status.DONE if verdict.outcome == Outcome.DONE else Status.REFUSED
    operation.outcome, operation.reason, operation.result = (
        verdict.outcome,
        verdict.reason,
        verdict.result,
    )
    Operation.objects.filter(pk=operation.pk).update(
        status=operation.status,
        outcome=verdict.outcome,
        reason=verdict.reason,
        result=verdict.result,
        settled_at=Now(),
        lease_until=None,
        dispatched_at=None,
        waits_for=None,
    )
    release_waiting_operations(operation)
    wake_dispatcher()
    return operation


def release_waiting_operations(operation: Operation) -> None:
    """Makes the operations that waited for this one due. When their spec is read, they find out
    whether it failed."""
    waiting = Operation.objects.filter(waits_for=operation, status=Status.OPEN)
    with (
        tenant_scope.all_organizations()
    ):  # also of other organizations, on the installation's carrier
        in_lock_order(waiting).update(waits_for=None, next_attempt_at=Now())


def postpone_operation(operation: Operation, verdict: AttemptResult) -> None:
    delay = timedelta(seconds=retry_delay(operation.attempts, verdict))
    Operation.objects.filter(pk=operation.pk).update(
        outcome=verdict.outcome,
        reason=verdict.reason,
        faults=operation.faults + 1 if verdict.is_fault else 0,
        next_attempt_at=None if operation.waits_for_id else Now() + delay,
        lease_until=None,
        dispatched_at=None,
    )
    wake_dispatcher()


def requeue_operation(operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(
        next_attempt_at=None if operation.waits_for_id else Now(),
        faults=0,
        lease_until=None,
        dispatched_at=None,
    )
    wake_dispatcher()


def retry_delay(attempts: int, verdict: AttemptResult) -> float:
    """Returns the seconds until the next attempt: full jitter under an exponential cap, and never
    less than Retry-After. After a local failure the cap does not grow, because waiting longer would
    not relieve the platform."""
    ceiling = (
        LOCAL_FAILURE_BACKOFF if verdict.is_ours else min(MAX_BACKOFF, 2.0 ** min(attempts, 10))
    )
    least = LATE_WRITE_DELAY if verdict.outcome == Outcome.UNKNOWN else 0.5
    asked = min(verdict.retry_after or 0.0, MAX_RETRY_AFTER)
    return max(asked, least + random.uniform(0, ceiling))  # noqa: S311  jitter


def record_integration_health(
    integration: Integration, verdict: AttemptResult, *, began: datetime
) -> None:
    """Updates the circuit breaker and the pause in the integration's row, which all workers share.
    The caller has locked the row if it changes."""
    row = Integration.objects.filter(pk=integration.pk)
    if verdict.pauses_integration:
        row.update(state=Integration.State.PAUSED, state_reason=verdict.reason)
    elif verdict.speaks_ill and (integration.failed_at is None or integration.failed_at <= began):
        # Attempts that ran in parallel saw the same failure, which counts once.
        record_integration_failure(row, integration.failures + 1, verdict)
    elif verdict.speaks_well and (integration.failures or integration.open_until):
        row.update(failures=0, failed_at=None, open_until=None)
        if integration.failures >= BREAKER_THRESHOLD:
            transaction.on_commit(partial(wake_postponed_operations, integration.pk))


def record_integration_failure(
    row: QuerySet[Integration], failures: int, verdict: AttemptResult
) -> None:
    row.update(failures=failures, failed_at=Now())
    if failures >= BREAKER_THRESHOLD:
        rest = min(MAX_BREAKER_PAUSE, 5.0 * 2 ** min(failures - BREAKER_THRESHOLD, 7))
        rest = max(rest, min(verdict.retry_after or 0.0, MAX_RETRY_AFTER))
        row.update(open_until=Now() + timedelta(seconds=rest))


def wake_postponed_operations(integration_id: UUID) -> None:
    """Makes the postponed operations of the integration due. The platform works again, so they need
    not wait for their own next attempt."""
    waiting = Operation.objects.filter(
        integration_id=integration_id,
        status=Status.OPEN,
        outcome=Outcome.UNAVAILABLE,
        lease_until=None,
        waits_for=None,
        next_attempt_at__gt=Now(),
    )
    with tenant_scope.all_organizations(), transaction.atomic():
        in_lock_order(waiting).update(next_attempt_at=Now(), dispatched_at=None)
        wake_dispatcher()


def wake_dispatcher() -> None:
    """Sends the NOTIFY that wakes the dispatcher. PostgreSQL delivers it when the transaction
    commits, or at once outside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {NOTIFY_CHANNEL}")
