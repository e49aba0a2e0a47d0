"""A worker watches itself: what it says, when it takes no messages, and when it is deaf."""

import os
import signal
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import Reject
from django.db import OperationalError, connection

from config.celery import app
from integrations.models import Operation
from integrations.runtime import processes, task_context, watchdog
from tests.support import factories

pytestmark = pytest.mark.django_db


@dataclass
class Consumer:
    """As much of Celery's as the watchdog touches. Its loop runs what it is given at once."""

    app: Any = app
    pool: Any = field(default_factory=lambda: SimpleNamespace(num_processes=2))
    task_consumer: Any = True
    done: list[str] = field(default_factory=list)

    def call_soon(self, act, *arguments) -> None:
        try:
            act(*arguments)
        except ConnectionError:
            self.done.append("connect anew")

    def cancel_task_queue(self, queue: str) -> None:
        self.done.append("cancel")

    def add_task_queue(self, queue: str) -> None:
        self.done.append("add")


@pytest.fixture
def watch(monkeypatch) -> watchdog.WorkerWatchdog:
    monkeypatch.setattr(connection, "close", lambda: None)  # of the test's transaction
    monkeypatch.setattr(watchdog, "_messages", 0)
    return watchdog.WorkerWatchdog(Consumer())


@pytest.fixture
def queued(monkeypatch) -> None:
    """Three messages lie in the queue."""
    monkeypatch.setattr(watchdog, "queue_length", lambda broker: 3)


def test_it_says_that_it_works(watch):
    watch.look()
    (process,) = processes.alive_processes("worker")
    assert (process.state, process.reason) == ("working", "")
    assert process.facts["processes"] == 2
    assert process.facts.keys() >= {"broker_ms", "database_ms", "queue"}


def test_it_says_that_the_broker_is_away(watch, monkeypatch):
    def away(broker):
        raise ConnectionError("refused")

    monkeypatch.setattr(watchdog, "queue_length", away)
    watch.look()
    (process,) = processes.alive_processes("worker")
    assert (process.state, process.reason) == ("paused", "The broker is out of reach: refused")
    monkeypatch.undo()


@pytest.mark.parametrize("heard", [False, True])
def test_after_a_silent_broker_it_connects_anew_unless_it_hears_well(watch, monkeypatch, heard):
    watch.broker.goes_on("timed out")
    if heard:
        watchdog.count_received_task()
    watch.look()
    assert watch.consumer.done == ([] if heard else ["connect anew"])


def test_an_empty_queue_is_no_error(watch):
    with app.connection_for_read() as broker:
        assert watchdog.queue_length(broker) == 0


class TestWithoutDatabase:
    def test_it_takes_no_messages_and_resumes_by_itself(self, watch, monkeypatch, caplog):
        report = watch.me.report

        def away(*_):
            raise OperationalError("the database system is starting up")

        monkeypatch.setattr(watch.me, "report", away)
        for _ in range(3):
            watch.look()
        assert watch.consumer.done == ["cancel"]
        monkeypatch.setattr(watch.me, "report", report)
        for _ in range(3):
            watch.look()
        assert watch.consumer.done == ["cancel", "add"]
        said = [record.message for record in caplog.records if "PostgreSQL" in record.message]
        assert len(said) == 2
        assert "starting up; no message is taken meanwhile" in said[0]
        assert "is back" in said[1]

    def test_while_it_connects_to_the_broker_there_is_nothing_to_stop(self, watch):
        watch.consumer.task_consumer = None
        watch.pause()
        assert watch.consumer.done == []

    def test_a_message_goes_back_to_its_queue(self, monkeypatch):
        monkeypatch.setattr(task_context, "REQUEUE_PAUSE", 0)
        monkeypatch.setattr(task_context, "is_database_reachable", lambda: False)
        with pytest.raises(Reject) as rejected, task_context.worker_task_context():
            raise OperationalError("server closed the connection unexpectedly")
        assert rejected.value.requeue

    def test_a_lock_that_was_not_to_be_had_is_no_outage(self, monkeypatch):
        monkeypatch.setattr(task_context, "is_database_reachable", lambda: True)
        with pytest.raises(OperationalError), task_context.worker_task_context():
            raise OperationalError("canceling statement due to lock timeout")


@pytest.mark.usefixtures("queued")
class TestDeafness:
    @pytest.fixture
    def killed(self, monkeypatch) -> list:
        signals: list = []
        monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))
        return signals

    def test_it_connects_anew_and_then_ends(self, watch, killed):
        for _ in range(watchdog.RECONNECT_AFTER):
            watch.look()
        assert watch.consumer.done == ["connect anew"]
        assert not killed
        for _ in range(watchdog.TERMINATE_AFTER):
            watch.look()
        assert killed == [(os.getpid(), signal.SIGTERM)]

    def test_one_that_takes_messages_hears_well(self, watch, killed):
        for _ in range(watchdog.TERMINATE_AFTER + 1):
            watchdog.count_received_task()
            watch.look()
        assert (watch.consumer.done, killed) == ([], [])

    def test_one_that_is_busy_has_no_need_of_more(self, watch, killed, monkeypatch):
        monkeypatch.setattr(watchdog.celery_state, "reserved_requests", {1, 2})
        for _ in range(watchdog.TERMINATE_AFTER + 1):
            watch.look()
        assert (watch.consumer.done, killed) == ([], [])

    def test_one_that_is_paused_does_not_listen(self, watch, killed):
        watch.is_paused = True
        for _ in range(watchdog.TERMINATE_AFTER + 1):
            watch.listen(waiting=3)
        assert (watch.consumer.done, killed) == ([], [])


def test_operations_that_are_late_say_nothing_about_this_worker(alice, watch):
    """Nobody has claimed them, and no message lies in the queue: they are another's, or lost."""
    factories.create_number(alice.by, settled=False)
    long_ago = "2020-01-01T00:00Z"
    Operation.objects.filter(status="open").update(next_attempt_at=long_ago, dispatched_at=long_ago)
    for _ in range(watchdog.TERMINATE_AFTER + 1):
        watch.look()
    assert watch.consumer.done == []
