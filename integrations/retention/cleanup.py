"""Deletes what has outlived its use, in small batches: a task of the workers, for which the
dispatcher rings once a minute (integrations/ledger/job_sources.py).

Nobody waits for it, and it waits for nobody: a locked row is left for the next time. Each batch is
a transaction of its own, so that a task that dies leaves nothing half done.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction
from django.db.models import QuerySet

from integrations.ledger.job_sources import JobSource
from integrations.runtime.outages import is_database_reachable
from organizations.tenancy import tenant_scope
from organizations.text.errors import error_summary

logger = logging.getLogger(__name__)

# Deletes at most so many rows, within the transaction of its caller; returns how many. None means
# that there are no more for now.
CleanupRule = Callable[[int], int]

BATCH_SIZE = 500  # rows of a transaction
CLEANUP_INTERVAL = 60.0  # seconds from one task to the next
CLEANUP_SECONDS = 20.0  # that one task begins new batches; its time limit is a minute

_rules: dict[str, CleanupRule] = {}


def register_cleanup_rule(name: str, rule: CleanupRule) -> None:
    """Apps uphill register theirs in `AppConfig.ready()`. `name` says in the log what goes."""
    _rules[name] = rule


def run_cleanup(seconds: float = CLEANUP_SECONDS) -> dict[str, int]:
    """Follow all rules in turn, until nothing is left or the time is over. Returns how many rows
    went, by rule; a rule that fails is left for the next time."""
    until = time.monotonic() + seconds
    gone = dict.fromkeys(_rules, 0)
    waiting = list(_rules)
    with tenant_scope.all_organizations():
        while waiting and time.monotonic() < until:
            for name in tuple(waiting):
                count = run_cleanup_rule(name)
                gone[name] += count
                if not count:
                    waiting.remove(name)
    return gone


def run_cleanup_rule(name: str) -> int:
    """One batch of one rule."""
    try:
        with transaction.atomic():
            return _rules[name](BATCH_SIZE)
    except Error as error:
        if not connection.in_atomic_block and not is_database_reachable():
            raise  # no rule would fare better
        reason = error_summary(error)
        logger.warning("Expired rows (%s) are not deleted this time: %s", name, reason)
        return 0


def delete_unlocked(rows: QuerySet, most: int) -> int:
    """Delete the first of `rows`. Those that another transaction has locked are left."""
    keys = lock_unlocked(rows, most)
    rows.model.objects.filter(pk__in=keys).delete()
    return len(keys)


def lock_unlocked(rows: QuerySet, most: int) -> list[Any]:
    """The keys of the first of `rows` that nobody else has locked. They stay locked until the end
    of the transaction."""
    free = rows.select_for_update(skip_locked=True, of=("self",))
    return list(free.values_list("pk", flat=True)[:most])


class CleanupTimer:
    """Rings when a minute is over; what could not be published waits for the next."""

    def __init__(self) -> None:
        self.next = 0.0

    def due(self) -> Sequence[UUID]:
        if time.monotonic() < self.next:
            return []
        self.next = time.monotonic() + CLEANUP_INTERVAL
        return [UUID(int=0)]


def publish_cleanup(_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from integrations.tasks import clean_up as task

    task.apply_async(expires=CLEANUP_INTERVAL, retry=False)


CLEANUP_JOB_SOURCE = JobSource(CleanupTimer().due, publish_cleanup, unstamp=lambda _ids: None)
