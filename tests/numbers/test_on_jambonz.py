"""From the API to a jambonz: what is asked for is there, once, and goes away again."""

import pytest

from integrations.models import Integration, Operation, ProviderCall
from numbers.models import PhoneNumber
from tests.fakes.jambonz import FakeJambonz
from tests.support import factories
from tests.support.platforms import LOOPBACK, connect_jambonz

pytestmark = pytest.mark.django_db
NUMBERS, CARRIERS = "/v1/phone-numbers", "/v1/phone-numbers/carriers"


@pytest.fixture
def jambonz(alice, settings):
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeJambonz() as fake:
        connect_jambonz(alice.by, fake)
        yield fake


@pytest.fixture
def trunk(alice, api, jambonz) -> dict:
    """A carrier on jambonz, asked for by the API and set up."""
    body = {"carrier_name": "Acme SIP", "sip_gateway": {"ipv4": "203.0.113.5"}, "is_default": True}
    carrier = api(alice).post(CARRIERS, body).json()
    factories.run_open_operation("carrier", carrier["id"])
    return api(alice).get(f"{CARRIERS}/{carrier['id']}").json()


def add(api, alice, number: str = "+18005551234") -> PhoneNumber:
    return PhoneNumber.objects.get(pk=api(alice).post(NUMBERS, {"number": number}).json()["id"])


def test_carrier_gateway_and_number_are_made_once(alice, api, jambonz, trunk):
    number = add(api, alice)
    factories.run_number_operations(number)
    (carrier,) = jambonz.tables["voip_carriers"]
    (gateway,) = jambonz.tables["sip_gateways"]
    (row,) = jambonz.tables["phone_numbers"]
    assert (trunk["status"], number.status) == ("active", "active")
    assert carrier["name"].startswith("Acme SIP [pb-")
    assert (gateway["ipv4"], gateway["voip_carrier_sid"]) == (
        "203.0.113.5",
        carrier["voip_carrier_sid"],
    )
    assert row["number"] == "18005551234"
    assert row["application_sid"] == jambonz.application_sid
    assert number.placements.get().refs["phone_number_sid"] == row["phone_number_sid"]


def test_a_number_may_name_its_own_application(alice, api, jambonz, trunk):
    body = {"number": "+18005551234", "application_sid": jambonz.second_application_sid}
    api(alice).post(NUMBERS, body)
    factories.run_number_operations(PhoneNumber.objects.get())
    assert jambonz.tables["phone_numbers"][0]["application_sid"] == jambonz.second_application_sid


def test_an_inactive_number_stays_and_is_routed_nowhere(alice, api, jambonz, trunk):
    number = add(api, alice)
    factories.run_number_operations(number)
    for status, application in (("inactive", None), ("active", jambonz.application_sid)):
        api(alice).patch(f"{NUMBERS}/{number.id}", {"status": status})
        factories.run_number_operations(number)
        (row,) = jambonz.tables["phone_numbers"]
        assert (number.status, row["application_sid"]) == (status, application)


def test_deleting_takes_everything_away(alice, api, jambonz, trunk):
    number = add(api, alice)
    factories.run_number_operations(number)
    api(alice).delete(f"{NUMBERS}/{number.id}")
    factories.run_number_operations(number)
    assert api(alice).delete(f"{CARRIERS}/{trunk['id']}").status_code == 204
    factories.run_open_operation("carrier", trunk["id"])
    for table in ("phone_numbers", "sip_gateways", "voip_carriers"):
        assert jambonz.tables[table] == []


def test_a_lost_reply_is_looked_up_and_not_repeated(alice, api, jambonz, trunk):
    jambonz.lose_reply("POST", "/PhoneNumbers")
    number = add(api, alice)
    assert factories.run_number_operations(number).outcome == "unknown"
    Operation.objects.filter(status="open").update(next_attempt_at="2020-01-01T00:00Z")
    factories.run_number_operations(number)
    assert number.status == "active"
    assert len(jambonz.tables["phone_numbers"]) == 1


def test_a_refusal_is_told_in_the_platforms_words(alice, api, jambonz, trunk):
    jambonz.reply("POST", "/PhoneNumbers", 400, {"msg": "invalid carrier"})
    number = add(api, alice)
    factories.run_number_operations(number)
    assert number.status == "failed"
    assert "invalid carrier" in number.error_message


def test_a_revoked_key_pauses_the_integration(alice, api, jambonz, trunk):
    jambonz.keys.clear()
    number = add(api, alice)
    factories.run_number_operations(number)
    (chapter,) = api(alice).get(f"{NUMBERS}/{number.id}/operations").json()["data"]
    assert number.status == "pending"
    assert Integration.objects.get(kind="jambonz").state == "paused"
    assert "API key" in chapter["waits_for"]


def test_the_story_holds_every_call_and_no_secret(alice, api, jambonz, trunk):
    number = add(api, alice)
    factories.run_number_operations(number)
    answer = api(alice).get(f"{NUMBERS}/{number.id}/operations")
    (chapter,) = answer.json()["data"]
    assert [call["method"] for call in chapter["calls"]] == ["GET", "POST"]
    assert ProviderCall.objects.count() == sum(1 for _ in jambonz.requests)
    everything = str(list(ProviderCall.objects.values())) + answer.content.decode()
    assert jambonz.sp_key not in everything


def test_a_platform_that_counts_requests_is_given_time(alice, api, settings):
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeJambonz(limit=10, window=60) as jambonz:
        connect_jambonz(alice.by, jambonz)
        carrier = api(alice).post(
            CARRIERS, {"carrier_name": "Paced", "sip_gateway": {"ipv4": "203.0.113.5"}}
        )
        factories.run_open_operation("carrier", carrier.json()["id"])
    assert Integration.objects.get(kind="jambonz").paced_until is not None
