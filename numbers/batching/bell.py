"""When batches are due, whose turn it is, and how long their rows are kept; the dispatcher asks."""

from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations.bulk import MESSAGE_EXPIRES, Queue
from integrations.chores import Chore
from numbers.models import Batch, BatchRow

State = Batch.State

FORGOTTEN_AT_ONCE = 5  # batches; each may have 100,000 rows
QUEUE = Queue("numbers_batch", ("checking", "running"), share=0.5)


def publish(batch_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from numbers.tasks import work_batch

    work_batch.apply_async(kwargs={"batch_id": str(batch_id)}, expires=MESSAGE_EXPIRES, retry=False)


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


CHORE = Chore(QUEUE.due, publish, QUEUE.unstamp, forget)
