"""Seed 004, Zudu's document: its request word for word, its answer field by field."""

from datetime import datetime

import pytest

from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.dialects import DIALECTS, split_key_pair
from tests.support.zudu_documents import CREATE_REQUEST

pytestmark = pytest.mark.django_db

# What the document's answer repeats of the request.
ECHOED = {
    "phone_number": "+14157774444",
    "phone_number_pretty": "+1 (415) 777-4444",
    "area_code": 415,
    "nickname": "Customer Service Line",
    "phone_number_type": "zudu-twilio",
    "inbound_agent_id": "agent_abc123",
    "outbound_agent_id": "agent_xyz789",
    "inbound_agent_version": 1,
    "outbound_agent_version": 1,
    "inbound_webhook_url": "https://example.com/webhook",
    "number_provider": "twilio",
    "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
}


def post(api, member, body: str):
    public, secret = split_key_pair(member.key_text)
    headers = {"X-API-KEY": public, "X-API-SECRET": secret}
    url = "/api/phone-numbers/create"
    return api().client.generic("POST", url, body, "application/json", headers=headers)


def test_004_create_phone_number(alice, api):
    answer = post(api, alice, CREATE_REQUEST)
    body = answer.json()
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert set(body) == {"message", "status", "error", "data"}
    assert body["message"] == "Phone number created successfully"
    assert body["status"] == "success"
    assert body["error"] is None
    data = body["data"]
    assert {name: data[name] for name in ECHOED} == ECHOED
    assert all(type(data[name]) is type(value) for name, value in ECHOED.items())
    assert data["organization_id"] == alice.organization.public_id
    assert data["organization_id"].startswith("org_")
    for name in ("created_at", "updated_at"):
        assert data[name].endswith("Z")
        assert datetime.fromisoformat(data[name]).tzinfo is not None
    changed = datetime.fromisoformat(data["updated_at"]).timestamp() * 1000
    assert type(data["last_modification_timestamp"]) is int
    assert abs(data["last_modification_timestamp"] - changed) <= 1
    assert (data["provisioning_status"], data["error_message"]) == ("pending", None)


def test_004_only_the_number_is_required(alice, api):
    data = post(api, alice, '{"phone_number": "+14157774444"}').json()["data"]
    assert data["area_code"] == 415  # of the number itself
    assert (data["inbound_agent_version"], data["outbound_agent_version"]) == (1, 1)
    assert (data["number_provider"], data["phone_number_type"]) == ("twilio", "zudu-twilio")
    absent = ("nickname", "inbound_agent_id", "outbound_agent_id", "inbound_webhook_url")
    assert [data[name] for name in absent] == [None] * 4


def test_004_what_was_created_is_settled_and_shown_again(alice, api):
    post(api, alice, CREATE_REQUEST)
    factories.run_due_operations()
    path = f"/api/phone-numbers/{ECHOED['phone_number']}"
    data = DIALECTS["zudu"].send(alice, "GET", path).json()["data"]
    assert {name: data[name] for name in ECHOED} == ECHOED
    assert data["provisioning_status"] == "active"
    assert set(PhoneNumber.objects.get().placements.values_list("role", "state")) == {
        ("supply", "settled"),
        ("voice", "settled"),
    }
