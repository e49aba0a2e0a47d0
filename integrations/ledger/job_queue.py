"""A queue of long jobs that run in slices, such as bulk jobs and exports, on top of a database
table.

The table has the columns `state`, `fence` (the slices so far), `lease_until`, `dispatched_at` and
`created_at`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from integrations.ledger import fair_share
from integrations.ledger.fair_share import DueItem

MESSAGE_EXPIRES = 300  # seconds until a published message expires

IN_FLIGHT_SQL = """
SELECT organization_id, count(*) FROM {table} WHERE state IN ({moving})
  AND greatest(lease_until, dispatched_at + %(redispatch)s) >= statement_timestamp()
GROUP BY organization_id
"""

# The job with the fewest slices comes first, so that small jobs never wait for large ones.
DUE_SQL = """
SELECT id, organization_id, fence, created_at FROM (
    SELECT id, organization_id, fence, created_at, row_number() OVER (
        PARTITION BY organization_id ORDER BY fence, created_at) AS place
    FROM {table} WHERE state IN ({moving})
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
      AND coalesce(dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s
) due WHERE place <= %(most)s
"""

MARK_DISPATCHED_SQL = """
WITH free AS MATERIALIZED (
    SELECT id FROM {table} WHERE id = ANY(%(ids)s) AND state IN ({moving})
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
    FOR UPDATE SKIP LOCKED
)
UPDATE {table} stamped SET dispatched_at = statement_timestamp()
FROM free WHERE stamped.id = free.id RETURNING stamped.id
"""


@dataclass(frozen=True)
class JobQueue:
    """The rows of `table` in one of the states `moving`. Together they occupy at most the fraction
    `share` of the workers' slots, but at least one."""

    table: str
    moving: tuple[str, ...]
    share: float

    def due(self) -> list[UUID]:
        """Returns the ids of the jobs to run now and marks them as dispatched, so that they are not
        published again for a while. Organizations share the slots of the queue in the same way as
        all slots."""
        own = fair_share.SlotPool(
            max(1, int(settings.WORKER_SLOTS * self.share)), self.held_slots()
        )
        if not own.free:
            return []
        values = {"redispatch": settings.OPERATION_REDISPATCH, "most": own.free}
        with connection.cursor() as cursor:
            cursor.execute(self.sql(DUE_SQL), values)
            waiting = [DueItem(row[0], row[1], place=row[2:]) for row in cursor.fetchall()]
            if not waiting:
                return []
            chosen = fair_share.choose_due_items(waiting, [own, fair_share.current_slot_pool()])
            cursor.execute(self.sql(MARK_DISPATCHED_SQL), {"ids": chosen})
            return [row[0] for row in cursor.fetchall()]

    def held_slots(self) -> dict[UUID, int]:
        """Returns the number of slots that the jobs of each organization occupy."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql(IN_FLIGHT_SQL), {"redispatch": settings.OPERATION_REDISPATCH})
            return dict(cursor.fetchall())

    def unstamp(self, ids: Sequence[UUID]) -> None:
        """Marks jobs that could not be published as not dispatched."""
        statement = self.sql("""
            UPDATE {table} SET dispatched_at = NULL WHERE id = ANY(%(ids)s) AND lease_until IS NULL
        """)
        with connection.cursor() as cursor:
            cursor.execute(statement, {"ids": list(ids)})

    def sql(self, statement: str) -> str:
        moving = ", ".join(f"'{state}'" for state in self.moving)
        return statement.format(table=self.table, moving=moving)
