"""Retention of bulk jobs, metric counts, and deleted numbers and carriers. Each function is a rule
of integrations/retention/cleanup.py that handles at most `most` rows and returns how many it
did."""

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
MAX_PURGED_SUBJECTS = 100  # numbers or carriers, with all rows that belong to them
UNUSED_METRICS_AGE = timedelta(days=7)  # since metrics were last requested


def delete_unused_metrics(most: int) -> int:
    """Deletes metrics that nobody has requested for UNUSED_METRICS_AGE."""
    old = FigureCount.objects.filter(created_at__lt=Now() - UNUSED_METRICS_AGE)
    return delete_unlocked(old.order_by("created_at"), most)


def stop_unstarted_bulk_jobs(most: int) -> int:
    """Stops bulk jobs that were never started within the retention period. Their rows are kept for
    another such period."""
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
    """Deletes rows of bulk jobs, but keeps the jobs and their counts. Before the first row is
    deleted, the job is marked, because it must not be undone in part."""
    old = Now() - settings.BATCH_RETENTION
    unread = ~Exists(open_undo_jobs()) & ~Exists(open_retry_jobs())
    settled = Batch.objects.filter(Exists(bulk_job_rows_subquery()), unread, settled_at__lt=old)
    for key in lock_unlocked(settled.order_by("settled_at"), 1):
        Batch.objects.filter(pk=key, rows_deleted_at=None).update(rows_deleted_at=Now())
        return delete_unlocked(BatchRow.objects.filter(batch=key).order_by("line"), most)
    return 0


def delete_old_bulk_jobs(most: int) -> int:
    """Deletes bulk jobs that have no rows left, so nothing can be undone or retried."""
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
    """Returns the unsettled jobs that undo the job of the outer query; workers still read its
    rows."""
    return Batch.objects.filter(undoes=OuterRef("pk"), settled_at=None)


def open_retry_jobs() -> QuerySet[Batch]:
    """Returns the unsettled jobs that retry the job of the outer query."""
    same = Q(organization=OuterRef("organization"), settled_at=None)
    named = Batch.objects.filter(same).annotate(repeats=KT("options__repeats"))
    return named.filter(repeats=Cast(OuterRef("pk"), TextField()))


def purge_deleted_numbers(most: int) -> int:
    """Deletes numbers that all platforms have removed, with their placements and operations."""
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
    """Deletes carriers that their platform has removed and that no number or pool refers to any
    more."""
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
    """Returns the time before which numbers and carriers may be deleted. Rows of bulk jobs refer to
    numbers, so it respects their retention too."""
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
