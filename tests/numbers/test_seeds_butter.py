"""Seed 003, Butter's: its requests word for word, its answers field by field."""

import re
from datetime import datetime

import pytest

from integrations.models import Integration
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.butter_documents import SIP_REQUEST, TWILIO_REQUEST

pytestmark = pytest.mark.django_db


def is_time(value) -> bool:
    return value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None


def matches(pattern):
    return lambda value: re.fullmatch(pattern, value) is not None


def same(expected):
    return lambda value: value == expected and type(value) is type(expected)


NUMBER = {
    "phone_number_id": matches(r"phon_[a-f0-9]{12,}"),
    "phone_number": same("+15551234567"),
    "provider": same("twilio"),
    "status": same("free"),
    "supports_inbound": same(True),
    "supports_outbound": same(True),
    "integration_id": same("intg_a1b2c3d4e5f6"),
    "created_at": is_time,
    "updated_at": is_time,
}


def holds(body: dict, fields: dict) -> bool:
    wrong = [name for name, check in fields.items() if name not in body or not check(body[name])]
    assert not wrong, f"{wrong} in {body}"
    return True


@pytest.fixture
def seed_integration(alice) -> Integration:
    """The Twilio integration that the example names; here the sandbox stands for Twilio."""
    made = factories.create_sandbox(alice.by, name="Twilio", default=False)
    Integration.objects.filter(pk=made.pk).update(public_id="intg_a1b2c3d4e5f6")
    return Integration.objects.get(pk=made.pk)


def post(member, body: str, client):
    """As the document has it: X-API-Key, X-Organization-Id, Content-Type."""
    headers = {
        "X-API-Key": member.key_text,
        "X-Organization-Id": member.organization.public_id,
    }
    return client.generic("POST", "/api/phone-numbers", body, "application/json", headers=headers)


def test_003_import_a_twilio_number(alice, seed_integration, client):
    answer = post(alice, TWILIO_REQUEST, client)
    body = answer.json()
    assert answer.status_code == 201
    assert body["success"] is True
    assert body["message"] == "Phone number imported successfully with twilio"
    assert holds(body["data"], NUMBER)
    number = PhoneNumber.objects.get()
    factories.run_number_operations(number)
    placement = number.placements.get()
    assert (number.status, placement.integration, placement.role) == (
        "active",
        seed_integration,
        "supply",
    )


def test_003_import_a_sip_number(alice, client):
    body = post(alice, SIP_REQUEST, client).json()
    default = alice.organization.integrations.get()
    assert (body["success"], body["message"]) == (
        True,
        "Phone number imported successfully with sip",
    )
    told = {"provider": "sip", "phone_number": "+15559876543", "integration_id": default.public_id}
    assert holds(body["data"], {**NUMBER, **{name: same(value) for name, value in told.items()}})
    number = PhoneNumber.objects.get()
    factories.run_number_operations(number)
    refs = number.placements.get().refs
    assert number.status == "active"
    assert {"inbound_trunk_id", "dispatch_rule_id", "outbound_trunk_id"} <= set(refs)


def test_003_what_was_sent_is_what_the_trunks_are_made_of(alice, client):
    post(alice, SIP_REQUEST, client)
    placement = alice.organization.placements.get()
    assert {**placement.settings, **placement.secrets()} == {
        "trunk_name": "my-trunk",
        "server_address": "sip.example.com",
        "username": "user",
        "password": "pass",
        "media_encryption": "require",
    }
    assert "pass" not in str(placement.settings) + placement.sealed


def test_003_a_number_can_do_nothing_unless_it_is_said(alice, client):
    body = post(alice, '{"phone_number": "+15559876543", "provider": "sip"}', client).json()
    assert (body["data"]["supports_inbound"], body["data"]["supports_outbound"]) == (False, False)
    assert body["data"]["media_encryption"] == "allow"


@pytest.mark.parametrize(
    ("left_out", "field"),
    [
        ('  "phone_number": "+15551234567",\n', "phone_number"),
        ('  "provider": "twilio",\n', "provider"),
        (',\n  "integration_id": "intg_a1b2c3d4e5f6"', "integration_id"),
    ],
)
def test_003_400_names_the_missing_field(alice, seed_integration, client, left_out, field):
    assert left_out in TWILIO_REQUEST
    answer = post(alice, TWILIO_REQUEST.replace(left_out, ""), client)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_003_400_invalid_provider(alice, seed_integration, client):
    answer = post(alice, TWILIO_REQUEST.replace('"twilio"', '"plivo"'), client)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "provider: One of these is expected: twilio, sip."}


def test_003_404_integration_not_found(alice, client):
    answer = post(alice, TWILIO_REQUEST, client)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Integration not found"}


def test_003_403_integration_of_a_different_organization(mallory, seed_integration, client):
    answer = post(mallory, TWILIO_REQUEST, client)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Integration belongs to a different organization"}


def test_003_409_number_in_the_system(alice, mallory, seed_integration, client):
    """Whosever it is: the answer is the same."""
    assert (
        post(mallory, SIP_REQUEST.replace("+15559876543", "+15551234567"), client).status_code
        == 201
    )
    answer = post(alice, TWILIO_REQUEST, client)
    assert answer.status_code == 409
    assert answer.json() == {"detail": "Phone number already exists in the system."}


def test_003_permission_is_phone_numbers_create(alice, bob, carol, seed_integration, client):
    """admin and agent_manager have it, as the document says, and nobody else."""
    assert post(carol, TWILIO_REQUEST, client).status_code == 403
    assert post(bob, TWILIO_REQUEST, client).status_code == 201
    assert post(alice, SIP_REQUEST, client).status_code == 201
