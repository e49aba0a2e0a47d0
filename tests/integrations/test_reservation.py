"""A worker holds its operation for longer than a write may take: before each call it renews what
is about to run out, and one whose operation is in other hands writes nothing any more."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.http.platform_client import WRITE_SECONDS
from integrations.ledger import leases
from integrations.ledger.leases import LeaseLost
from integrations.models import Operation
from tests.support import factories
from tests.support.socket_peers import OK_RESPONSE, ScriptedPeer, open_client, reply_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(alice) -> Operation:
    number = factories.create_number(alice.by, settled=False)
    return leases.claim_operation(
        factories.find_open_operation("placement", number.placements.get().id).pk
    )


def runs_out(operation: Operation) -> None:
    operation.holds_until = time.monotonic() + 1


def test_a_lease_is_longer_than_a_write(settings):
    assert settings.OPERATION_LEASE.total_seconds() > leases.MIN_LEASE_REMAINING > WRITE_SECONDS


def test_a_fresh_one_is_not_renewed(operation, django_assert_num_queries):
    with django_assert_num_queries(0):
        leases.renew_lease(operation)


def test_one_that_runs_out_is(operation, settings):
    runs_out(operation)
    soon = timezone.now() + timedelta(seconds=1)
    Operation.objects.update(lease_until=soon)
    leases.renew_lease(operation)
    operation.refresh_from_db()
    assert operation.lease_until > soon + timedelta(seconds=20)
    assert operation.holds_until > time.monotonic() + leases.MIN_LEASE_REMAINING


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whoever_lost_it_calls_nobody(operation, method):
    runs_out(operation)
    Operation.objects.update(fence=operation.fence + 1)
    with ScriptedPeer(reply_script(OK_RESPONSE)) as peer:
        with pytest.raises(LeaseLost):
            open_client(peer.url, renew=lambda: leases.renew_lease(operation)).request(method, "/x")
        assert peer.heard == []


def test_a_long_answer_is_read_under_a_lease(operation):
    renewed = []
    with ScriptedPeer(reply_script(OK_RESPONSE)) as peer:
        open_client(peer.url, renew=lambda: renewed.append(1)).request("GET", "/x")
    assert len(renewed) > 1


def test_a_write_is_given_up_while_it_still_is_ours(monkeypatch):
    monkeypatch.setattr("integrations.http.platform_client.WRITE_SECONDS", 0.3)

    def drips(peer, connection):
        peer.hear(connection)
        for byte in OK_RESPONSE:
            connection.send(bytes([byte]))
            time.sleep(0.05)

    with ScriptedPeer(drips) as peer:
        began = time.monotonic()
        with pytest.raises(Exception, match="answer was lost"):
            open_client(peer.url).request("POST", "/x", json={})
        assert time.monotonic() - began < 2
