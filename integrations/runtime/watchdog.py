"""The worker's watchdog: it reports that the worker runs, stops taking messages while the database
is unreachable, and notices when the worker no longer receives messages.

The watchdog only considers its own worker. A worker is stuck if it takes no message although
messages are in the queue, the broker answers and one of its processes is free. A slow worker
elsewhere or a late operation does not count. (Celery's connection to the broker can wait forever
for a peer that vanished.) The watchdog first reconnects, then ends the worker, which its supervisor
restarts.
"""

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from celery.signals import task_received, worker_shutdown, worker_shutting_down
from celery.worker import state as celery_state
from django.conf import settings
from django.db import Error, connection

from integrations.models import Process
from integrations.runtime.outages import Outage
from integrations.runtime.processes import HEARTBEAT_SECONDS, ProcessReporter
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)
DATABASE_RETRY_SECONDS = 1.0  # seconds between checks while the database is unreachable
RECONNECT_AFTER = 2  # checks in a row that found it stuck: reconnects
TERMINATE_AFTER = 8  # ends the worker

_messages = 0


@task_received.connect
def count_received_task(**kwargs) -> None:
    global _messages
    _messages += 1


@dataclass
class WorkerWatchdog:
    """Watches one worker. `consumer` is Celery's, which runs in another thread."""

    consumer: Any
    me: ProcessReporter = field(default_factory=lambda: ProcessReporter(Process.Kind.WORKER))
    database: Outage = field(default_factory=lambda: Outage(logger, "PostgreSQL"))
    broker: Outage = field(default_factory=lambda: Outage(logger, "The broker"))
    is_paused: bool = False
    deaf_looks: int = 0
    messages_before: int = 0

    def look(self) -> None:
        """Runs one check; called every few seconds."""
        waiting, facts = self.ask_broker()
        self.say(facts)
        self.listen(waiting)

    def ask_broker(self) -> tuple[int, dict[str, float]]:
        """Returns the number of waiting messages, and the measured figures with the response time
        in ms. Returns 0 and no figures if the broker is unreachable."""
        began = time.monotonic()
        try:
            with self.consumer.app.connection_for_read() as broker:
                waiting = queue_length(broker)
        except Exception as error:  # the transports raise many kinds
            self.broker.goes_on(error)
            return 0, {}
        if self.broker.since is not None:
            self.broker.is_over()
            self.connect_anew_unless_heard()
        return waiting, {"broker_ms": milliseconds_since(began), "queue": waiting}

    def connect_anew_unless_heard(self) -> None:
        """Reconnects unless a message has arrived. The broker was unreachable, so the earlier
        connection is probably lost, which Celery may never notice."""
        if self.messages_before == _messages:
            self.consumer.call_soon(force_reconnect)

    def say(self, facts: dict[str, float]) -> None:
        """Reports on a new database connection. Stops taking messages if the database is
        unreachable."""
        began, reason = time.monotonic(), self.broker.reason
        state = Process.State.PAUSED if reason else Process.State.WORKING
        try:
            connection.ensure_connection()
            facts["database_ms"] = milliseconds_since(began)
            facts["processes"] = self.consumer.pool.num_processes
            self.me.report(state, reason, facts)
        except Error as error:
            self.database.goes_on(f"{error}; no message is taken meanwhile")
            self.pause()
        else:
            self.database.is_over()
            self.resume()
        finally:
            connection.close()

    def pause(self) -> None:
        if not self.is_paused:
            self.is_paused = True
            self.consumer.call_soon(change_task_queue, self.consumer, "cancel_task_queue")

    def resume(self) -> None:
        if self.is_paused:
            self.is_paused = False
            self.consumer.call_soon(change_task_queue, self.consumer, "add_task_queue")

    def listen(self, waiting: int) -> None:
        """Counts the checks in a row at which the worker is stuck; reconnects, then ends the
        worker."""
        heard_something = self.messages_before != _messages
        self.messages_before = _messages
        is_free = len(celery_state.reserved_requests) < self.consumer.pool.num_processes
        is_deaf = waiting and is_free and not heard_something and not self.is_paused
        self.deaf_looks = self.deaf_looks + 1 if is_deaf else 0
        if self.deaf_looks == RECONNECT_AFTER:
            logger.error("%s messages wait and none arrives here: connecting anew", waiting)
            self.consumer.call_soon(force_reconnect)
        elif self.deaf_looks == TERMINATE_AFTER:
            logger.error("%s messages wait and none arrives here: ending this worker", waiting)
            os.kill(os.getpid(), signal.SIGTERM)


def queue_length(broker: Any) -> int:
    queue = settings.CELERY_TASK_DEFAULT_QUEUE
    try:
        return broker.default_channel.queue_declare(queue, passive=True).message_count
    except broker.channel_errors:  # an empty list does not exist in Redis
        broker.default_channel.client.ping()
        return 0


def milliseconds_since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)


def change_task_queue(consumer: Any, change: str) -> None:
    """Starts or stops taking messages; runs in Celery's loop. While Celery connects, it has no
    consumer, and applies the selected queues afterwards."""
    if consumer.task_consumer is not None:
        getattr(consumer, change)(settings.CELERY_TASK_DEFAULT_QUEUE)


def force_reconnect() -> None:
    """Raises the error at which Celery reconnects; runs in Celery's loop."""
    raise ConnectionError("no message arrives on this connection")


def start_watchdog(consumer: Any) -> None:
    """Starts the watchdog thread once, because Celery becomes ready again after each connection."""
    if not any(thread.name == "watchdog" for thread in threading.enumerate()):
        threading.Thread(target=run_watchdog, args=[consumer], name="watchdog", daemon=True).start()


def run_watchdog(consumer: Any) -> None:
    watching, is_ending = WorkerWatchdog(consumer), threading.Event()
    worker_shutting_down.connect(lambda **_: is_ending.set(), weak=False)
    worker_shutdown.connect(lambda **_: report_worker_stopped(watching.me), weak=False)
    with tenant_scope.for_role(tenant_scope.WORKER):
        while not is_ending.is_set():
            try:
                watching.look()
            except Exception:  # whatever it is, the next check may succeed
                logger.exception("the watchdog stumbled")
            is_ending.wait(DATABASE_RETRY_SECONDS if watching.is_paused else HEARTBEAT_SECONDS)


def report_worker_stopped(me: ProcessReporter) -> None:
    try:
        with tenant_scope.for_role(tenant_scope.WORKER):
            me.leave()
    except Error:
        pass  # the row expires later
