"""Patchbay on somebody else's Twilio (npm `emulate`), with Twilio's own contract in between."""

import httpx
import pytest

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from integrations.models import Integration
from numbers.inventory import agents
from numbers.inventory.acquisition import import_number
from numbers.inventory.operations import change_number, delete_number
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.node_peers import NUMBER, ORIGINAL_VOICE_URL, emulated_twilio
from tests.support.platforms import LOOPBACK

pytestmark = [pytest.mark.peers, pytest.mark.django_db]


@pytest.fixture(scope="module")
def emulated():
    with emulated_twilio() as found:
        yield found


@pytest.fixture
def there(emulated):
    """The number as it stands there, put back in the end."""
    api_url, account_sid, auth_token, violations = emulated
    client = httpx.Client(base_url=api_url, auth=(account_sid, auth_token), trust_env=False)
    path = f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers"

    def look():
        rows = client.get(f"{path}.json").json()["incoming_phone_numbers"]
        return {row["phone_number"]: row for row in rows}

    sid = look()[NUMBER]["sid"]
    yield look
    client.post(f"{path}/{sid}.json", data={"VoiceUrl": ORIGINAL_VOICE_URL, "VoiceMethod": "POST"})
    client.close()
    assert violations == []


@pytest.fixture
def twilio(alice, settings, emulated) -> Integration:
    """Alice's account there, connected and checked, the default for Twilio."""
    api_url, account_sid, auth_token, _ = emulated
    settings.ALLOWED_PRIVATE_CIDRS, settings.TWILIO_API_URL = LOOPBACK, api_url
    account = {"account_sid": account_sid, "auth_token": auth_token}
    integration, operation = connect_integration(
        alice.by, kind="twilio", name="twilio", account=account
    )
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    set_default_integration(alice.by, integration, role="twilio")
    return integration


@pytest.fixture
def number(alice, twilio) -> PhoneNumber:
    made = import_number(
        alice.by,
        number=NUMBER,
        provider="twilio",
        supports_inbound=True,
        supports_outbound=True,
    )
    factories.run_number_operations(made)
    return made


def test_the_account_is_checked(twilio):
    assert (twilio.state, twilio.facts["account"]) == ("connected", "Acme")


def test_wrong_credentials_are_refused(alice, settings, emulated):
    settings.ALLOWED_PRIVATE_CIDRS, settings.TWILIO_API_URL = LOOPBACK, emulated[0]
    account = {"account_sid": emulated[1], "auth_token": "wrong"}
    integration, operation = connect_integration(
        alice.by, kind="twilio", name="twilio", account=account
    )
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    assert integration.state == "refused"
    assert "does not accept the credentials" in integration.state_reason


def test_a_number_is_imported_and_left_as_it_is(number, there):
    placement = number.placements.get()
    assert (number.status, number.error_message) == ("active", None)
    assert placement.refs["phone_number_sid"] == there()[NUMBER]["sid"]
    assert placement.refs["friendly_name"] == "Front desk"
    assert placement.refs["capabilities"] == "mms,sms,voice"
    assert ORIGINAL_VOICE_URL in placement.refs["routing_before"]
    assert there()[NUMBER]["voice_url"] == ORIGINAL_VOICE_URL


def test_a_number_that_the_account_does_not_own(alice, twilio, there):
    made = import_number(alice.by, number="+15557654321", provider="twilio")
    factories.run_number_operations(made)
    assert made.status == "failed"
    assert "+15557654321 is not in this Twilio account" in made.error_message


def test_an_agent_gets_the_calls_and_gives_them_back(alice, number, there):
    agent = agents.create_agent(alice.by, name="Anna", voice_url="https://anna.example/voice")
    agents.assign_agent(alice.by, agent, number.id)
    factories.run_number_operations(number)
    assert there()[NUMBER]["voice_url"] == "https://anna.example/voice"
    agents.change_agent(alice.by, agent.id, voice_url="https://anna.example/v2")
    factories.run_number_operations(number)
    assert there()[NUMBER]["voice_url"] == "https://anna.example/v2"
    agents.unassign_agent(alice.by, agent, number.id)
    factories.run_number_operations(number)
    assert there()[NUMBER]["voice_url"] == ORIGINAL_VOICE_URL


def test_a_webhook_gets_the_calls_until_the_number_is_removed(alice, number, there):
    change_number(alice.by, number.id, inbound_webhook_url="https://hooks.example/in?a=1")
    factories.run_number_operations(number)
    assert there()[NUMBER]["voice_url"] == "https://hooks.example/in?a=1"
    delete_number(alice.by, number.id)
    factories.run_number_operations(number)
    assert there()[NUMBER]["voice_url"] == ORIGINAL_VOICE_URL
    assert number.released_at is not None


def test_a_number_is_bought_and_given_back(alice, twilio, there):
    made = import_number(
        alice.by,
        number="+15550001111",
        provider="twilio",
        purchase={},
        supports_inbound=True,
        inbound_webhook_url="https://hooks.example/in",
    )
    factories.run_number_operations(made)
    bought = there()["+15550001111"]
    assert made.status == "active"
    assert bought["friendly_name"] == f"+15550001111 [{made.placements.get().marker}]"
    assert bought["voice_url"] == "https://hooks.example/in"
    delete_number(alice.by, made.id, release=True)
    factories.run_number_operations(made)
    assert "+15550001111" not in there()
