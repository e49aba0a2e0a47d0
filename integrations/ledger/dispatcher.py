"""The dispatcher process: one dispatcher leads and dispatches, the others are on standby
(integrations/ledger/leadership.py)."""

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
from integrations.ledger.job_sources import BrokerUnavailable
from integrations.ledger.leadership import LEADERSHIP_LEASE, LeadershipLease
from integrations.ledger.leases import NOTIFY_CHANNEL
from integrations.models import Process
from integrations.runtime.outages import Outage
from integrations.runtime.processes import HEARTBEAT_SECONDS, ProcessReporter, alive_processes

logger = logging.getLogger(__name__)
database_outage, broker_outage = Outage(logger, "PostgreSQL"), Outage(logger, "The broker")
LISTENER_TIMEOUT = 5.0  # seconds: it only renews a row
HANDOVER_AFTER = 6.0  # seconds without the broker, which another dispatcher may reach


def run_dispatcher(stop: Event, *, pause: float = 1.0) -> None:
    """Waits for leadership, leads and dispatches until `stop` is set. Starts over when the database
    connection is lost."""
    me = ProcessReporter(Process.Kind.DISPATCHER)
    logger.info("dispatcher %s started", me.instance)
    while not stop.is_set():
        try:
            with connection.separate(answer_within=LISTENER_TIMEOUT) as listener:
                lead_and_dispatch(LeadershipLease(listener, me.instance), me, stop, pause)
        except (psycopg.Error, Error) as error:
            database_outage.goes_on(error)
            connection.close()
            stop.wait(pause)
    report_dispatcher_stopped(me)


def lead_and_dispatch(
    lead: LeadershipLease, me: ProcessReporter, stop: Event, pause: float
) -> None:
    """Leads and dispatches until `stop` is set or another dispatcher takes over. Raises
    django.db.Error or psycopg.Error if the database is unreachable."""
    wait_for_leadership(lead, me, stop, pause)
    if not lead.term:
        return
    logger.info("leading (term %s)", lead.term)
    lead.connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
    report = PeriodicReport(me, Process.State.LEADING)
    while not stop.is_set():
        if not lead.renew():
            logger.warning("lost the lead of term %s: another dispatcher took over", lead.term)
            return
        report.sometimes(broker_outage.reason)
        # One round is enough, because anything that becomes due or frees a slot meanwhile sends
        # another notification.
        run_dispatch_round()
        if broker_outage.seconds > HANDOVER_AFTER and has_successor(me):
            hand_over(lead, stop)
            return
        for _notice in lead.connection.notifies(timeout=pause, stop_after=1):
            pass
    lead.release()


def has_successor(me: ProcessReporter) -> bool:
    """Returns whether another dispatcher is on standby and reports no problem."""
    others = alive_processes(Process.Kind.DISPATCHER).exclude(pk=me.instance)
    return others.filter(state=Process.State.STANDING_BY, reason="").exists()


def hand_over(lead: LeadershipLease, stop: Event) -> None:
    logger.warning("gave back the lead of term %s: the broker is out of reach from here", lead.term)
    lead.release()
    stop.wait(LEADERSHIP_LEASE.total_seconds() / 2)  # this process must not take the lease itself


def wait_for_leadership(
    lead: LeadershipLease, me: ProcessReporter, stop: Event, pause: float
) -> None:
    """Waits until this dispatcher leads or `stop` is set."""
    report, told = PeriodicReport(me, Process.State.STANDING_BY), False
    while not stop.is_set() and not lead.take():
        if not told:
            logger.info("standing by")
            told = True
        database_outage.is_over()
        if report.is_due:
            check_broker()
        report.sometimes(broker_outage.reason)
        stop.wait(pause)
    database_outage.is_over()


@dataclass
class PeriodicReport:
    """Reports the state of this dispatcher every HEARTBEAT_SECONDS."""

    me: ProcessReporter
    state: str
    next_at: float = 0.0

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self.next_at

    def sometimes(self, reason: str = "") -> None:
        if self.is_due:
            self.me.report(self.state, reason)
            self.next_at = time.monotonic() + HEARTBEAT_SECONDS


def report_dispatcher_stopped(me: ProcessReporter) -> None:
    with suppress(Error):  # the row expires later
        me.leave()
    logger.info("dispatcher %s stopped", me.instance)


def run_dispatch_round() -> None:
    """Publishes due jobs, then due operations. Jobs go first because they need few slots and
    operations would leave them none. If the broker rejects messages, the rest of the round is
    skipped, because each message would only wait for a timeout."""
    try:
        job_sources.publish_due_jobs()
        dispatch.dispatch_due_operations(dispatch.publish_operation)
    except BrokerUnavailable as error:
        broker_outage.goes_on(error)
        reset_broker_connections()
    else:
        broker_outage.is_over()


def check_broker() -> None:
    """Checks whether a known broker outage has ended. A dispatcher on standby that knows of no
    outage does not need the broker."""
    if not broker_outage.seconds:
        return
    try:
        with current_app.connection_for_write() as broker:
            broker.default_channel.client.ping()
    except Exception as error:  # the transports raise many kinds
        broker_outage.goes_on(error)
    else:
        broker_outage.is_over()


def reset_broker_connections() -> None:
    """Drops all connections to the broker. Each of them may be dead and would cost a timeout of its
    own."""
    pools.reset()
    current_app._pool = current_app.amqp._producer_pool = None  # Celery has no public API for this
