"""When counts are due; the dispatcher asks."""

from uuid import UUID

from integrations.ledger.job_queue import MESSAGE_EXPIRES, JobQueue
from integrations.ledger.job_sources import JobSource

# Somebody looks at the page: a count is short, but no more than these may hold workers at once.
METRIC_COUNT_QUEUE = JobQueue("numbers_figurecount", ("waiting", "running"), share=0.25)


def publish_metric_count(count_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from numbers.tasks import count_figures

    count_figures.apply_async(
        kwargs={"count_id": str(count_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


METRIC_COUNT_JOB_SOURCE = JobSource(
    METRIC_COUNT_QUEUE.due, publish_metric_count, METRIC_COUNT_QUEUE.unstamp
)
