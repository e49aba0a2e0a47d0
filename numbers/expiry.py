"""How long batches and figures are kept. Each function is a rule of integrations/retention.py."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from integrations import retention
from integrations.retention import delete_unlocked, lock_free
from numbers.models import Batch, BatchRow, FigureCount

State = Batch.State
UNUSED = timedelta(days=7)  # of figures


def figures(most: int) -> int:
    """Figures that nobody has asked for lately."""
    old = FigureCount.objects.filter(created_at__lt=Now() - UNUSED)
    return delete_unlocked(old.order_by("created_at"), most)


def unstarted_batches(most: int) -> int:
    """They end; what they would have done is kept for as long again."""
    waiting = [State.MAPPING, State.READY]
    old = Batch.objects.filter(state__in=waiting, created_at__lt=Now() - settings.BATCH_RETENTION)
    ended = {"state": State.STOPPED, "settled_at": Now(), "file": None}
    reason = gettext_noop("It was never started.")
    return Batch.objects.filter(pk__in=lock_free(old, most)).update(reason=reason, **ended)


def batch_files(most: int) -> int:
    settled = Batch.objects.filter(settled_at__lt=Now() - settings.BATCH_RETENTION)
    keys = lock_free(settled.filter(file__isnull=False), most)
    return Batch.objects.filter(pk__in=keys).update(file=None)


def batch_rows(most: int) -> int:
    """That there was a batch, and what came of it, stays."""
    rows = BatchRow.objects.filter(batch=OuterRef("pk"))
    settled = Batch.objects.filter(Exists(rows), settled_at__lt=Now() - settings.BATCH_RETENTION)
    if batch := settled.order_by("settled_at").only("pk").first():
        return delete_unlocked(BatchRow.objects.filter(batch=batch).order_by("line"), most)
    return 0


def register() -> None:
    retention.register("unused figures", figures)
    retention.register("batches that were never started", unstarted_batches)
    retention.register("files of batches", batch_files)
    retention.register("rows of batches", batch_rows)
