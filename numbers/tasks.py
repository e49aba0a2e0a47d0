"""Celery tasks of numbers. A message carries only an id; the row of the bulk job or metric count
decides what is done."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from integrations.runtime.task_context import worker_task_context
from numbers.bulk import runner
from numbers.counts import count_runner as counting


@shared_task(name="numbers.work_batch", time_limit=settings.BATCH_TIME_LIMIT.total_seconds())
def work_batch(*, batch_id: str, **kwargs) -> None:
    """Runs one slice of a bulk job; does nothing if the job is no longer due."""
    with worker_task_context():
        runner.run_bulk_job(UUID(batch_id))


@shared_task(name="numbers.count_figures")
def count_figures(*, count_id: str, **kwargs) -> None:
    """Runs one metric count; does nothing if the count is no longer due."""
    with worker_task_context():
        counting.run_metric_count(UUID(count_id))
