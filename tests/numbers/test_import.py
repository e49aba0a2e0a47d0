"""POST /v1/phone-numbers/import and POST /v1/phone-numbers/purchases."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from numbers.inventory import operations
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db
IMPORT, PURCHASES = "/v1/phone-numbers/import", "/v1/phone-numbers/purchases"
TRUNK = {"server_address": "sip.example.com", "username": "acme", "password": "p4ss-w0rd"}


def many(count: int) -> list[dict]:
    return [{"number": f"+1415555{n:04}"} for n in range(count)]


def paths(answer) -> list[str]:
    return [error["path"] for error in answer.json()["errors"]]


def problem(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


class TestImporting:
    def test_it_works(self, alice, api):
        numbers = [
            {"number": "+14155550111", "label": "Second"},
            {
                "number": "+14155550110",
                "inbound_agent_id": "agent_support",
                "inbound_webhook_url": "https://example.com/calls?x=1",
                "supports_outbound": False,
            },
        ]
        answer = api(alice).post(IMPORT, {"provider": "twilio", "numbers": numbers})
        first, second = answer.json()["data"]
        assert (answer.status_code, answer["Location"]) == (201, "/v1/phone-numbers")
        assert (first["number"], first["label"]) == ("+14155550111", "Second")
        assert (first["supports_inbound"], first["supports_outbound"]) == (True, True)
        assert (second["number"], second["inbound_agent_id"]) == ("+14155550110", "agent_support")
        assert second["inbound_webhook_url"] == "https://example.com/calls?x=1"
        assert second["supports_outbound"] is False
        for each in (first, second):
            assert (each["status"], each["source"], each["number_provider"]) == (
                "pending",
                "twilio",
                "twilio",
            )
            assert (each["voip_carrier_sid"], each["carrier_name"]) == (None, None)
            assert each["created_by_user_id"] == str(alice.user.id)
        factories.run_due_operations()
        statuses = set(PhoneNumber.objects.values_list("status", flat=True))
        assert statuses == {"active"}

    def test_a_sip_carriers_number_has_trunks_and_no_secret_comes_back(self, alice, api):
        number = {"number": "+15559876543", "sip": {**TRUNK, "pin": "1234", "room_name": "s-*"}}
        answer = api(alice).post(IMPORT, {"provider": "sip", "numbers": [number]})
        (made,) = answer.json()["data"]
        assert (answer.status_code, made["source"]) == (201, "import")
        factories.run_due_operations()
        shown = api(alice).get(f"/v1/phone-numbers/{made['id']}/placements")
        (placement,) = shown.json()["data"]
        assert placement["settings"] == {
            "server_address": "sip.example.com",
            "username": "acme",
            "room_name": "s-*",
        }
        assert placement["secrets_set"] == ["password", "pin"]
        assert "outbound_trunk_id" in placement["refs"]
        for text in (answer.content, shown.content, str(alice.organization.events.values())):
            assert "p4ss-w0rd" not in str(text)

    def test_it_names_the_integration(self, alice, api):
        other = factories.create_sandbox(alice.by, name="Other", default=False)
        for named in (other.public_id, str(other.id)):
            body = {"provider": "twilio", "integration_id": named, "numbers": many(1)}
            assert api(alice).post(IMPORT, body).status_code == 201
            assert PhoneNumber.objects.get().placements.get().integration == other
            PhoneNumber.objects.all().delete()

    def test_without_an_integration_it_asks_for_one(self, alice, mallory, api):
        strange = mallory.organization.integrations.get()
        body = {"provider": "twilio", "numbers": many(1)}
        answer = api(alice).post(IMPORT, {**body, "integration_id": strange.public_id})
        assert (answer.status_code, paths(answer)) == (400, ["integration_id"])
        assert "Sandbox" not in answer.content.decode()
        alice.organization.default_integrations.all().delete()
        answer = api(alice).post(IMPORT, body)
        assert (answer.status_code, paths(answer)) == (400, ["provider"])

    def test_an_integration_of_another_role_is_refused(self, alice, api, monkeypatch):
        monkeypatch.setattr("integrations.providers.sandbox.Sandbox.roles", frozenset({"sip"}))
        named = alice.organization.integrations.get().public_id
        body = {"provider": "twilio", "integration_id": named, "numbers": many(1)}
        assert paths(api(alice).post(IMPORT, body)) == ["integration_id"]

    @pytest.mark.parametrize(
        ("provider", "numbers", "path"),
        [
            ("plivo", [{"number": "+14155550110"}], "provider"),
            ("twilio", [], "numbers"),
            ("twilio", many(101), "numbers"),
            ("twilio", {"number": "+14155550110"}, "numbers"),
            ("twilio", ["+14155550110"], "numbers.0"),
            ("twilio", [*many(3), {"number": "+1415"}], "numbers.3.number"),
            ("twilio", [*many(2), {"number": "+14155550001"}], "numbers.2.number"),
            ("twilio", [{"number": "+14155550110", "colour": "red"}], "numbers.0.colour"),
            ("twilio", [{"number": "+14155550110", "sip": TRUNK}], "numbers.0.sip"),
            ("sip", [{"number": "+14155550110"}], "numbers.0.sip.server_address"),
            (
                "sip",
                [{"number": "+14155550110", "sip": {**TRUNK, "pin": "x"}}],
                "numbers.0.sip.pin",
            ),
            (
                "twilio",
                [{"number": "+14155550110", "inbound_webhook_url": "ftp://example.com"}],
                "numbers.0.inbound_webhook_url",
            ),
            (
                "twilio",
                [{"number": "+14155550110", "inbound_webhook_url": "https://a:b@example.com"}],
                "numbers.0.inbound_webhook_url",
            ),
        ],
    )
    def test_it_names_the_place_that_is_wrong(self, alice, api, provider, numbers, path):
        answer = api(alice).post(IMPORT, {"provider": provider, "numbers": numbers})
        assert (answer.status_code, paths(answer)) == (400, [path])
        assert not PhoneNumber.objects.exists()

    def test_all_or_none(self, alice, mallory, api):
        factories.create_number(mallory.by, "+14155550001")
        own = factories.create_number(alice.by, "+14155550003")
        operations.delete_number(alice.by, own.pk)
        answer = api(alice).post(IMPORT, {"provider": "twilio", "numbers": many(5)})
        assert (answer.status_code, problem(answer)) == (409, "number-taken")
        assert paths(answer) == ["numbers.1.number", "numbers.3.number"]
        assert "Mallory" not in answer.content.decode()
        assert alice.organization.phone_numbers.count() == 1
        answer = api(alice).post(IMPORT, {"provider": "twilio", "numbers": many(4)[3:]})
        assert problem(answer) == "number-being-removed"

    def test_each_number_costs_the_same(self, alice, api):
        api(alice).get("/v1/phone-numbers")  # notes that the key was used
        costs = []
        for numbers in (many(10)[:1], many(10)[1:3], many(10)[3:]):
            with CaptureQueriesContext(connection) as captured:
                api(alice).post(IMPORT, {"provider": "twilio", "numbers": numbers})
            costs.append(len(captured))
        one, two, seven = costs
        assert two - one <= 9  # four inserts, two savepoints, one NOTIFY
        assert seven - one == 6 * (two - one)

    def test_a_repeated_request_is_executed_once(self, alice, api):
        body = {"provider": "twilio", "numbers": many(2)}
        first, second = (api(alice).post(IMPORT, body, Idempotency_Key="a1b2c3d4") for _ in "12")
        assert first.content == second.content
        assert PhoneNumber.objects.count() == 2


class TestBuying:
    def test_it_works(self, alice, api):
        body = {"number": "+12125550100", "label": "New York", "inbound_agent_id": "agent_x"}
        answer = api(alice).post(PURCHASES, {**body, "address_sid": "AD1", "bundle_sid": "BU1"})
        made = PhoneNumber.objects.get()
        assert answer.status_code == 201
        assert answer["Location"] == f"/v1/phone-numbers/{made.id}"
        assert answer.json().items() >= {**body, "status": "pending", "source": "twilio"}.items()
        assert made.placements.get().purchase == {"address_sid": "AD1", "bundle_sid": "BU1"}
        factories.run_number_operations(made)
        assert made.status == "active"

    def test_a_repeated_request_buys_once(self, alice, api):
        body = {"number": "+12125550100"}
        first, second = (api(alice).post(PURCHASES, body, Idempotency_Key="a1b2c3d4") for _ in "12")
        assert first.content == second.content
        assert problem(api(alice).post(PURCHASES, body)) == "number-taken"

    def test_not_everybody_sells(self, alice, api, monkeypatch):
        monkeypatch.setattr("integrations.providers.sandbox.Sandbox.sells_numbers", False)
        answer = api(alice).post(PURCHASES, {"number": "+12125550100"})
        assert (answer.status_code, paths(answer)) == (400, ["integration_id"])
        assert "sells no numbers" in answer.json()["detail"]

    def test_a_strangers_account_is_unknown(self, alice, mallory, api):
        strange = mallory.organization.integrations.get().public_id
        answer = api(alice).post(PURCHASES, {"number": "+12125550100", "integration_id": strange})
        assert (answer.status_code, paths(answer)) == (400, ["integration_id"])

    @pytest.mark.parametrize(
        ("body", "path"),
        [({}, "number"), ({"number": "+12125550100", "sip": {}}, "sip")],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, api, body, path):
        answer = api(alice).post(PURCHASES, body)
        assert (answer.status_code, paths(answer)) == (400, [path])

    def test_a_reader_may_not(self, carol, api):
        for path in (PURCHASES, IMPORT):
            assert api(carol).post(path, {"number": "+12125550100"}).status_code == 403


def test_a_supplied_number_may_land_on_a_sip_platform(alice, api):
    sandbox = alice.organization.integrations.get().public_id
    body = {"provider": "twilio", "voice_integration_id": sandbox, "numbers": many(1)}
    made = api(alice).post(IMPORT, body)
    assert made.status_code == 201
    factories.run_due_operations()
    number = alice.organization.phone_numbers.get(e164=many(1)[0]["number"])
    assert number.status == "active"
    refs = {placement.role: placement.refs for placement in number.placements.all()}
    assert "phone_number_sid" in refs["supply"]
    assert "inbound_trunk_id" in refs["voice"]
    assert "outbound_trunk_id" not in refs["voice"], "no address, no way out"


def test_where_a_sip_number_lands_is_its_integration(alice, mallory, api):
    body = {"provider": "sip", "voice_integration_id": "intg_0123456789ab", "numbers": many(1)}
    answer = api(alice).post(IMPORT, body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "voice_integration_id")
    foreign = mallory.organization.integrations.get().public_id
    body |= {"provider": "twilio", "voice_integration_id": foreign}
    answer = api(alice).post(IMPORT, body)
    assert answer.json()["errors"][0]["code"] == "unknown"
