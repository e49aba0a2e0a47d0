"""The job source of exports, from which the dispatcher learns when exports are due."""

from uuid import UUID

from integrations.ledger.job_queue import MESSAGE_EXPIRES, JobQueue
from integrations.ledger.job_sources import JobSource

EXPORT_QUEUE = JobQueue("organizations_export", ("waiting", "running"), share=0.25)


def publish_export(export_id: UUID) -> None:
    """Publishes the export to Celery, which web processes must not import."""
    from integrations.tasks import work_export

    work_export.apply_async(
        kwargs={"export_id": str(export_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


EXPORT_JOB_SOURCE = JobSource(EXPORT_QUEUE.due, publish_export, EXPORT_QUEUE.unstamp)
