"""Changing and deleting a number on the screens."""

import pytest

from numbers.inventory.acquisition import import_number
from numbers.inventory.agents import create_agent
from numbers.inventory.operations import change_number, delete_number
from numbers.models import PhoneNumber, Placement
from numbers.views import number_forms
from organizations.models import Event
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
SIP = {"server_address": "sip.example.com", "username": "user", "password": "s3cr3t-pass"}


@pytest.fixture
def number(alice) -> PhoneNumber:
    return factories.create_number(alice.by, "+14155550101", label="Main line")


def url(number: PhoneNumber, name: str = "number") -> str:
    return screen_url(number.organization, name, number_id=number.pk)


class TestEdit:
    @pytest.fixture
    def by_trunk(self, alice) -> PhoneNumber:
        number = import_number(alice.by, number="+14155550177", provider="sip", sip_settings=SIP)
        factories.run_number_operations(number)
        return number

    def filled(self, client, number, **typed):
        form = client.get(url(number, "number_edit")).context["form"]
        values = {name: form[name].value() for name in form.fields}
        sent = {name: "" if value is None else value for name, value in values.items()}
        sent = {name: value for name, value in (sent | typed).items() if value is not False}
        return client.post(url(number, "number_edit"), sent)

    def test_only_what_was_typed_changes(self, alice, browse, number):
        answer = self.filled(browse(alice), number, inbound_agent_id="agent_support")
        assert answer.status_code == 302
        number.refresh_from_db()
        assert (number.inbound_agent_id, number.label) == ("agent_support", "Main line")
        event = Event.objects.latest("id")
        assert event.action == "phone_number.changed"

    def test_an_agents_name_stands_for_its_id(self, alice, browse, number):
        create_agent(alice.by, name="Front desk", agent_id="front")
        for typed, kept in (
            ("front DESK", "front"),
            ("elsewhere", "elsewhere"),
            ("front", "front"),
        ):
            assert self.filled(browse(alice), number, inbound_agent_id=typed).status_code == 302
            number.refresh_from_db()
            assert number.inbound_agent_id == kept

    def test_an_id_that_reads_like_a_name_is_left_as_it_is(self, alice, browse, number):
        change_number(alice.by, number.pk, inbound_agent_id="support")
        create_agent(alice.by, name="Support", agent_id="agent_1")
        shown = {"label": "Front", "inbound_agent_id": "support"}
        assert self.filled(browse(alice), number, **shown).status_code == 302
        number.refresh_from_db()
        assert (number.label, number.inbound_agent_id) == ("Front", "support")

    def test_an_agent_is_found_among_very_many(self, alice, browse, number, monkeypatch):
        monkeypatch.setattr(number_forms, "MAX_AGENT_CHOICES", 1)
        for name in ("Adam", "Zoe"):
            create_agent(alice.by, name=name, agent_id=f"{name}-id")
        assert self.filled(browse(alice), number, inbound_agent_id="zoe").status_code == 302
        number.refresh_from_db()
        assert number.inbound_agent_id == "Zoe-id"

    def test_a_name_of_several_agents_is_none(self, alice, browse, number):
        for agent_id in ("one", "two"):
            create_agent(alice.by, name="Front desk", agent_id=agent_id)
        answer = self.filled(browse(alice), number, inbound_agent_id="Front desk")
        assert answer.status_code == 422
        assert "Several agents are called so" in answer.text

    def test_nothing_typed_changes_nothing(self, alice, browse, by_trunk):
        version = by_trunk.version
        assert self.filled(browse(alice), by_trunk).status_code == 302
        by_trunk.refresh_from_db()
        assert by_trunk.version == version

    def test_errors_stand_beside_their_fields(self, alice, browse, number):
        answer = self.filled(browse(alice), number, inbound_webhook_url="not a url", label="Typed")
        assert answer.status_code == 422
        assert answer.context["form"].errors.keys() == {"inbound_webhook_url"}
        assert 'value="Typed"' in answer.text

    def test_a_carriers_number_has_no_trunk_fields(self, alice, browse, number, by_trunk):
        fields = browse(alice).get(url(number, "number_edit")).context["form"].fields
        assert not {"supports_inbound", "server_address", "password"} & fields.keys()
        fields = browse(alice).get(url(by_trunk, "number_edit")).context["form"].fields
        assert {"supports_inbound", "server_address", "password"} <= fields.keys()

    def test_secrets_are_never_shown_and_kept_when_empty(self, alice, browse, by_trunk):
        client = browse(alice)
        assert "s3cr3t-pass" not in client.get(url(by_trunk, "number_edit")).text
        assert "s3cr3t-pass" not in client.get(url(by_trunk)).text
        self.filled(client, by_trunk, room_name="lobby")
        voice = Placement.objects.get(phone_number=by_trunk)
        assert (voice.settings["room_name"], voice.secrets()) == (
            "lobby",
            {"password": "s3cr3t-pass"},
        )

    def test_a_password_typed_does_not_come_back(self, alice, browse, by_trunk):
        answer = self.filled(
            browse(alice), by_trunk, password="other-s3cret", media_encryption="maybe"
        )
        assert answer.status_code == 422
        assert "other-s3cret" not in answer.text

    def test_another_address_needs_the_password_again(self, alice, browse, by_trunk):
        answer = self.filled(browse(alice), by_trunk, server_address="evil.example.com")
        assert answer.context["form"].errors.keys() == {"password"}

    def test_password_and_user_can_be_forgotten(self, alice, browse, by_trunk):
        answer = self.filled(browse(alice), by_trunk, username="", forget_password="on")
        assert answer.status_code == 302
        assert Placement.objects.get(phone_number=by_trunk).secrets() == {}

    def test_secrets_that_cannot_be_read_are_left_alone(self, alice, browse, by_trunk):
        Placement.objects.update(sealed="nonsense")
        client = browse(alice)
        assert client.get(url(by_trunk)).status_code == 200
        form = client.get(url(by_trunk, "number_edit")).context["form"]
        assert "server_address" not in form.fields
        assert self.filled(client, by_trunk, label="New").status_code == 302

    def test_changed_meanwhile_nothing_typed_is_lost(self, alice, browse, number):
        client = browse(alice)
        form = client.get(url(number, "number_edit")).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields}
        change_number(alice.by, number.pk, label="Somebody else's")
        sent["label"] = "Mine"
        answer = client.post(url(number, "number_edit"), sent)
        assert answer.status_code == 422
        assert "Somebody changed this number" in answer.text
        assert "Somebody else&#x27;s" in answer.text
        assert 'value="Mine"' in answer.text
        number.refresh_from_db()
        assert number.label == "Somebody else's"
        sent["seen"] = answer.context["form"]["seen"].value()
        assert client.post(url(number, "number_edit"), sent).status_code == 302
        number.refresh_from_db()
        assert number.label == "Mine"

    def test_a_settlement_meanwhile_is_no_conflict(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        client = browse(alice)
        form = client.get(url(number, "number_edit")).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields}
        factories.run_number_operations(number)
        sent["label"] = "Mine"
        assert client.post(url(number, "number_edit"), sent).status_code == 302

    def test_a_deleted_number_is_not_edited(self, alice, browse, number):
        delete_number(alice.by, number.pk)
        assert browse(alice).get(url(number, "number_edit")).status_code == 302


class TestDelete:
    def test_it_names_what_goes(self, alice, browse, number):
        page = browse(alice).get(url(number, "number_delete")).text
        assert "It is removed from Sandbox" in page
        assert number.placements.get().refs["sid"] in page
        assert "keep paying" not in page
        assert PhoneNumber.objects.get(pk=number.pk).status == "active"

    def test_it_is_deleted(self, alice, browse, number):
        answer = browse(alice).post(url(number, "number_delete"), follow=True)
        assert "being removed" in answer.text
        number.refresh_from_db()
        assert number.status == "deleted"

    @pytest.mark.parametrize(("chosen", "released"), [("no", False), ("yes", True)])
    def test_a_supplied_one_is_kept_or_given_back(self, alice, browse, chosen, released):
        number = import_number(alice.by, number="+14155550178", provider="twilio")
        factories.run_number_operations(number)
        assert "keep paying" in browse(alice).get(url(number, "number_delete")).text
        browse(alice).post(url(number, "number_delete"), {"release": chosen})
        assert number.placements.get().release is released

    def test_agent_managers_may_and_viewers_may_not(self, bob, carol, browse, number):
        assert browse(carol).post(url(number, "number_delete")).status_code == 403
        assert browse(bob).post(url(number, "number_delete")).status_code == 302
