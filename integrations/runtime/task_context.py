"""The context of each task in a worker: its database role, and what happens to its message when the
database is unreachable."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import Reject
from django.db import InterfaceError, OperationalError

from integrations.runtime.outages import Outage, is_database_reachable
from organizations.tenancy import tenant_scope

database_outage = Outage(logging.getLogger(__name__), "PostgreSQL")
REQUEUE_PAUSE = 1.0  # seconds, so that the message is not redelivered in a tight loop


@contextmanager
def worker_task_context() -> Iterator[None]:
    """Runs a task in the worker's database role. Returns its message to the queue if the database
    is unreachable; soon after, the worker stops taking messages
    (integrations/runtime/watchdog.py)."""
    with tenant_scope.for_role(tenant_scope.WORKER):
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            if is_database_reachable():
                raise  # a lock that was not available, or a statement timeout
            database_outage.goes_on(error)
            time.sleep(REQUEUE_PAUSE)
            raise Reject(str(error), requeue=True) from None
        database_outage.is_over()
