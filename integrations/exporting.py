"""When exports are due, and when they go; the dispatcher asks."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from integrations.chores import Chore
from organizations.exporting.models import Export

AT_ONCE = 1  # in the whole installation: the workers' other processes are for the ledger
MESSAGE_EXPIRES = 300  # seconds
FORGOTTEN_AT_ONCE = 20

# Who has had the fewest slices comes first, so that a small export never waits for a large one.
DUE = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM organizations_export
    WHERE state IN ('waiting', 'running')
      AND coalesce(lease_until, '-infinity') < statement_timestamp()
      AND coalesce(dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s
    ORDER BY fence, created_at
    LIMIT greatest(0, %(at_once)s - (
        SELECT count(*) FROM organizations_export
        WHERE state IN ('waiting', 'running') AND greatest(
            lease_until, dispatched_at + %(redispatch)s) >= statement_timestamp()))
    FOR UPDATE SKIP LOCKED
)
UPDATE organizations_export stamped SET dispatched_at = statement_timestamp()
FROM chosen WHERE stamped.id = chosen.id RETURNING stamped.id
"""


def due() -> list[UUID]:
    """Stamped: nobody else is told of them for a while."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"redispatch": settings.OPERATION_REDISPATCH, "at_once": AT_ONCE})
        return [row[0] for row in cursor.fetchall()]


def publish(export_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from integrations.tasks import work_export

    work_export.apply_async(
        kwargs={"export_id": str(export_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


def unstamp(export_ids: Sequence[UUID]) -> None:
    Export.objects.filter(pk__in=export_ids, lease_until=None).update(dispatched_at=None)


def forget() -> None:
    """With their files."""
    old = Export.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    for export_id in list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        Export.objects.filter(pk=export_id).delete()


CHORE = Chore(due, publish, unstamp, forget)
