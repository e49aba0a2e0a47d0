"""The schedule of bulk jobs, by which the dispatcher finds due ones with a fair share for each
organization."""

from uuid import UUID

from integrations.ledger.job_queue import MESSAGE_EXPIRES, JobQueue
from integrations.ledger.job_sources import JobSource

BULK_JOB_QUEUE = JobQueue("numbers_batch", ("checking", "running"), share=0.5)


def publish_bulk_job(batch_id: UUID) -> None:
    """Publishes the job to Celery, which the web process must not import."""
    from numbers.tasks import work_batch

    work_batch.apply_async(kwargs={"batch_id": str(batch_id)}, expires=MESSAGE_EXPIRES, retry=False)


BULK_JOB_SOURCE = JobSource(BULK_JOB_QUEUE.due, publish_bulk_job, BULK_JOB_QUEUE.unstamp)
