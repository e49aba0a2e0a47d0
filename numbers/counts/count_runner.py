"""The worker's half: one count, from claim to release."""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from numbers.inventory.metrics import figures, source_of
from numbers.models import FigureCount
from organizations.tenancy import tenant_scope
from organizations.web.computed_cache import to_json

logger = logging.getLogger(__name__)

State = FigureCount.State
MOST_TRIES = 3  # a count that ends its worker as often is not tried again

CLAIM = """
UPDATE numbers_figurecount SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1,
  tries = tries + 1, state = 'running'
WHERE id = %(id)s AND state IN ('waiting', 'running')
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


def run(count_id: UUID) -> None:
    """Count; harmless when it is not due any more."""
    values = {"id": count_id, "lease": settings.JOB_LEASE}
    with tenant_scope.everything():
        count = next(iter(FigureCount.objects.raw(CLAIM, values)), None)
    if count:
        whose = count.organization_id
        with tenant_scope.within(whose) if whose else tenant_scope.everything():
            work(count)


def work(count: FigureCount) -> None:
    if count.tries > MOST_TRIES:
        logger.error("figures of %s were not counted: their worker ended", count.organization_id)
        settle(count, State.FAILED)
    else:
        attempt(count)


def attempt(count: FigureCount) -> None:
    """Whatever goes wrong is told by the log; the last figures stay."""
    began = time.monotonic()
    try:
        with timezone.override(count.zone):
            data = figures(source_of(count.organization), days=count.days)
    except OperationalError as error:  # too long for the database, or it is not there
        logger.error("figures of %s were not counted: %s", count.organization_id, error)
        settle(count, State.FAILED)
    except Exception:
        logger.exception("figures of %s were not counted", count.organization_id)
        settle(count, State.FAILED)
    else:
        seconds = time.monotonic() - began
        settle(count, State.DONE, data=to_json(data), counted_at=Now(), seconds=seconds)


def settle(count: FigureCount, state: str, **fields) -> None:
    """Nothing, if somebody else has claimed it since."""
    mine = FigureCount.objects.filter(pk=count.pk, fence=count.fence, state=State.RUNNING)
    mine.update(state=state, settled_at=Now(), lease_until=None, **fields)
