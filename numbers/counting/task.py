"""Celery's half: ids only. The count's row decides what happens."""

from uuid import UUID

from celery import shared_task

from numbers.counting import work


@shared_task(name="numbers.count_figures")
def count_figures(*, count_id: str, **kwargs) -> None:
    """One count; harmless when it is not due any more."""
    work.run(UUID(count_id))
