"""Butter's /api/phone-numbers and /api/agents/…: what seed 003 does not say, and we chose."""

import pytest
from django.test import Client

from integrations.models import Integration
from numbers.inventory.acquisition import add_provider_number, import_number
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.butter_bodies import SIP_BODY, TRUNK_FIELDS
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db


def send(member, method, path, body=None):
    return DIALECTS["butter"].send(member, method, f"/api/{path}", body)


def sip_number(member, e164="+15559876543", **fields) -> PhoneNumber:
    body = {"phone_number": e164, **SIP_BODY, **TRUNK_FIELDS, **fields}
    answer = send(member, "POST", "phone-numbers", body)
    assert answer.status_code == 201, answer.content
    number = PhoneNumber.objects.get(e164=e164)
    factories.run_number_operations(number)
    return number


def path_of(number: PhoneNumber) -> str:
    return f"phone-numbers/{number.public_id}"


@pytest.fixture
def reception(alice):
    return create_agent(alice.by, name="Reception", agent_id="agent_a1b2c3d4e5f6")


ASSIGN = "agents/agent_a1b2c3d4e5f6/assign-phone-number"
UNASSIGN = "agents/agent_a1b2c3d4e5f6/unassign-phone-number"


def assign(member, number):
    return send(member, "POST", ASSIGN, {"phone_number_id": number.public_id})


def test_alice_reads_her_number(alice):
    number = sip_number(alice, sip_trunk_name="my-trunk")
    answer = send(alice, "GET", path_of(number))
    assert answer.json() == {
        "success": True,
        "data": {
            "phone_number_id": number.public_id,
            "phone_number": "+15559876543",
            "provider": "sip",
            "status": "free",
            "supports_inbound": True,
            "supports_outbound": True,
            "assigned_agent_id": None,
            "created_at": answer.json()["data"]["created_at"],
            "provisioning_status": "active",
            "error_message": None,
            "integration_id": Integration.objects.get().public_id,
            "updated_at": answer.json()["data"]["updated_at"],
            "sip_trunk_name": "my-trunk",
            "sip_username": "user",
            "sip_server_address": "sip.example.com",
            "inbound_room_name": None,
            "media_encryption": "allow",
        },
    }


def test_a_failure_can_be_seen(alice):
    body = send(alice, "GET", path_of(sip_number(alice, "+15005550001"))).json()["data"]
    assert body["provisioning_status"] == "failed"
    assert "not in this account" in body["error_message"]


@pytest.mark.parametrize("number", ["phon_000000000000", "%2B15559876543", "x", "phon_%00", "%FF"])
def test_what_is_no_number_of_alices_is_404(alice, number):
    answer = send(alice, "GET", f"phone-numbers/{number}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Phone number not found"})


def test_numbers_of_v1_and_zudu_read_consistently(alice):
    """A number on a carrier came over SIP; one that was only recorded is on nothing."""
    on_carrier = factories.create_number(alice.by)
    alice.organization.default_integrations.all().delete()
    recorded = add_provider_number(
        alice.by, number="+14157774444", provider="twilio", inbound_agent_id="agent_abc123"
    )
    first = send(alice, "GET", path_of(on_carrier)).json()["data"]
    second = send(alice, "GET", path_of(recorded)).json()["data"]
    integration_id = on_carrier.carrier.integration.public_id
    assert (first["provider"], first["integration_id"]) == ("sip", integration_id)
    assert "sip_trunk_name" not in first
    assert (second["provider"], second["integration_id"]) == ("twilio", None)
    assert (second["status"], second["assigned_agent_id"]) == ("assigned", "agent_abc123")
    assert second["provisioning_status"] == "inactive"


def test_the_list_is_newest_first_and_in_pages(alice):
    for digit in "123":
        import_number(alice.by, number=f"+1555987654{digit}", provider="sip")
    first = send(alice, "GET", "phone-numbers?page_size=2").json()
    cursor = first["pagination"]["next_cursor"]
    second = send(alice, "GET", f"phone-numbers?page_size=2&cursor={cursor}").json()
    shown = [row["phone_number"] for row in first["data"] + second["data"]]
    assert shown == ["+15559876543", "+15559876542", "+15559876541"]
    assert first["pagination"] == {
        "next_cursor": cursor,
        "has_more": True,
        "page_size": 2,
        "total_count": 3,
    }
    assert second["pagination"] == {
        "next_cursor": None,
        "has_more": False,
        "page_size": 1,
        "total_count": 3,
    }


def test_a_row_of_the_list_has_what_the_document_says(alice):
    number = sip_number(alice)
    (row,) = send(alice, "GET", "phone-numbers").json()["data"]
    whole = send(alice, "GET", path_of(number)).json()["data"]
    documented = {"phone_number_id", "phone_number", "provider", "status", "supports_inbound"}
    documented |= {"supports_outbound", "assigned_agent_id", "created_at"}
    assert set(row) == documented | {"provisioning_status", "error_message"}
    assert row == {name: whole[name] for name in row}


def test_the_list_is_filtered_by_status(alice, reception):
    free, assigned = sip_number(alice, "+15559876541"), sip_number(alice, "+15559876542")
    assert assign(alice, assigned).status_code == 200
    for status, number in [("free", free), ("assigned", assigned)]:
        listed = send(alice, "GET", f"phone-numbers?status={status}").json()
        assert [row["phone_number_id"] for row in listed["data"]] == [number.public_id]
        assert listed["data"][0]["status"] == status
        assert listed["pagination"]["total_count"] == 1
    refused = send(alice, "GET", "phone-numbers?status=busy")
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "status: One of these is expected: free, assigned.",
    )


def test_a_longer_list_asks_no_more_of_the_database(alice, django_assert_num_queries):
    for digit in "12":
        import_number(alice.by, number=f"+1555987654{digit}", provider="sip")
        send(alice, "GET", "phone-numbers")  # the key's use is noted once
        with django_assert_num_queries(2):
            send(alice, "GET", "phone-numbers")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"sip_server_address": None}, "sip_server_address"),
        ({"sip_server_address": "sip:sip.example.com"}, "sip_server_address"),
        ({"sip_password": None}, "sip_password"),
        ({"inbound_pin": "12"}, "inbound_pin"),
        ({"inbound_pin": "12345678901"}, "inbound_pin"),
        ({"inbound_room_name": "a*b"}, "inbound_room_name"),
        ({"media_encryption": "on"}, "media_encryption"),
        ({"phone_number": "5559876543"}, "phone_number"),
        ({"nickname": "x"}, "nickname"),
        ({"provider": "twilio", "integration_id": "intg_a1b2c3d4e5f6"}, "sip_server_address"),
    ],
)
def test_an_import_that_cannot_be_is_400_and_names_the_field(alice, fields, named):
    body = {"phone_number": "+15559876543", **SIP_BODY, **TRUNK_FIELDS, **fields}
    answer = send(alice, "POST", "phone-numbers", body)
    assert answer.status_code == 400
    assert f"{named}: " in answer.json()["detail"]
    assert not PhoneNumber.objects.exists()


def test_an_integration_that_cannot_take_the_number_is_400(alice):
    jambonz = Integration.objects.create(
        organization=alice.organization, kind="jambonz", name="J", max_in_flight=1
    )
    body = {"phone_number": "+15559876543", "integration_id": jambonz.public_id}
    answer = send(alice, "POST", "phone-numbers", {**body, "provider": "twilio"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("integration_id: J (jambonz) cannot be used")


def test_sip_without_a_default_integration_is_400_and_says_so(alice):
    alice.organization.default_integrations.all().delete()
    answer = send(
        alice, "POST", "phone-numbers", {"phone_number": "+15559876543", **SIP_BODY, **TRUNK_FIELDS}
    )
    assert answer.status_code == 400
    assert "no default one for sip" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_a_change_leaves_out_stays(alice, method):
    number = sip_number(alice)
    answer = send(alice, method, path_of(number), {"sip_trunk_name": "other", "inbound_pin": None})
    assert answer.status_code == 200
    assert answer.json()["message"] == "Phone number updated successfully"
    assert answer.json()["data"]["sip_trunk_name"] == "other"
    placement = number.placements.get()
    assert (placement.settings["server_address"], placement.secrets()) == (
        "sip.example.com",
        {"password": "a-password"},
    )


def test_calls_out_need_a_server_address(alice):
    fields = {"supports_outbound": False, "sip_server_address": None}
    number = sip_number(alice, **fields)
    refused = send(alice, "PUT", path_of(number), {"supports_outbound": True})
    assert (refused.status_code, "sip_server_address" in refused.json()["detail"]) == (400, True)
    body = {"supports_outbound": True, **TRUNK_FIELDS}
    answer = send(alice, "PUT", path_of(number), body)
    assert answer.json()["data"]["supports_outbound"] is True
    factories.run_number_operations(number)
    assert "outbound_trunk_id" in number.placements.get().refs


def test_a_password_does_not_follow_to_another_address(alice):
    number = sip_number(alice)
    answer = send(alice, "PUT", path_of(number), {"sip_server_address": "sip.evil.example"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("sip_password: ")


def test_a_number_without_trunks_of_its_own_has_no_sip_fields(alice):
    number = factories.create_number(alice.by)
    answer = send(alice, "PUT", path_of(number), {"sip_username": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "sip_username: This number has no SIP trunks of its own: leave it out.",
    )


def test_if_match_is_heeded(alice):
    number = sip_number(alice)
    seen = send(alice, "GET", path_of(number)).headers["ETag"]
    send(alice, "PUT", path_of(number), {"supports_inbound": False})
    headers = {**DIALECTS["butter"].headers(alice), "If-Match": seen}
    answer = Client().delete(f"/api/{path_of(number)}", headers=headers)
    assert answer.status_code == 412


def test_alice_deletes_a_number(alice):
    number = sip_number(alice)
    answer = send(alice, "DELETE", path_of(number))
    assert answer.status_code == 200
    assert answer.json()["message"] == "Phone number deleted successfully"
    assert answer.json()["data"]["provisioning_status"] == "deleted"
    assert send(alice, "GET", path_of(number)).status_code == 404
    assert send(alice, "DELETE", path_of(number)).status_code == 404
    assert send(alice, "GET", "phone-numbers").json()["data"] == []
    again = send(
        alice, "POST", "phone-numbers", {"phone_number": "+15559876543", **SIP_BODY, **TRUNK_FIELDS}
    )
    assert (again.status_code, "being removed" in again.json()["detail"]) == (409, True)


def test_an_assigned_number_must_be_unassigned_before_it_is_deleted(alice, reception):
    number = sip_number(alice)
    assign(alice, number)
    refused = send(alice, "DELETE", path_of(number))
    assert (refused.status_code, "Unassign it first" in refused.json()["detail"]) == (409, True)
    send(alice, "POST", f"{UNASSIGN}/{number.public_id}")
    assert send(alice, "DELETE", path_of(number)).status_code == 200


def test_an_agent_gets_numbers_and_gives_them_back(alice, bob, reception):
    one, two = sip_number(alice, "+15559876541"), sip_number(alice, "+15559876542")
    assert assign(bob, one).json()["message"] == "Phone number assigned successfully"
    data = assign(bob, two).json()["data"]
    assert (data.pop("updated_at")[-1], data) == (
        "Z",
        {
            "agent_id": "agent_a1b2c3d4e5f6",
            "agent_name": "Reception",
            "assigned_phone_number_ids": [one.public_id, two.public_id],
        },
    )
    answer = send(bob, "POST", f"{UNASSIGN}/{one.public_id}")
    assert answer.json()["message"] == "Phone number unassigned successfully"
    assert answer.json()["data"]["assigned_phone_number_ids"] == [two.public_id]
    assert send(bob, "GET", path_of(two)).json()["data"]["status"] == "assigned"


def test_assigning_twice_is_409_to_whichever_agent(alice, reception):
    create_agent(alice.by, name="Other", agent_id="agent_other")
    number = sip_number(alice)
    assign(alice, number)
    body = {"phone_number_id": number.public_id}
    to_other = send(alice, "POST", "agents/agent_other/assign-phone-number", body)
    for answer in (assign(alice, number), to_other):
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "Phone number is already assigned to an agent",
        )


def test_unassigning_what_is_not_assigned_is_400(alice, reception):
    answer = send(alice, "POST", f"{UNASSIGN}/{sip_number(alice).public_id}")
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "Phone number is not assigned to this agent",
    )


def test_agents_and_numbers_that_are_not_there_are_404(alice, mallory, reception):
    number = sip_number(alice)
    stranger = send(mallory, "POST", ASSIGN, {"phone_number_id": number.public_id})
    assert (stranger.status_code, stranger.json()["detail"]) == (404, "Agent not found")
    answer = send(alice, "POST", ASSIGN, {"phone_number_id": "phon_000000000000"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Phone number not found")


def test_a_failed_number_cannot_be_assigned(alice, reception):
    answer = assign(alice, sip_number(alice, "+15005550001"))
    assert answer.status_code == 409
    assert "not in this account" in answer.json()["detail"]


def test_a_twilio_number_without_an_integration_is_400(alice, reception):
    alice.organization.default_integrations.all().delete()
    number = add_provider_number(alice.by, number="+14157774444", provider="twilio")
    answer = assign(alice, number)
    assert (answer.status_code, "has no integration" in answer.json()["detail"]) == (400, True)
