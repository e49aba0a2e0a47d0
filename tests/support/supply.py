"""Numbers that an account supplies and a SIP platform serves."""

import pytest

from integrations.ledger import leases, worker
from integrations.ledger.leases import Verdict
from integrations.models import Integration, Operation
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from tests.support import factories

NUMBER = "+14155550110"


TRUNK = {"server_address": "sip.example.com", "username": "acme", "password": "p4ss-w0rd"}


@pytest.fixture
def trunks(alice) -> Integration:
    """Where calls land; the default sandbox supplies the numbers."""
    return factories.sandbox(alice.by, name="Trunks", default=False)


@pytest.fixture
def number(alice, trunks) -> PhoneNumber:
    """Active on both."""
    made = supplied(alice, trunks)
    factories.work_number(made)
    return made


def supplied(member, trunks: Integration, e164: str = NUMBER, **fields) -> PhoneNumber:
    return import_number(
        member.by, number=e164, provider="twilio", voice_on=trunks, sip_settings=TRUNK, **fields
    )


def placed(number: PhoneNumber, role: str) -> Placement:
    return number.placements.get(role=role)


def asked(number: PhoneNumber, role: str) -> Operation | None:
    return factories.open_operation("placement", placed(number, role).pk)


def settle(number: PhoneNumber, role: str, outcome: str, reason: str = "") -> None:
    """The platform's answer, without the platform."""
    operation = leases.claim(asked(number, role).pk)
    worker.settle(operation, Verdict(outcome, reason))
    number.refresh_from_db()


def work(number: PhoneNumber, role: str) -> Operation:
    done = factories.work("placement", placed(number, role).pk)
    number.refresh_from_db()
    return done
