"""How long batches, figures, and deleted numbers and carriers are kept. Each function is a rule of
integrations/retention/cleanup.py."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.expressions import CombinedExpression
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext_noop

from carriers.models import Carrier
from integrations.models import Operation
from integrations.retention import cleanup
from integrations.retention.cleanup import delete_unlocked, lock_unlocked
from numbers.models import Batch, BatchRow, FigureCount, NumberPool, PhoneNumber, Placement

State, OPEN = Batch.State, Operation.Status.OPEN
MAX_PURGED_SUBJECTS = 100  # numbers or carriers, with all that belongs to them
UNUSED_METRICS_AGE = timedelta(days=7)  # of figures


def delete_unused_metrics(most: int) -> int:
    """Figures that nobody has asked for lately."""
    old = FigureCount.objects.filter(created_at__lt=Now() - UNUSED_METRICS_AGE)
    return delete_unlocked(old.order_by("created_at"), most)


def stop_unstarted_bulk_jobs(most: int) -> int:
    """They end; what they would have done is kept for as long again."""
    waiting = [State.MAPPING, State.READY]
    old = Batch.objects.filter(state__in=waiting, created_at__lt=Now() - settings.BATCH_RETENTION)
    ended = {"state": State.STOPPED, "settled_at": Now(), "file": None}
    reason = gettext_noop("It was never started.")
    return Batch.objects.filter(pk__in=lock_unlocked(old, most)).update(reason=reason, **ended)


def delete_bulk_job_files(most: int) -> int:
    settled = Batch.objects.filter(settled_at__lt=Now() - settings.BATCH_RETENTION)
    keys = lock_unlocked(settled.filter(file__isnull=False), most)
    return Batch.objects.filter(pk__in=keys).update(file=None)


def delete_bulk_job_rows(most: int) -> int:
    """That there was a batch, and what came of it, stays. From the first row on that goes, the
    batch says that its rows are gone: it must not be undone by halves."""
    old = Now() - settings.BATCH_RETENTION
    unread = ~Exists(open_undo_jobs()) & ~Exists(open_retry_jobs())
    settled = Batch.objects.filter(Exists(bulk_job_rows_subquery()), unread, settled_at__lt=old)
    for key in lock_unlocked(settled.order_by("settled_at"), 1):
        Batch.objects.filter(pk=key, rows_deleted_at=None).update(rows_deleted_at=Now())
        return delete_unlocked(BatchRow.objects.filter(batch=key).order_by("line"), most)
    return 0


def delete_old_bulk_jobs(most: int) -> int:
    """Without rows, so that nothing can be undone or repeated."""
    if not settings.BATCH_HISTORY_RETENTION:
        return 0
    old = Now() - max(settings.BATCH_HISTORY_RETENTION, settings.BATCH_RETENTION)
    unread = (
        ~Exists(bulk_job_rows_subquery()) & ~Exists(open_undo_jobs()) & ~Exists(open_retry_jobs())
    )
    return delete_unlocked(
        Batch.objects.filter(unread, settled_at__lt=old).order_by("settled_at"), most
    )


def bulk_job_rows_subquery() -> QuerySet[BatchRow]:
    return BatchRow.objects.filter(batch=OuterRef("pk"))


def open_undo_jobs() -> QuerySet[Batch]:
    """Workers still read the rows of the batch that these undo."""
    return Batch.objects.filter(undoes=OuterRef("pk"), settled_at=None)


def open_retry_jobs() -> QuerySet[Batch]:
    """Likewise of the one that these try again."""
    same = Q(organization=OuterRef("organization"), settled_at=None)
    named = Batch.objects.filter(same).annotate(repeats=KT("options__repeats"))
    return named.filter(repeats=Cast(OuterRef("pk"), TextField()))


def purge_deleted_numbers(most: int) -> int:
    """Those that are gone from all platforms, with their operations there."""
    if not settings.DELETED_RETENTION:
        return 0
    gone = PhoneNumber.objects.filter(released_at__lt=deletion_cutoff())
    placed = Placement.objects.filter(phone_number=OuterRef(OuterRef("pk"))).values("pk")
    free = gone.filter(~Exists(subject_operations("placement", placed, status=OPEN)))
    numbers = lock_unlocked(free.order_by("released_at"), min(most, MAX_PURGED_SUBJECTS))
    placements = Placement.objects.filter(phone_number__in=numbers)
    subject_operations("placement", list(placements.values_list("pk", flat=True))).delete()
    placements.delete()
    PhoneNumber.objects.filter(pk__in=numbers).delete()
    return len(numbers)


def purge_deleted_carriers(most: int) -> int:
    """Those that are gone, as is every number that was ever on them."""
    if not settings.DELETED_RETENTION:
        return 0
    gone = Carrier.objects.filter(released_at__lt=deletion_cutoff(), phone_numbers=None)
    own = OuterRef("pk")
    free = gone.filter(~Exists(subject_operations("carrier", [own], status=OPEN)))
    unnamed = free.filter(~Exists(NumberPool.objects.filter(carrier=own)))
    carriers = lock_unlocked(unnamed.order_by("released_at"), min(most, MAX_PURGED_SUBJECTS))
    subject_operations("carrier", carriers).delete()
    Carrier.objects.filter(pk__in=carriers).delete()
    return len(carriers)


def deletion_cutoff() -> CombinedExpression:
    """Rows of batches name numbers, and are read as long as they are kept."""
    return Now() - max(settings.DELETED_RETENTION, settings.BATCH_RETENTION)


def subject_operations(kind: str, subjects: Any, **conditions: Any) -> QuerySet[Operation]:
    return Operation.objects.filter(subject_kind=kind, subject_id__in=subjects, **conditions)


def register_number_retention_rules() -> None:
    cleanup.register_cleanup_rule("unused figures", delete_unused_metrics)
    cleanup.register_cleanup_rule("batches that were never started", stop_unstarted_bulk_jobs)
    cleanup.register_cleanup_rule("files of batches", delete_bulk_job_files)
    cleanup.register_cleanup_rule("rows of batches", delete_bulk_job_rows)
    cleanup.register_cleanup_rule("batches", delete_old_bulk_jobs)
    cleanup.register_cleanup_rule("deleted numbers", purge_deleted_numbers)
    cleanup.register_cleanup_rule("deleted carriers", purge_deleted_carriers)
