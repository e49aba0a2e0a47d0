"""The schedule of metric counts, by which the dispatcher finds due ones."""

from uuid import UUID

from integrations.ledger.job_queue import MESSAGE_EXPIRES, JobQueue
from integrations.ledger.job_sources import JobSource

# A person is waiting for the page. A count is short, but counts may use no more than this share of
# the workers.
METRIC_COUNT_QUEUE = JobQueue("numbers_figurecount", ("waiting", "running"), share=0.25)


def publish_metric_count(count_id: UUID) -> None:
    """Publishes the count to Celery, which the web process must not import."""
    from numbers.tasks import count_figures

    count_figures.apply_async(
        kwargs={"count_id": str(count_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


METRIC_COUNT_JOB_SOURCE = JobSource(
    METRIC_COUNT_QUEUE.due, publish_metric_count, METRIC_COUNT_QUEUE.unstamp
)
