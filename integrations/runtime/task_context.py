"""Around each task of a worker: whose role it plays, and what becomes of its message when the
database is out of reach."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import Reject
from django.db import InterfaceError, OperationalError

from integrations.runtime.outages import Outage, is_database_reachable
from organizations.tenancy import tenant_scope

database_outage = Outage(logging.getLogger(__name__), "PostgreSQL")
REQUEUE_PAUSE = 1.0  # seconds, so that a message does not go round and round


@contextmanager
def worker_task_context() -> Iterator[None]:
    """In the worker's role. A message that meets no database goes back to its queue: the worker
    stops taking any, in a moment (integrations/runtime/watchdog.py)."""
    with tenant_scope.for_role(tenant_scope.WORKER):
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            if is_database_reachable():
                raise  # a lock that was not to be had, or a statement that took too long
            database_outage.goes_on(error)
            time.sleep(REQUEUE_PAUSE)
            raise Reject(str(error), requeue=True) from None
        database_outage.is_over()
