"""The doorbell: picks what is due, respects each integration's limits, publishes ids to the broker;
likewise for chores (integrations/chores.py).

One dispatcher works at a time (a session advisory lock); others stand by. A lost message costs only
time: what was published and not claimed within OPERATION_REDISPATCH is published again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from integrations import chores
from integrations.claims import BREAKER_THRESHOLD, CHANNEL, QUESTIONS
from integrations.models import Operation, ProviderCall
from organizations.entering.sessions import forget_dead
from organizations.models import SavedReply

logger = logging.getLogger(__name__)

LOCK = 0x70617463  # "patc": the advisory lock of the one dispatcher
MESSAGE_EXPIRES = 300  # seconds
QUESTION_RETENTION = timedelta(days=1)  # for whoever comes back for an answer

# What people wait for goes before any queue.
AWAITED = ", ".join(f"'{wish}'" for wish in (Operation.Wish.CHECK, *QUESTIONS))

# Up to `max_in_flight` operations per integration are dispatched or leased at a time. One that is
# paused, resting (breaker) or paced gives none but checks, which people wait for; one that has just
# rested gives one, a probe. The times are the statement's, as Django's Now() has them.
# MATERIALIZED, as a plan that chose anew for each row would choose more than that.
DUE = f"""
WITH chosen AS MATERIALIZED (
    SELECT due.id FROM integrations_integration i CROSS JOIN LATERAL (
        SELECT o.id FROM integrations_operation o
        WHERE o.integration_id = i.id AND o.status = 'open'
          AND o.next_attempt_at <= statement_timestamp()
          AND coalesce(o.lease_until, '-infinity') < statement_timestamp()
          AND coalesce(o.dispatched_at, '-infinity') < statement_timestamp() - %(redispatch)s
          AND (o.wish = 'check' OR i.state = 'connected'
               AND coalesce(greatest(i.open_until, i.paced_until), '-infinity')
                   <= statement_timestamp())
        ORDER BY o.wish NOT IN ({AWAITED}), o.next_attempt_at
        LIMIT greatest(0,
            CASE WHEN i.failures >= {BREAKER_THRESHOLD} THEN 1 ELSE i.max_in_flight END - (
                SELECT count(*) FROM integrations_operation f
                WHERE f.integration_id = i.id AND f.status = 'open' AND greatest(
                    f.lease_until, f.dispatched_at + %(redispatch)s) >= statement_timestamp()))
        FOR UPDATE SKIP LOCKED
    ) due
)
UPDATE integrations_operation stamped SET dispatched_at = statement_timestamp()
FROM chosen WHERE stamped.id = chosen.id RETURNING stamped.id
"""


def dispatch_due(publish: Callable[[UUID], None]) -> int:
    """One round: stamp what is due, publish the ids; what could not be published is due again at
    once."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"redispatch": settings.OPERATION_REDISPATCH})
        due = [row[0] for row in cursor.fetchall()]
    return chores.send(due, publish, unstamp)


def unstamp(operation_ids: Sequence[UUID]) -> None:
    """One statement each, so that no row stays locked while another is waited for."""
    for operation_id in operation_ids:
        Operation.objects.filter(pk=operation_id, lease_until=None).update(dispatched_at=None)


def publish(operation_id: UUID) -> None:
    """To Celery. Short timeouts, one try: the ledger is what remembers."""
    from integrations.tasks import run_operation

    run_operation.apply_async(
        kwargs={"operation_id": str(operation_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


def dispatch_forever(stop: Event, *, pause: float = 1.0) -> None:
    """Hold the lock, listen, dispatch; after a lost database connection begin anew."""
    while not stop.is_set():
        try:
            with psycopg.connect(**listener_parameters(), autocommit=True) as listener:
                serve(listener, stop, pause)
        except (psycopg.Error, Error) as error:
            logger.warning(
                "no database (%s); trying again in a second", str(error).partition("\n")[0]
            )
            connection.close()
            stop.wait(pause)


def listener_parameters() -> dict:
    """A connection of its own, without the statement timeout that a listener would run into."""
    parameters = connection.get_connection_params()
    return {
        name: parameters[name]
        for name in ("host", "port", "user", "password", "dbname")
        if parameters.get(name)
    }


def serve(listener: psycopg.Connection, stop: Event, pause: float) -> None:
    while not stop.is_set() and not take_lock(listener):
        stop.wait(pause)
    listener.execute(f"LISTEN {CHANNEL}")
    next_cleaning = 0.0
    while not stop.is_set():
        # One round is enough: what becomes due meanwhile, or makes room for more, notifies again.
        dispatch_due(publish)
        chores.ring()
        if time.monotonic() >= next_cleaning:
            clean_up()
            next_cleaning = time.monotonic() + 60
        for _notice in listener.notifies(timeout=pause, stop_after=1):
            pass


def take_lock(listener: psycopg.Connection) -> bool:
    return listener.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()[0]


def clean_up() -> None:
    """Drop what has outlived its use: expired replies and sessions, old platform calls, answered
    questions."""
    delete_unlocked(SavedReply.objects.filter(expires_at__lt=Now()))
    oldest = Now() - max(settings.PLATFORM_CALLS_RETENTION, timedelta(days=1))
    delete_unlocked(ProviderCall.objects.filter(at__lt=oldest))
    forget_questions()
    forget_dead()
    chores.clean_up()


@transaction.atomic
def delete_unlocked(rows: QuerySet) -> None:
    """Rows that another transaction has locked are left for the next time."""
    free = rows.select_for_update(skip_locked=True).values("pk")
    rows.model.objects.filter(pk__in=free).delete()


@transaction.atomic
def forget_questions() -> None:
    """The calls they made stay in the log for as long as any."""
    old = Operation.objects.filter(
        subject_kind__in=QUESTIONS, settled_at__lt=Now() - QUESTION_RETENTION
    )
    free = old.select_for_update(skip_locked=True)
    if settled := list(free.values_list("pk", flat=True)):
        ProviderCall.objects.filter(operation__in=settled).update(operation=None)
        Operation.objects.filter(pk__in=settled).delete()
