"""The dispatcher's loop: woken by NOTIFY, alone at work, and back after the database was cut
off."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from integrations.ledger import dispatch, dispatcher
from integrations.models import Process
from tests.support import factories

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


class DispatcherThread:
    """run_dispatcher in a thread; `heard` collects what it publishes."""

    def __init__(self, heard: list):
        self.stop, self.heard = threading.Event(), heard
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        dispatcher.run_dispatcher(self.stop, pause=0.5)
        connection.close()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(10)


@pytest.fixture
def heard(monkeypatch) -> list:
    published: list = []
    monkeypatch.setattr(dispatch, "publish_operation", published.append)
    return published


@pytest.fixture
def loop(alice, heard) -> Iterator[DispatcherThread]:
    running = DispatcherThread(heard)
    wait_until(lambda: count_leaders() == 1)
    yield running
    running.end()


def count_leaders() -> int:
    return Process.objects.filter(state="leading").count()


def wait_until(true, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_new_wish_is_published_at_once(alice, loop, heard):
    number = factories.create_number(alice.by, settled=False)
    wait_until(lambda: heard)
    assert heard == [factories.find_open_operation("placement", number.placements.get().id).pk]


def test_a_second_dispatcher_stands_by(alice, loop, heard):
    second = DispatcherThread([])
    factories.create_number(alice.by, settled=False)
    wait_until(lambda: heard)
    assert count_leaders() == 1
    loop.end()
    wait_until(lambda: count_leaders() == 1)
    second.end()


def test_it_comes_back_after_the_database_was_cut_off(alice, loop, heard):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    factories.create_number(alice.by, settled=False)
    wait_until(lambda: heard)
