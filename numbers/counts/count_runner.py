"""The worker of metric counts: one count from claim to release."""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from numbers.inventory.metrics import build_metrics_source, compute_metrics
from numbers.models import FigureCount
from organizations.tenancy import tenant_scope
from organizations.web.computed_cache import encode_tagged_json

logger = logging.getLogger(__name__)

State = FigureCount.State
MAX_ATTEMPTS = 3  # a count that has ended its worker this often has failed

CLAIM_SQL = """
UPDATE numbers_figurecount SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1,
  tries = tries + 1, state = 'running'
WHERE id = %(id)s AND state IN ('waiting', 'running')
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


def run_metric_count(count_id: UUID) -> None:
    """Claims and runs one metric count; does nothing if the count is no longer due."""
    values = {"id": count_id, "lease": settings.JOB_LEASE}
    with tenant_scope.all_organizations():
        count = next(iter(FigureCount.objects.raw(CLAIM_SQL, values)), None)
    if count:
        whose = count.organization_id
        with tenant_scope.within(whose) if whose else tenant_scope.all_organizations():
            process_metric_count(count)


def process_metric_count(count: FigureCount) -> None:
    if count.tries > MAX_ATTEMPTS:
        logger.error("figures of %s were not counted: their worker ended", count.organization_id)
        finish_metric_count(count, State.FAILED)
    else:
        attempt_metric_count(count)


def attempt_metric_count(count: FigureCount) -> None:
    """Runs the count and stores the metrics. Any error is logged, and the last metrics stay."""
    began = time.monotonic()
    try:
        with timezone.override(count.zone):
            data = compute_metrics(build_metrics_source(count.organization), days=count.days)
    except OperationalError as error:  # the query timed out, or the database is unavailable
        logger.error("figures of %s were not counted: %s", count.organization_id, error)
        finish_metric_count(count, State.FAILED)
    except Exception:
        logger.exception("figures of %s were not counted", count.organization_id)
        finish_metric_count(count, State.FAILED)
    else:
        seconds = time.monotonic() - began
        finish_metric_count(
            count, State.DONE, data=encode_tagged_json(data), counted_at=Now(), seconds=seconds
        )


def finish_metric_count(count: FigureCount, state: str, **fields) -> None:
    """Stores the result of a count, unless another worker has claimed the count since."""
    mine = FigureCount.objects.filter(pk=count.pk, fence=count.fence, state=State.RUNNING)
    mine.update(state=state, settled_at=Now(), lease_until=None, **fields)
