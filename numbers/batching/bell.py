"""When batches are due, and how long their rows are kept; the dispatcher asks."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations.chores import Chore
from numbers.models import Batch, BatchRow

State = Batch.State

AT_ONCE = 2  # in the whole installation: the workers' other processes are for the ledger
MESSAGE_EXPIRES = 300  # seconds
FORGOTTEN_AT_ONCE = 5  # batches; each may have 100,000 rows

# Who has had the fewest slices comes first, so that a small batch never waits for a large one.
DUE = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM numbers_batch
    WHERE state IN ('checking', 'running')
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
      AND coalesce(dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s
    ORDER BY fence, created_at
    LIMIT greatest(0, %(at_once)s - (
        SELECT count(*) FROM numbers_batch
        WHERE state IN ('checking', 'running') AND greatest(
            lease_until, dispatched_at + %(redispatch)s) >= statement_timestamp()))
    FOR UPDATE SKIP LOCKED
)
UPDATE numbers_batch stamped SET dispatched_at = statement_timestamp()
FROM chosen WHERE stamped.id = chosen.id RETURNING stamped.id
"""


def due() -> list[UUID]:
    """Stamped: nobody else is told of them for a while."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"redispatch": settings.OPERATION_REDISPATCH, "at_once": AT_ONCE})
        return [row[0] for row in cursor.fetchall()]


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
