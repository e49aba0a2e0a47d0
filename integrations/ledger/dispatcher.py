"""The dispatcher: one leads and dispatches, others stand by (integrations/ledger/leadership.py)."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

import psycopg
from celery import current_app
from django.db import Error, connection
from kombu import pools

from integrations.ledger import dispatch, job_sources
from integrations.ledger.job_sources import BrokerAway
from integrations.ledger.leadership import Lead
from integrations.ledger.leases import CHANNEL
from integrations.models import Process
from integrations.runtime.outages import Outage
from integrations.runtime.processes import BEAT, Reporter

logger = logging.getLogger(__name__)
database, broker = Outage(logger, "PostgreSQL"), Outage(logger, "The broker")
LISTENER_ANSWERS_WITHIN = 5.0  # seconds: it only renews a row


def dispatch_forever(stop: Event, *, pause: float = 1.0) -> None:
    """Stand by, lead, dispatch; after a lost database connection begin anew."""
    me = Reporter(Process.Kind.DISPATCHER)
    logger.info("dispatcher %s started", me.instance)
    while not stop.is_set():
        try:
            with connection.separate(answer_within=LISTENER_ANSWERS_WITHIN) as listener:
                serve(Lead(listener, me.instance), me, stop, pause)
        except (psycopg.Error, Error) as error:
            database.goes_on(error)
            connection.close()
            stop.wait(pause)
    leave(me)


def serve(lead: Lead, me: Reporter, stop: Event, pause: float) -> None:
    """Until it is to stop, or another leads. Raises where the database is out of reach."""
    stand_by(lead, me, stop, pause)
    if not lead.term:
        return
    logger.info("leading (term %s)", lead.term)
    lead.connection.execute(f"LISTEN {CHANNEL}")
    report = Report(me, Process.State.LEADING)
    while not stop.is_set():
        if not lead.renew():
            logger.warning("lost the lead of term %s: another dispatcher took over", lead.term)
            return
        report.sometimes(broker.reason)
        # One round is enough: what becomes due meanwhile, or makes room for more, notifies again.
        ring()
        for _notice in lead.connection.notifies(timeout=pause, stop_after=1):
            pass
    lead.release()


def stand_by(lead: Lead, me: Reporter, stop: Event, pause: float) -> None:
    """Until it leads, or is to stop."""
    report, told = Report(me, Process.State.STANDING_BY), False
    while not stop.is_set() and not lead.take():
        if not told:
            logger.info("standing by")
            told = True
        database.is_over()
        report.sometimes()
        stop.wait(pause)
    database.is_over()


@dataclass
class Report:
    """What is said of this dispatcher every few seconds."""

    me: Reporter
    state: str
    next_at: float = 0.0

    def sometimes(self, reason: str = "") -> None:
        if time.monotonic() >= self.next_at:
            self.me.report(self.state, reason)
            self.next_at = time.monotonic() + BEAT


def leave(me: Reporter) -> None:
    with suppress(Error):  # the row ends by itself, later
        me.leave()
    logger.info("dispatcher %s stopped", me.instance)


def ring() -> None:
    """Chores first: they take few slots, and operations would leave them none. Where the broker
    takes no messages, the rest of the round would only wait for it."""
    try:
        job_sources.ring()
        dispatch.dispatch_due(dispatch.publish)
    except BrokerAway as error:
        broker.goes_on(error)
        forget_connections()
    else:
        broker.is_over()


def forget_connections() -> None:
    """To the broker. Each of them may be lost, and would cost a timeout of its own."""
    pools.reset()
    current_app._pool = current_app.amqp._producer_pool = None  # Celery has no public way
