"""Selects due operations with a fair share for each organization
(integrations/ledger/fair_share.py) and within the limits of each integration, and publishes their
ids to the broker. Job sources (integrations/ledger/job_sources.py) are published the same way.

A lost message only costs time: an operation that was published but not claimed within
OPERATION_REDISPATCH is published again. integrations/ledger/dispatcher.py is the process that calls
this module.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from integrations.ledger import fair_share, job_sources
from integrations.ledger.fair_share import DueItem
from integrations.ledger.leases import BREAKER_THRESHOLD, QUERY_ACTIONS
from integrations.models import Operation

MESSAGE_EXPIRES = 300  # seconds
QUERY_RETENTION = timedelta(days=1)  # for clients that fetch the result later

# A person waits for these actions, so they precede every queue.
INTERACTIVE_ACTIONS = ", ".join(f"'{wish}'" for wish in (Operation.Wish.CHECK, *QUERY_ACTIONS))

# Selects operations that are leased, or published and perhaps not claimed yet. Times come from the
# statement, as in Django's Now().
IN_FLIGHT_SQL = """
SELECT organization_id, integration_id, count(*) FROM integrations_operation
WHERE status = 'open' AND (dispatched_at IS NOT NULL OR lease_until IS NOT NULL)
  AND greatest(lease_until, dispatched_at + %(redispatch)s) >= statement_timestamp()
GROUP BY organization_id, integration_id
"""

CLAIMABLE_CONDITION = """o.organization_id = pair.organization_id
  AND o.integration_id = pair.integration_id
  AND o.status = 'open' AND o.next_attempt_at <= statement_timestamp()
  AND coalesce(o.lease_until, '-infinity') < statement_timestamp()
  AND coalesce(o.dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s"""

# Selects the first few due operations of each pair of organization and integration that has open
# operations. The pairs are found by skipping through the index, so no more is read however long a
# queue is. An integration whose circuit breaker is open contributes nothing; a paused or
# rate-limited one contributes only checks.
DUE_SQL = f"""
WITH RECURSIVE pair AS (
    (SELECT organization_id, integration_id FROM integrations_operation WHERE status = 'open'
     ORDER BY organization_id, integration_id LIMIT 1)
    UNION ALL
    SELECT following.* FROM pair CROSS JOIN LATERAL (
        SELECT o.organization_id, o.integration_id FROM integrations_operation o
        WHERE o.status = 'open'
          AND (o.organization_id, o.integration_id) > (pair.organization_id, pair.integration_id)
        ORDER BY o.organization_id, o.integration_id LIMIT 1) following
)
SELECT due.id, pair.organization_id, pair.integration_id, due.is_queued, due.next_attempt_at,
    CASE WHEN i.failures >= {BREAKER_THRESHOLD} THEN 1 ELSE i.max_in_flight END
FROM pair JOIN integrations_integration i ON i.id = pair.integration_id
CROSS JOIN LATERAL (
    (SELECT o.id, false AS is_queued, o.next_attempt_at FROM integrations_operation o
     WHERE {CLAIMABLE_CONDITION} AND o.wish IN ({INTERACTIVE_ACTIONS})
       AND (o.wish = 'check' OR i.state = 'connected'
            AND coalesce(i.paced_until, '-infinity') <= statement_timestamp())
     ORDER BY o.next_attempt_at LIMIT %(most)s)
    UNION ALL
    (SELECT o.id, true, o.next_attempt_at FROM integrations_operation o
     WHERE {CLAIMABLE_CONDITION} AND o.wish NOT IN ({INTERACTIVE_ACTIONS}) AND i.state = 'connected'
       AND coalesce(i.paced_until, '-infinity') <= statement_timestamp()
     ORDER BY o.next_attempt_at LIMIT %(most)s)
) due
WHERE coalesce(i.open_until, '-infinity') <= statement_timestamp()
"""

# An integration whose circuit breaker pause has ended needs one operation as a probe, even if all
# its operations are postponed for long.
PROBE_SQL = f"""
WITH probe AS MATERIALIZED (
    SELECT next.id FROM integrations_integration i CROSS JOIN LATERAL (
        SELECT o.id, o.next_attempt_at FROM integrations_operation o
        WHERE o.integration_id = i.id AND o.status = 'open' AND o.next_attempt_at IS NOT NULL
        ORDER BY o.next_attempt_at LIMIT 1
        FOR UPDATE SKIP LOCKED) next
    WHERE i.failures >= {BREAKER_THRESHOLD} AND i.state = 'connected'
      AND i.open_until <= statement_timestamp() AND next.next_attempt_at > statement_timestamp()
      AND NOT EXISTS (SELECT FROM integrations_operation r WHERE r.integration_id = i.id
        AND r.status = 'open' AND (r.dispatched_at IS NOT NULL OR r.lease_until IS NOT NULL))
)
UPDATE integrations_operation SET next_attempt_at = statement_timestamp()
FROM probe WHERE integrations_operation.id = probe.id
"""

MARK_DISPATCHED_SQL = """
WITH free AS MATERIALIZED (
    SELECT id FROM integrations_operation
    WHERE id = ANY(%(ids)s) AND status = 'open'
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
    FOR UPDATE SKIP LOCKED
)
UPDATE integrations_operation stamped SET dispatched_at = statement_timestamp()
FROM free WHERE stamped.id = free.id RETURNING stamped.id
"""


def dispatch_due_operations(publish: Callable[[UUID], None]) -> int:
    """Runs one round: selects due operations, marks them as dispatched and publishes their ids.
    Returns how many were published. Operations that could not be published are due again at once.
    Raises BrokerUnavailable."""
    room = fair_share.current_slot_pool()
    if not room.free:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            MARK_DISPATCHED_SQL,
            {"ids": fair_share.choose_due_items(*select_due_operations(cursor, room))},
        )
        stamped = [row[0] for row in cursor.fetchall()]
    return job_sources.publish_ids(stamped, publish, undo_dispatch)


def select_due_operations(
    cursor: Any, room: fair_share.SlotPool
) -> tuple[list[DueItem], list[fair_share.SlotPool], dict[UUID, int]]:
    """Returns the due operations, the pool of slots for them, and the number of further operations
    that each integration may run."""
    running = count_by_integration(count_in_flight(cursor))
    cursor.execute(PROBE_SQL)
    values = {"redispatch": settings.OPERATION_REDISPATCH, "most": room.free}
    cursor.execute(DUE_SQL, values)
    waiting, lanes = [], {}
    for operation_id, organization_id, integration_id, is_queued, since, most in cursor.fetchall():
        lanes[integration_id] = max(0, most - running[integration_id])
        # Among equals, the integration with the fewest running operations comes first, so an
        # unresponsive one delays no other.
        place = (is_queued, running[integration_id], since)
        waiting.append(DueItem(operation_id, organization_id, place, lane=integration_id))
    return waiting, [room], lanes


def count_in_flight(cursor: Any) -> list[tuple[UUID, UUID, int]]:
    """Returns rows of organization id, integration id, and the number of operations that are
    dispatched or running."""
    cursor.execute(IN_FLIGHT_SQL, {"redispatch": settings.OPERATION_REDISPATCH})
    return cursor.fetchall()


def count_by_integration(rows: list[tuple[UUID, UUID, int]]) -> Counter[UUID]:
    running: Counter[UUID] = Counter()
    for _organization_id, integration_id, operations in rows:
        running[integration_id] += operations
    return running


def count_held_slots() -> Counter[UUID]:
    """Returns the number of slots that the operations of each organization occupy."""
    held: Counter[UUID] = Counter()
    with connection.cursor() as cursor:
        for organization_id, _integration_id, operations in count_in_flight(cursor):
            held[organization_id] += operations
    return held


fair_share.register_slot_counter("operations", count_held_slots)


def undo_dispatch(operation_ids: Sequence[UUID]) -> None:
    """Marks operations as not dispatched. Uses one statement per operation, so that no row stays
    locked while the statement waits for another."""
    for operation_id in operation_ids:
        Operation.objects.filter(pk=operation_id, lease_until=None).update(dispatched_at=None)


def publish_operation(operation_id: UUID) -> None:
    """Publishes the operation to Celery with short timeouts and a single try, because the ledger is
    the durable record."""
    from integrations.tasks import run_operation

    run_operation.apply_async(
        kwargs={"operation_id": str(operation_id)}, expires=MESSAGE_EXPIRES, retry=False
    )
