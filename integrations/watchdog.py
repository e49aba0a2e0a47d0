"""A Celery worker can stay deaf after its broker restarted (measured, cause unknown): notice, and
end.

The supervisor, or the container's restart policy, starts a fresh one. Deaf means: no message
arrived for two leases although an operation that is due was published that long ago and nobody
claimed it.
"""

import logging
import os
import signal
import threading
import time

from celery.signals import task_received
from django.conf import settings
from django.db import Error, close_old_connections
from django.db.models import Q
from django.db.models.functions import Now

from integrations.models import Operation
from organizations import sight

logger = logging.getLogger(__name__)
_last_message = time.monotonic()


@task_received.connect
def heard(**kwargs) -> None:
    global _last_message
    _last_message = time.monotonic()


def start() -> None:
    threading.Thread(target=watch, name="watchdog", daemon=True).start()


def watch(pause: float = 15.0) -> None:
    while True:
        time.sleep(pause)
        if is_deaf():
            logger.error(
                "no message for two leases although operations are due: ending this worker"
            )
            os.kill(os.getpid(), signal.SIGTERM)
            return


def is_deaf() -> bool:
    silence = time.monotonic() - _last_message
    return silence > 2 * settings.OPERATION_LEASE.total_seconds() and somebody_waits()


def somebody_waits() -> bool:
    """Published once, two leases after it was due, and never claimed since."""
    close_old_connections()
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    due_since = Now() - 2 * settings.OPERATION_LEASE
    try:
        with sight.everything():
            return Operation.objects.filter(
                free,
                status=Operation.Status.OPEN,
                next_attempt_at__lt=due_since,
                dispatched_at__isnull=False,
            ).exists()
    except Error:
        return False  # PostgreSQL is away: not the broker's silence
