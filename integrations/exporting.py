"""When exports are due, and when they go; the dispatcher asks."""

from uuid import UUID

from django.db.models.functions import Now

from integrations.bulk import MESSAGE_EXPIRES, Queue
from integrations.chores import Chore
from organizations.exporting.models import Export

QUEUE = Queue("organizations_export", ("waiting", "running"), share=0.25)
FORGOTTEN_AT_ONCE = 20


def publish(export_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from integrations.tasks import work_export

    work_export.apply_async(
        kwargs={"export_id": str(export_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


def forget() -> None:
    """With their files."""
    old = Export.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    for export_id in list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        Export.objects.filter(pk=export_id).delete()


CHORE = Chore(QUEUE.due, publish, QUEUE.unstamp, forget)
