"""Deletes expired rows in small batches. The dispatcher publishes the task to the workers once a
minute (integrations/ledger/job_sources.py).

No other work waits for the cleanup, and it waits for no locks: a locked row is left for the next
run. Each batch is a transaction of its own, so a task that dies leaves no batch incomplete.
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

# A rule deletes at most the given number of rows within its caller's transaction and returns how
# many. 0 means that none are left for now.
CleanupRule = Callable[[int], int]

BATCH_SIZE = 500  # rows per transaction
CLEANUP_INTERVAL = 60.0  # seconds between two tasks
CLEANUP_SECONDS = 20.0  # seconds in which one task begins new batches; its time limit is a minute

_rules: dict[str, CleanupRule] = {}


def register_cleanup_rule(name: str, rule: CleanupRule) -> None:
    """Registers a rule. Apps that depend on this one register theirs in `AppConfig.ready()`. `name`
    says in the log which rows are deleted."""
    _rules[name] = rule


def run_cleanup(seconds: float = CLEANUP_SECONDS) -> dict[str, int]:
    """Runs all rules in turn until no rows are left or the time is over. Returns the number of
    deleted rows by rule. A rule that fails is left for the next run."""
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
    """Runs one batch of one rule and returns the number of rows, or 0 if the rule failed. Raises
    django.db.Error if the database is unreachable."""
    try:
        with transaction.atomic():
            return _rules[name](BATCH_SIZE)
    except Error as error:
        if not connection.in_atomic_block and not is_database_reachable():
            raise  # every other rule would fail too
        reason = error_summary(error)
        logger.warning("Expired rows (%s) are not deleted this time: %s", name, reason)
        return 0


def delete_unlocked(rows: QuerySet, most: int) -> int:
    """Deletes the first `most` of `rows` that no other transaction has locked. Returns how many."""
    keys = lock_unlocked(rows, most)
    rows.model.objects.filter(pk__in=keys).delete()
    return len(keys)


def lock_unlocked(rows: QuerySet, most: int) -> list[Any]:
    """Locks the first `most` of `rows` that no other transaction has locked, until the end of the
    transaction. Returns their keys."""
    free = rows.select_for_update(skip_locked=True, of=("self",))
    return list(free.values_list("pk", flat=True)[:most])


class CleanupTimer:
    """Triggers the cleanup once a minute. A task that could not be published waits for the next
    minute."""

    def __init__(self) -> None:
        self.next = 0.0

    def due(self) -> Sequence[UUID]:
        if time.monotonic() < self.next:
            return []
        self.next = time.monotonic() + CLEANUP_INTERVAL
        return [UUID(int=0)]


def publish_cleanup(_id: UUID) -> None:
    """Publishes the task to Celery, which web processes must not import."""
    from integrations.tasks import clean_up as task

    task.apply_async(expires=CLEANUP_INTERVAL, retry=False)


CLEANUP_JOB_SOURCE = JobSource(CleanupTimer().due, publish_cleanup, unstamp=lambda _ids: None)
