"""/api/phone-numbers in Zudu's dialect: create, read, change, delete."""

import pytest

from integrations.models import Operation
from integrations.providers.base import Refused
from integrations.providers.sandbox import Sandbox
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.zudu_client import (
    CREATE_URL,
    create_zudu_number,
    is_zudu_refusal,
    send_zudu_request,
)

pytestmark = pytest.mark.django_db
SIP = {"trunk_name": "Desk", "server_address": "sip.example.com"}


def path_of(number: str) -> str:
    return f"/api/phone-numbers/{number}"


def read(member, number: str = "+14155550100") -> dict:
    return send_zudu_request(member, "GET", path_of(number)).json()["data"]


@pytest.fixture
def desk(alice) -> PhoneNumber:
    """A settled number of Alice's with trunks of its own."""
    fields = {"number": "+14155550100", "provider": "sip", "sip_settings": SIP}
    number = import_number(alice.by, **fields)
    factories.run_number_operations(number)
    return number


class TestCreating:
    def test_without_a_default_integration_it_is_recorded_and_says_why(self, alice):
        alice.organization.default_integrations.all().delete()
        answer = create_zudu_number(alice, number_provider="twilio")
        data = answer.json()["data"]
        assert (answer.status_code, data["provisioning_status"]) == (200, "inactive")
        assert "no default integration for twilio" in data["error_message"]
        assert not Operation.objects.filter(subject_kind="placement").exists()

    def test_a_provider_without_an_adapter_is_recorded_too(self, alice):
        data = create_zudu_number(alice, number_provider="Plivo").json()["data"]
        assert (data["number_provider"], data["phone_number_type"]) == ("plivo", "custom")
        assert data["provisioning_status"] == "inactive"

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [("ZUDU_TWILIO", "zudu-twilio"), ("zudu-twilio", "zudu-twilio"), ("CUSTOM", "custom")],
    )
    def test_either_spelling_of_the_type_is_taken(self, alice, sent, stored):
        data = create_zudu_number(alice, phone_number_type=sent, number_provider="TWILIO").json()[
            "data"
        ]
        assert (data["phone_number_type"], data["number_provider"]) == (stored, "twilio")

    def test_a_sip_number_without_a_trunk_takes_calls_and_makes_none(self, alice):
        create_zudu_number(alice, number_provider="sip")
        factories.run_due_operations()
        data = read(alice)
        assert data["provisioning_status"] == "active"
        assert data["inbound_trunk_id"].startswith("ST_")
        assert data["outbound_trunk_id"] is None

    def test_a_number_abroad_has_no_area_code(self, alice):
        data = create_zudu_number(alice, "+442079460000").json()["data"]
        assert (data["area_code"], data["phone_number_pretty"]) == (None, "+44 20 7946 0000")

    def test_a_number_has_one_holder_and_nobody_hears_who(self, alice, mallory):
        create_zudu_number(alice)
        for member in (alice, mallory):
            answer = create_zudu_number(member)
            assert is_zudu_refusal(answer, 409, "number-taken")
            assert alice.organization.name not in answer.content.decode()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("phone_number", "+1415555010"),
            ("phone_number", 14155550100),
            ("area_code", 41),
            ("area_code", "415"),
            ("nickname", "x" * 101),
            ("inbound_agent_id", " agent_x"),
            ("inbound_agent_version", 0),
            ("outbound_agent_version", 2**31),
            ("inbound_webhook_url", "ftp://example.com"),
            ("number_provider", "two words"),
            ("outbound_trunk_id", 5),
            ("phone_number_type", "x" * 41),
            ("organization_id", "org_123"),
        ],
    )
    def test_a_wrong_field_is_named(self, alice, field, value):
        body = {"phone_number": "+14155550100", field: value}
        answer = send_zudu_request(alice, "POST", CREATE_URL, body)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith(f"{field}: ")
        assert not PhoneNumber.objects.exists()


class TestReading:
    def test_a_stranger_finds_nothing(self, alice, mallory):
        create_zudu_number(alice)
        for method in ("GET", "PATCH", "DELETE"):
            answer = send_zudu_request(mallory, method, path_of("+14155550100"), {})
            assert is_zudu_refusal(answer, 404, "not-found")

    def test_it_shows_the_trunks_of_its_own(self, alice, desk):
        data = read(alice)
        assert data["inbound_trunk_id"].startswith("ST_")
        assert data["dispatch_rule_id"].startswith("SDR_")
        assert data["outbound_trunk_id"].startswith("ST_")

    def test_numbers_of_the_other_dialects_read_the_same(self, alice):
        factories.create_number(alice.by, "+18005551234", label="Main Line")
        import_number(alice.by, number="+14155550101", provider="twilio")
        mine, supplied = read(alice, "+18005551234"), read(alice, "+14155550101")
        assert (mine["nickname"], mine["area_code"]) == ("Main Line", 800)
        assert (mine["phone_number_type"], mine["number_provider"]) == ("custom", "sip")
        assert mine["inbound_trunk_id"] is None
        assert (supplied["phone_number_type"], supplied["area_code"]) == ("zudu-twilio", 415)

    def test_a_failed_number_says_why(self, alice):
        create_zudu_number(alice, "+15005550001")
        factories.run_due_operations()
        data = read(alice, "+15005550001")
        assert data["provisioning_status"] == "failed"
        assert "not in this account" in data["error_message"]


class TestChanging:
    def test_only_what_is_sent_changes(self, alice):
        create_zudu_number(
            alice, nickname="Old", inbound_agent_id="agent_1", outbound_agent_id="agent_2"
        )
        answer = send_zudu_request(
            alice,
            "PATCH",
            path_of("+14155550100"),
            {"nickname": "New", "inbound_agent_id": None, "outbound_agent_version": 3},
        )
        body, data = answer.json(), answer.json()["data"]
        assert (answer.status_code, body["message"]) == (200, "Phone number updated successfully")
        assert (data["nickname"], data["inbound_agent_id"]) == ("New", None)
        assert (data["outbound_agent_id"], data["outbound_agent_version"]) == ("agent_2", 3)
        assert read(alice) == data

    def test_label_is_another_name_of_nickname(self, alice):
        create_zudu_number(alice)
        data = send_zudu_request(alice, "PATCH", path_of("+14155550100"), {"label": "L"}).json()[
            "data"
        ]
        assert data["nickname"] == "L"
        both = {"label": "L", "nickname": "N"}
        answer = send_zudu_request(alice, "PATCH", path_of("+14155550100"), both)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert "send one of them" in answer.json()["message"]

    @pytest.mark.parametrize(
        "field", ["phone_number", "area_code", "phone_number_type", "organization_id", "created_at"]
    )
    def test_what_is_fixed_cannot_be_changed(self, alice, field):
        before = create_zudu_number(alice).json()["data"]
        answer = send_zudu_request(alice, "PATCH", path_of("+14155550100"), {field: before[field]})
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith(f"{field}: ")

    def test_its_own_trunk_may_be_sent_back_as_it_was_read(self, alice, desk):
        trunk = read(alice)["outbound_trunk_id"]
        send_zudu_request(alice, "PATCH", path_of("+14155550100"), {"outbound_trunk_id": trunk})
        desk.refresh_from_db()
        assert desk.outbound_trunk_id is None

    def test_a_number_makes_calls_while_it_has_a_trunk_for_them(self, alice):
        create_zudu_number(alice, number_provider="sip", outbound_trunk_id="ST_4Xo2mZgQsfyQ")
        factories.run_due_operations()
        for trunk in (None, "ST_another"):
            send_zudu_request(alice, "PATCH", path_of("+14155550100"), {"outbound_trunk_id": trunk})
            factories.run_due_operations()
            data = read(alice)
            assert (data["outbound_trunk_id"], data["error_message"]) == (trunk, None)
            assert PhoneNumber.objects.get().supports_outbound == bool(trunk)

    def test_a_number_on_a_carrier_takes_no_trunk(self, alice):
        factories.create_number(alice.by)
        body = {"outbound_trunk_id": "ST_4Xo2mZgQsfyQ"}
        answer = send_zudu_request(alice, "PATCH", path_of("+18005551234"), body)
        assert is_zudu_refusal(answer, 400, "invalid-request")

    def test_a_refused_change_is_told_and_the_number_stays(self, alice, desk):
        body = {"outbound_trunk_id": "no-trunk"}
        assert send_zudu_request(alice, "PATCH", path_of("+14155550100"), body).status_code == 200
        factories.run_due_operations()
        data = read(alice)
        assert data["provisioning_status"] == "active"
        assert "no outbound trunk no-trunk" in data["error_message"]


class TestDeleting:
    def test_it_reports_what_is_gone_and_the_number_is_free(self, alice, desk, worker):
        answer = send_zudu_request(alice, "DELETE", path_of("+14155550100"))
        assert answer.status_code == 200
        assert answer.json() == {
            "message": "Phone number deleted successfully",
            "status": "success",
            "error": None,
            "data": {
                "phone_number": "+14155550100",
                "organization_id": alice.organization.public_id,
                "cleanup_results": dict.fromkeys(
                    ("dispatch_rule", "inbound_trunk", "outbound_trunk"), True
                ),
                "error_message": None,
            },
        }
        assert send_zudu_request(alice, "GET", path_of("+14155550100")).status_code == 404
        assert send_zudu_request(alice, "DELETE", path_of("+14155550100")).status_code == 404
        assert create_zudu_number(alice).status_code == 200

    def test_a_trunk_that_is_only_used_stays(self, alice, worker):
        create_zudu_number(alice, outbound_trunk_id="ST_4Xo2mZgQsfyQ")
        factories.run_due_operations()
        data = send_zudu_request(alice, "DELETE", path_of("+14155550100")).json()["data"]
        assert data["cleanup_results"] == {
            "dispatch_rule": True,
            "inbound_trunk": True,
            "outbound_trunk": False,
        }

    def test_what_was_never_there_is_not_gone(self, alice, worker):
        create_zudu_number(alice)
        data = send_zudu_request(alice, "DELETE", path_of("+14155550100")).json()["data"]
        assert set(data["cleanup_results"].values()) == {False}

    def test_a_refused_removal_is_told(self, alice, desk, worker, monkeypatch):
        def refuse(self, spec):
            raise Refused("Ask your operator.")

        monkeypatch.setattr(Sandbox, "drop", refuse)
        answer = send_zudu_request(alice, "DELETE", path_of("+14155550100"))
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        data = answer.json()["data"]
        assert set(data["cleanup_results"].values()) == {False}
        assert data["error_message"] == "Ask your operator."

    def test_past_ten_seconds_it_goes_on(self, alice, desk, monkeypatch):
        waited = []

        def nobody_works(operation_id, *, seconds=10.0):
            waited.append(seconds)
            return Operation.objects.get(pk=operation_id)

        monkeypatch.setattr(
            "integrations.ledger.operation_requests.wait_for_operation", nobody_works
        )
        answer = send_zudu_request(alice, "DELETE", path_of("+14155550100"))
        assert is_zudu_refusal(answer, 504, "timeout")
        assert "goes on" in answer.json()["message"]
        assert 9 < waited[0] <= 10
        assert is_zudu_refusal(create_zudu_number(alice), 409, "number-being-removed")
        factories.run_due_operations()
        assert create_zudu_number(alice).status_code == 200
