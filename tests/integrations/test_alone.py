"""Two attempts at one wish at a time: a platform that compares and stores without a lock would take
both, so the second one does not begin."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection

from integrations.ledger import worker
from integrations.models import Operation
from tests.fakes.livekit import FakeLiveKit
from tests.support import factories
from tests.support.livekit_integration import connect_livekit, import_sip_number
from tests.support.platforms import LOOPBACK

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def livekit(alice, settings):
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeLiveKit() as fake:
        connect_livekit(alice.by, fake.base_url, fake.api_key, fake.api_secret)
        yield fake


@pytest.fixture
def operation(alice, livekit) -> Operation:
    number = import_sip_number(alice.by)
    return factories.find_open_operation("placement", number.placements.get().id)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """With a database connection of its own, as another worker has."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def due_now(operation: Operation) -> None:
    """As when its lease has run out, or its time has come."""
    Operation.objects.filter(pk=operation.pk).update(
        lease_until=None, next_attempt_at="2020-01-01T00:00Z"
    )


def asked_to_create(livekit: FakeLiveKit) -> bool:
    return any("CreateSIPInbound" in heard.path for heard in livekit.requests)


def test_a_second_attempt_waits_for_the_first(livekit, operation):
    livekit.store_delay = 0.7  # it has checked for conflicts and has not stored yet
    slow = in_thread(lambda: worker.run_attempt(operation.pk))
    until(lambda: asked_to_create(livekit))
    due_now(operation)
    worker.run_attempt(operation.pk)
    operation.refresh_from_db()
    assert operation.outcome == "unavailable"
    assert "earlier attempt" in operation.reason
    slow.join()
    due_now(operation)
    worker.run_attempt(operation.pk)
    operation.refresh_from_db()
    assert operation.outcome == "done"
    assert [len(rows) for rows in (livekit.inbound, livekit.rules, livekit.outbound)] == [1, 1, 1]


def test_without_the_lock_there_would_be_two(livekit, operation, monkeypatch):
    """So that the test above means something: LiveKit itself has nothing against it."""
    monkeypatch.setattr(worker, "call_advisory_lock", lambda function, subject_id: True)
    livekit.store_delay = 0.5
    slow = in_thread(lambda: worker.run_attempt(operation.pk))
    until(lambda: asked_to_create(livekit))
    due_now(operation)
    worker.run_attempt(operation.pk)
    slow.join()
    assert len(livekit.inbound) == 2


def test_the_lock_ends_with_its_worker(livekit, operation):
    """Even if it never unlocks: the connection is what holds it."""
    thread = in_thread(
        lambda: worker.call_advisory_lock("pg_try_advisory_lock", operation.subject_id)
    )
    thread.join()
    worker.run_attempt(operation.pk)
    operation.refresh_from_db()
    assert operation.outcome == "done"


def test_other_wishes_are_not_held_up(alice, livekit, operation):
    other = import_sip_number(alice.by, "+15559876544")
    with worker.exclusive_subject_lock(operation.subject_id):
        thread = in_thread(lambda: factories.run_number_operations(other))
        thread.join()
    other.refresh_from_db()
    assert other.status == "active"
