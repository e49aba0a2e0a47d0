"""Seeds 003 and 004, word for word by HTTP, on platforms of others: a real livekit-server, and
somebody else's Twilio behind Twilio's own contract."""

import json

import pytest
from django.test import Client

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from tests.support import factories
from tests.support.butter_documents import SIP_REQUEST, TWILIO_REQUEST
from tests.support.harness_livekit import LiveKitInspector
from tests.support.livekit_integration import NUMBER, connect_livekit
from tests.support.livekit_server import real_livekit
from tests.support.node_peers import emulated_twilio
from tests.support.platforms import LOOPBACK
from tests.support.zudu_documents import CREATE_REQUEST

pytestmark = [pytest.mark.peers, pytest.mark.django_db]


def butter(member, method: str, path: str, body: str = ""):
    headers = {
        "X-API-Key": member.key_text,
        "X-Organization-Id": member.organization.public_id,
    }
    return Client().generic(method, f"/api{path}", body, "application/json", headers=headers)


def zudu(member, path: str, body: str):
    key, _, secret = member.key_text.rpartition("_")
    headers = {"X-API-KEY": key, "X-API-SECRET": secret}
    return Client().generic("POST", f"/api{path}", body, "application/json", headers=headers)


@pytest.fixture
def livekit(alice, settings):
    """Alice's default for SIP, and a look at it past Patchbay."""
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    server = real_livekit()
    connect_livekit(alice.by, server.url, server.api_key, server.api_secret)
    eye = LiveKitInspector(server.url, server.api_key, server.api_secret)
    yield eye
    eye.clear(NUMBER)
    eye.client.close()


@pytest.fixture
def twilio(alice, settings):
    """Alice's default for Twilio; yields what Twilio's contract has against our requests."""
    with emulated_twilio() as (api_url, account_sid, auth_token, violations):
        settings.ALLOWED_PRIVATE_CIDRS, settings.TWILIO_API_URL = LOOPBACK, api_url
        account = {"account_sid": account_sid, "auth_token": auth_token}
        integration, operation = connect_integration(
            alice.by, kind="twilio", name="Twilio", account=account
        )
        worker.run_attempt(operation.pk)
        set_default_integration(alice.by, integration, role="twilio")
        alice.organization.integrations.filter(pk=integration.pk).update(
            public_id="intg_a1b2c3d4e5f6"  # as the seed names it
        )
        yield violations


def test_the_sip_request_of_seed_003_on_livekit(alice, livekit):
    answer = butter(alice, "POST", "/phone-numbers", SIP_REQUEST)
    assert answer.status_code == 201
    factories.run_due_operations()
    path = f"/phone-numbers/{answer.json()['data']['phone_number_id']}"
    assert butter(alice, "GET", path).json()["data"]["provisioning_status"] == "active"
    (inbound,), (outbound,), (rule,) = livekit.of(NUMBER).values()
    assert {trunk["name"] for trunk in (inbound, outbound)} == {"my-trunk"}
    assert {trunk["media_encryption"] for trunk in (inbound, outbound)} == {
        "SIP_MEDIA_ENCRYPT_REQUIRE"
    }
    assert outbound["address"] == "sip.example.com"
    assert rule["trunk_ids"] == [inbound["sip_trunk_id"]]
    assert butter(alice, "DELETE", path).status_code == 200
    factories.run_due_operations()
    assert livekit.of(NUMBER) == {"in": [], "out": [], "rules": []}


def test_the_twilio_request_of_seed_003_on_somebody_elses_twilio(alice, twilio):
    answer = butter(alice, "POST", "/phone-numbers", TWILIO_REQUEST)
    assert answer.status_code == 201
    factories.run_due_operations()
    path = f"/phone-numbers/{answer.json()['data']['phone_number_id']}"
    assert butter(alice, "GET", path).json()["data"]["provisioning_status"] == "active"
    assert twilio == []


def test_the_request_of_seed_004_on_somebody_elses_twilio(alice, twilio):
    """The account does not own the number: recorded all the same, and failed with the reason."""
    answer = zudu(alice, "/phone-numbers/create", CREATE_REQUEST)
    assert answer.status_code == 200
    envelope = answer.json()
    assert (envelope["status"], envelope["error"]) == ("success", None)
    assert envelope["data"]["phone_number"] == json.loads(CREATE_REQUEST)["phone_number"]
    factories.run_due_operations()
    number = alice.organization.phone_numbers.get()
    assert (number.status, "not in this Twilio account" in number.error_message) == ("failed", True)
    assert twilio == []
