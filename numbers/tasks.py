"""Celery's half: ids only. The row of the batch, or of the count, decides what happens."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from integrations.runtime.task_context import worker_task_context
from numbers.bulk import runner
from numbers.counts import count_runner as counting


@shared_task(name="numbers.work_batch", time_limit=settings.BATCH_TIME_LIMIT.total_seconds())
def work_batch(*, batch_id: str, **kwargs) -> None:
    """One slice of one batch; harmless when it is not due any more."""
    with worker_task_context():
        runner.run_bulk_job(UUID(batch_id))


@shared_task(name="numbers.count_figures")
def count_figures(*, count_id: str, **kwargs) -> None:
    """One count; harmless when it is not due any more."""
    with worker_task_context():
        counting.run_metric_count(UUID(count_id))
