"""Celery's half: ids only, nothing that must not be lost. The ledger decides what happens."""

from celery import shared_task
from celery.signals import worker_ready

from integrations import watchdog
from integrations.provisioning import run


@shared_task(name="integrations.run_operation")
def run_operation(*, operation_id: str, **kwargs) -> None:
    """One attempt at one operation; harmless when the operation is not due any more."""
    run(operation_id)


@worker_ready.connect
def watch_for_deafness(**kwargs) -> None:
    watchdog.start()
