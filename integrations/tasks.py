"""The Celery tasks. Messages carry only ids and may be lost, because the ledger decides what is
run."""

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from integrations.ledger import attempt_counts
from integrations.ledger.leases import wake_dispatcher
from integrations.ledger.worker import run_attempt
from integrations.retention import cleanup
from integrations.runtime import watchdog
from integrations.runtime.task_context import worker_task_context
from organizations.exports import export_runner


@shared_task(name="integrations.run_operation")
def run_operation(*, operation_id: str, **kwargs) -> None:
    """Runs one attempt of one operation. Does nothing if the operation is no longer due."""
    with worker_task_context():
        if operation := run_attempt(operation_id):
            attempt_counts.count_attempt(operation)


@shared_task(name="integrations.work_export", time_limit=settings.BATCH_TIME_LIMIT.total_seconds())
def work_export(*, export_id: str, **kwargs) -> None:
    """Runs one slice of one export. Does nothing if the export is no longer due."""
    with worker_task_context():
        if export_runner.run_export_slice(UUID(export_id)):
            wake_dispatcher()


@shared_task(name="integrations.clean_up")
def clean_up(**kwargs) -> None:
    """Deletes expired rows for CLEANUP_SECONDS; the rest follows in the next task."""
    with worker_task_context():
        cleanup.run_cleanup()


@worker_ready.connect
def start_worker_watchdog(*, sender: Any, **kwargs) -> None:
    watchdog.start_watchdog(sender)
