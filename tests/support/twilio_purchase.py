"""A purchase on the fake Twilio."""

import pytest

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from integrations.models import Operation
from tests.support.harness_twilio import fake_twilio
from tests.support.platforms import LOOPBACK

PURCHASE_REQUEST = ("POST", "/IncomingPhoneNumbers.json")


@pytest.fixture
def bench():
    with fake_twilio() as opened:
        del opened.account["application_sid"]
        yield opened


@pytest.fixture
def twilio(bench):
    return bench.twilio


def purchase_request_bodies(twilio) -> list[str]:
    return [
        h.raw.decode()
        for h in twilio.requests
        if (h.method, h.path[-26:]) == (PURCHASE_REQUEST[0], PURCHASE_REQUEST[1])
    ]


@pytest.fixture
def house(alice, bench, settings):
    """Alice's organization with this account as its default for Twilio."""
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    integration, operation = connect_integration(
        alice.by, kind="twilio", name="tw", account=bench.account
    )
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    assert integration.state == "connected", integration.state_reason
    set_default_integration(alice.by, integration, role="twilio")
    return alice


def make_operations_due():
    Operation.objects.filter(status="open").update(next_attempt_at="2020-01-01T00:00Z")
