"""When batches are due, whose turn it is, and how long their rows are kept; the dispatcher asks."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations import slots
from integrations.chores import Chore
from integrations.slots import Waiting
from numbers.models import Batch, BatchRow

State = Batch.State

MESSAGE_EXPIRES = 300  # seconds
FORGOTTEN_AT_ONCE = 5  # batches; each may have 100,000 rows

IN_FLIGHT = """
SELECT organization_id, count(*) FROM numbers_batch
WHERE state IN ('checking', 'running')
  AND greatest(lease_until, dispatched_at + %(redispatch)s) >= statement_timestamp()
GROUP BY organization_id
"""

# Who has had the fewest slices comes first, so that a small batch never waits for a large one.
DUE = """
SELECT id, organization_id, fence, created_at FROM (
    SELECT id, organization_id, fence, created_at, row_number() OVER (
        PARTITION BY organization_id ORDER BY fence, created_at) AS place
    FROM numbers_batch
    WHERE state IN ('checking', 'running')
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
      AND coalesce(dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s
) due WHERE place <= %(most)s
"""

STAMP = """
WITH free AS MATERIALIZED (
    SELECT id FROM numbers_batch
    WHERE id = ANY(%(ids)s) AND state IN ('checking', 'running')
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
    FOR UPDATE SKIP LOCKED
)
UPDATE numbers_batch stamped SET dispatched_at = statement_timestamp()
FROM free WHERE stamped.id = free.id RETURNING stamped.id
"""


def due() -> list[UUID]:
    """Stamped: nobody else is told of them for a while. Batches have half of all slots, shared
    between organizations as all slots are."""
    bulk = slots.Room(settings.WORKER_SLOTS // 2 or 1, held_slots())
    if not bulk.free:
        return []
    values = {"redispatch": settings.OPERATION_REDISPATCH, "most": bulk.free}
    with connection.cursor() as cursor:
        cursor.execute(DUE, values)
        waiting = [Waiting(row[0], row[1], place=row[2:]) for row in cursor.fetchall()]
        if not waiting:
            return []
        cursor.execute(STAMP, {"ids": slots.choose(waiting, [bulk, slots.room()])})
        return [row[0] for row in cursor.fetchall()]


def held_slots() -> dict[UUID, int]:
    """The slots that each organization holds by batches."""
    with connection.cursor() as cursor:
        cursor.execute(IN_FLIGHT, {"redispatch": settings.OPERATION_REDISPATCH})
        return dict(cursor.fetchall())


def publish(batch_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from numbers.tasks import work_batch

    work_batch.apply_async(kwargs={"batch_id": str(batch_id)}, expires=MESSAGE_EXPIRES, retry=False)


def unstamp(batch_ids: Sequence[UUID]) -> None:
    Batch.objects.filter(pk__in=batch_ids, lease_until=None).update(dispatched_at=None)


def forget() -> None:
    """The rows and files of old batches go; that there was a batch, and what came of it, stays."""
    old = Now() - settings.BATCH_RETENTION
    unstarted = Batch.objects.filter(state__in=[State.MAPPING, State.READY], created_at__lt=old)
    unstarted.update(
        state=State.STOPPED, reason=_("It was never started."), settled_at=Now(), file=None
    )
    rows = BatchRow.objects.filter(batch=OuterRef("pk"))
    settled = Batch.objects.filter(Exists(rows), settled_at__lt=old)
    for batch_id in settled.order_by("settled_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]:
        BatchRow.objects.filter(batch=batch_id).delete()
    Batch.objects.filter(settled_at__lt=old, file__isnull=False).update(file=None)


CHORE = Chore(due, publish, unstamp, forget)
