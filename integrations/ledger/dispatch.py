"""The doorbell: picks what is due, fairly for each organization
(integrations/ledger/fair_share.py) and within each integration's limits, and publishes ids to the
broker; likewise for chores (integrations/ledger/job_sources.py).

A lost message costs only time: what was published and not claimed within OPERATION_REDISPATCH is
published again. integrations/ledger/dispatcher.py is the program around it.
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
QUERY_RETENTION = timedelta(days=1)  # for whoever comes back for an answer

# What people wait for goes before any queue.
INTERACTIVE_ACTIONS = ", ".join(f"'{wish}'" for wish in (Operation.Wish.CHECK, *QUERY_ACTIONS))

# Published and perhaps not claimed yet, or leased. The times are the statement's, as Django's Now()
# has them.
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

# From each pair of organization and integration with open operations, found by hopping through the
# index, the first few that are due: however long a queue is, no more of it is read. An integration
# that is resting (breaker) gives none, one that is paused or paced gives none but checks.
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

# An integration whose rest is over needs one operation to go and see, though all may wait for long.
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
    """One round: choose what is due and stamp it, publish the ids. What could not be published is
    due again at once. Raises BrokerUnavailable."""
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
    """What is due, the room for it, and the places that each integration has left."""
    running = count_by_integration(count_in_flight(cursor))
    cursor.execute(PROBE_SQL)
    values = {"redispatch": settings.OPERATION_REDISPATCH, "most": room.free}
    cursor.execute(DUE_SQL, values)
    waiting, lanes = [], {}
    for operation_id, organization_id, integration_id, is_queued, since, most in cursor.fetchall():
        lanes[integration_id] = max(0, most - running[integration_id])
        # Of equals, the integration with the fewest at work: one that hangs holds up no other.
        place = (is_queued, running[integration_id], since)
        waiting.append(DueItem(operation_id, organization_id, place, lane=integration_id))
    return waiting, [room], lanes


def count_in_flight(cursor: Any) -> list[tuple[UUID, UUID, int]]:
    """Organization, integration, and how many operations are on their way or at work."""
    cursor.execute(IN_FLIGHT_SQL, {"redispatch": settings.OPERATION_REDISPATCH})
    return cursor.fetchall()


def count_by_integration(rows: list[tuple[UUID, UUID, int]]) -> Counter[UUID]:
    running: Counter[UUID] = Counter()
    for _organization_id, integration_id, operations in rows:
        running[integration_id] += operations
    return running


def count_held_slots() -> Counter[UUID]:
    """The slots that each organization holds by operations."""
    held: Counter[UUID] = Counter()
    with connection.cursor() as cursor:
        for organization_id, _integration_id, operations in count_in_flight(cursor):
            held[organization_id] += operations
    return held


fair_share.register_slot_counter("operations", count_held_slots)


def undo_dispatch(operation_ids: Sequence[UUID]) -> None:
    """One statement each, so that no row stays locked while another is waited for."""
    for operation_id in operation_ids:
        Operation.objects.filter(pk=operation_id, lease_until=None).update(dispatched_at=None)


def publish_operation(operation_id: UUID) -> None:
    """To Celery. Short timeouts, one try: the ledger is what remembers."""
    from integrations.tasks import run_operation

    run_operation.apply_async(
        kwargs={"operation_id": str(operation_id)}, expires=MESSAGE_EXPIRES, retry=False
    )
