"""/v1/phone-numbers for numbers beyond carriers: changing, filters, placements, giving back."""

import pytest

from integrations.providers.sandbox import Sandbox
from numbers.inventory import operations
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db
URL = "/v1/phone-numbers"
TRUNK = {"server_address": "sip.example.com", "username": "acme", "password": "p4ss-w0rd"}


@pytest.fixture
def supplied(alice) -> PhoneNumber:
    number = import_number(alice.by, number="+14155550110", provider="twilio")
    factories.run_number_operations(number)
    return number


@pytest.fixture
def carried(alice) -> PhoneNumber:
    """By SIP trunks of its own."""
    number = import_number(alice.by, number="+15559876543", provider="sip", sip_settings=TRUNK)
    factories.run_number_operations(number)
    return number


def paths(answer) -> list[str]:
    return [error["path"] for error in answer.json()["errors"]]


class TestChanging:
    def test_agents_webhook_and_directions(self, alice, supplied, api):
        wished = {
            "inbound_agent_id": "agent_abc123",
            "outbound_agent_id": "somebody else's",
            "inbound_agent_version": 3,
            "outbound_agent_version": 4,
            "inbound_webhook_url": "http://example.com:8080/calls",
            "supports_outbound": False,
            "number_provider": "twilio",
            "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
        }
        answer = api(alice).patch(f"{URL}/{supplied.id}", wished)
        assert answer.status_code == 200
        assert answer.json().items() >= wished.items()
        factories.run_due_operations()
        assert api(alice).get(f"{URL}/{supplied.id}").json()["status"] == "active"
        answer = api(alice).patch(f"{URL}/{supplied.id}", {"inbound_agent_id": None})
        assert answer.json()["inbound_agent_id"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"inbound_agent_id": " agent_x"},
            {"inbound_agent_id": "x" * 101},
            {"inbound_agent_version": 0},
            {"inbound_agent_version": 2**31},
            {"inbound_webhook_url": "javascript:alert(1)"},
            {"inbound_webhook_url": "https://example.com/" + "x" * 2000},
            {"inbound_webhook_url": "https://u:p@example.com/"},
            {"supports_inbound": "yes"},
            {"supports_inbound": None},
            {"sip": {"room_name": "support"}},
            {"phone_number_id": "phon_000000000000"},
            {"source": "import"},
        ],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, supplied, api, body):
        answer = api(alice).patch(f"{URL}/{supplied.id}", body)
        assert (answer.status_code, paths(answer)) == (400, list(body))

    def test_a_carriers_number_takes_and_makes_calls_as_its_carrier_does(self, alice, api):
        number = factories.create_number(alice.by)
        answer = api(alice).patch(f"{URL}/{number.id}", {"supports_inbound": False})
        assert (answer.status_code, "carrier" in answer.json()["detail"]) == (409, True)
        answer = api(alice).patch(f"{URL}/{number.id}", {"sip": {"room_name": "support"}})
        assert (answer.status_code, paths(answer)) == (400, ["sip"])

    def test_trunks_change_by_their_fields(self, alice, carried, api):
        body = {"sip": {"room_name": "support-*", "pin": "1234"}}
        assert api(alice).patch(f"{URL}/{carried.id}", body).status_code == 200
        body = {"sip": {"pin": None}}
        assert api(alice).patch(f"{URL}/{carried.id}", body).status_code == 200
        placement = carried.placements.get()
        assert placement.settings["room_name"] == "support-*"
        assert placement.secrets() == {"password": "p4ss-w0rd"}

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"sip": {"server_address": None}}, "sip.server_address"),
            ({"sip": {"password": None}}, "sip.password"),
            ({"sip": {"server_address": "evil.example"}}, "sip.password"),
            ({"sip": {"pin": "12"}}, "sip.pin"),
            ({"sip": {"media_encryption": "maybe"}}, "sip.media_encryption"),
            ({"sip": {"colour": "red"}}, "sip.colour"),
            ({"sip": None}, "sip"),
        ],
    )
    def test_trunks_are_held_against_what_is_kept(self, alice, carried, api, body, path):
        answer = api(alice).patch(f"{URL}/{carried.id}", body)
        assert (answer.status_code, paths(answer)) == (400, [path])
        assert "p4ss-w0rd" not in answer.content.decode()

    def test_directions_and_trunks_are_looked_at_together(self, alice, api):
        number = import_number(
            alice.by, number="+15559876543", provider="sip", supports_outbound=False
        )
        factories.run_number_operations(number)
        wish = {"supports_outbound": True}
        assert paths(api(alice).patch(f"{URL}/{number.id}", wish)) == ["sip.server_address"]
        wish["sip"] = TRUNK
        assert api(alice).patch(f"{URL}/{number.id}", wish).status_code == 200

    def test_a_refused_change_is_told(self, alice, carried, api):
        api(alice).patch(f"{URL}/{carried.id}", {"outbound_trunk_id": "no trunk"})
        factories.run_due_operations()
        body = api(alice).get(f"{URL}/{carried.id}").json()
        assert (body["status"], "no outbound trunk" in body["error_message"]) == ("active", True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("inbound_agent_id=agent_a", 1),
        ("inbound_agent_id=agent_b", 0),
        ("number_provider=twilio", 1),
        ("supports_inbound=true", 2),
        ("supports_outbound=false", 1),
        ("supports_outbound=maybe", None),
    ],
)
def test_the_list_is_filtered(alice, supplied, carried, api, query, count):
    operations.change_number(alice.by, supplied.pk, inbound_agent_id="agent_a")
    operations.change_number(alice.by, carried.pk, supports_outbound=False)
    answer = api(alice).get(f"{URL}?{query}")
    assert (len(answer.json()["data"]) if answer.status_code == 200 else None) == count


class TestPlacements:
    def test_they_tell_where_the_number_lives(self, alice, carried, api):
        (placement,) = api(alice).get(f"{URL}/{carried.id}/placements").json()["data"]
        assert placement == {
            "role": "voice",
            "integration_id": alice.organization.integrations.get().public_id,
            "kind": "sandbox",
            "state": "settled",
            "refs": carried.placements.get().refs,
            "settings": {"server_address": "sip.example.com", "username": "acme"},
            "secrets_set": ["password"],
            "released": False,
        }

    def test_secrets_that_cannot_be_read_are_no_error(self, alice, carried, api):
        carried.placements.update(sealed="spoilt")
        (placement,) = api(alice).get(f"{URL}/{carried.id}/placements").json()["data"]
        assert placement["secrets_set"] is None

    def test_a_stranger_finds_nothing(self, carried, mallory, api):
        assert api(mallory).get(f"{URL}/{carried.id}/placements").status_code == 404

    def test_the_installations_account_stays_unnamed(self, alice, mallory, api):
        from carriers.operations import make_installation_default_carrier

        make_installation_default_carrier(alice.by, alice.organization.carriers.get())
        mallory.organization.carriers.update(is_default=False)
        number = factories.create_number(mallory.by)
        owner = alice.organization.integrations.get()
        for page in ("placements", "operations"):
            answer = api(mallory).get(f"{URL}/{number.id}/{page}")
            (row,) = answer.json()["data"]
            assert row["integration_id"] is None
            assert owner.public_id not in answer.content.decode()
        assert row["calls"] == []


class TestGivingBack:
    def test_it_is_asked_for(self, alice, supplied, api):
        assert api(alice).delete(f"{URL}/{supplied.id}?release=true").status_code == 204
        (placement,) = api(alice).get(f"{URL}/{supplied.id}/placements").json()["data"]
        assert placement["released"] is True
        factories.run_number_operations(supplied)
        assert supplied.released_at is not None

    def test_otherwise_the_account_keeps_it(self, alice, supplied, api):
        assert api(alice).delete(f"{URL}/{supplied.id}?release=false").status_code == 204
        assert supplied.placements.get().release is False
        assert api(alice).delete(f"{URL}/{supplied.id}?release=true").status_code == 409

    @pytest.mark.parametrize("query", ["release=yes", "release=true", "force=true"])
    def test_what_cannot_be_is_refused(self, alice, api, query):
        number = factories.create_number(alice.by)
        answer = api(alice).delete(f"{URL}/{number.id}?{query}")
        assert (answer.status_code, paths(answer)) == (400, [query.partition("=")[0]])
        number.refresh_from_db()
        assert number.status == "active"


class TestMerging:
    def test_it_is_a_wish_of_its_own(self, alice, supplied, api):
        answer = api(alice).post(f"{URL}/{supplied.id}/merge-duplicates")
        assert (answer.status_code, answer.json()["status"]) == (200, "active")
        operation = factories.run_number_operations(supplied)
        assert (operation.wish, operation.status) == ("merge", "done")
        story = api(alice).get(f"{URL}/{supplied.id}/operations").json()["data"]
        assert story[0]["wish"] == "merge"

    def test_what_is_on_no_platform_has_no_duplicates(self, alice, mallory, supplied, api):
        path = f"{URL}/{supplied.id}/merge-duplicates"
        assert api(mallory).post(path).status_code == 404
        operations.delete_number(alice.by, supplied.pk)
        assert api(alice).post(path).status_code == 409


def test_what_a_provider_remembers_is_no_platform_id(alice, api, monkeypatch):
    """A webhook that was there before us may hold a token."""
    number = factories.create_number(alice.by)
    monkeypatch.setattr(Sandbox, "private_refs", frozenset({"sid"}))
    answer = api(alice).get(f"/v1/phone-numbers/{number.id}/placements")
    assert [row["refs"] for row in answer.json()["data"]] == [{}]
