"""Numbers that an account supplies and a SIP platform serves."""

import pytest

from integrations.ledger import leases, worker
from integrations.ledger.leases import AttemptResult
from integrations.models import Integration, Operation
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from tests.support import factories

NUMBER = "+14155550110"


TRUNK_SETTINGS = {"server_address": "sip.example.com", "username": "acme", "password": "p4ss-w0rd"}


@pytest.fixture
def trunks(alice) -> Integration:
    """Where calls land; the default sandbox supplies the numbers."""
    return factories.create_sandbox(alice.by, name="Trunks", default=False)


@pytest.fixture
def number(alice, trunks) -> PhoneNumber:
    """Active on both."""
    made = import_supplied_number(alice, trunks)
    factories.run_number_operations(made)
    return made


def import_supplied_number(
    member, trunks: Integration, e164: str = NUMBER, **fields
) -> PhoneNumber:
    return import_number(
        member.by,
        number=e164,
        provider="twilio",
        voice_on=trunks,
        sip_settings=TRUNK_SETTINGS,
        **fields,
    )


def get_placement(number: PhoneNumber, role: str) -> Placement:
    return number.placements.get(role=role)


def find_placement_operation(number: PhoneNumber, role: str) -> Operation | None:
    return factories.find_open_operation("placement", get_placement(number, role).pk)


def settle_placement(number: PhoneNumber, role: str, outcome: str, reason: str = "") -> None:
    """The platform's answer, without the platform."""
    operation = leases.claim_operation(find_placement_operation(number, role).pk)
    worker.settle_operation(operation, AttemptResult(outcome, reason))
    number.refresh_from_db()


def run_placement_operation(number: PhoneNumber, role: str) -> Operation:
    done = factories.run_open_operation("placement", get_placement(number, role).pk)
    number.refresh_from_db()
    return done
