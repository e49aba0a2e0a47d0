"""Adding one number on the screens."""

import pytest

from integrations.models import Operation
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber, Placement
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


def url(member, to: str = "") -> str:
    return screen_url(member.organization, "add_one") + (f"?to={to}" if to else "")


def added() -> PhoneNumber:
    return PhoneNumber.objects.get()


def test_on_the_default_carrier(alice, browse):
    answer = browse(alice).get(url(alice))
    chosen = answer.context["form"]["carrier"].value()
    assert chosen == str(alice.organization.carriers.get().voip_carrier_sid)
    typed = {"number": "+1 (800) 555-1234", "carrier": chosen, "label": "Main"}
    typed["inbound_agent_id"] = "agent_x"
    answer = browse(alice).post(url(alice), typed)
    number = added()
    assert answer["Location"] == screen_url(alice.organization, "number", number_id=number.pk)
    assert (number.e164, number.label, number.status) == ("+18005551234", "Main", "pending")
    assert (number.inbound_agent_id, number.created_by) == ("agent_x", alice.user)
    factories.run_number_operations(number)
    assert number.status == "active"


def test_an_agents_name_stands_for_its_id(alice, browse):
    create_agent(alice.by, name="Front desk", agent_id="front")
    sid = alice.organization.carriers.get().voip_carrier_sid
    typed = {"number": "+18005551234", "carrier": sid, "inbound_agent_id": "Front Desk"}
    browse(alice).post(url(alice), typed)
    assert added().inbound_agent_id == "front"


def test_a_national_spelling_with_its_country(alice, browse):
    sid = alice.organization.carriers.get().voip_carrier_sid
    typed = {"number": "020 7183 8750", "carrier": sid, "country": "GB"}
    browse(alice).post(url(alice), typed)
    assert added().e164 == "+442071838750"


@pytest.mark.parametrize("number", ["", "12", "020 7183 8750", "+1 800 call me", "+999 123456"])
def test_what_is_no_number_is_said_beside_it(alice, browse, number):
    sid = alice.organization.carriers.get().voip_carrier_sid
    answer = browse(alice).post(url(alice), {"number": number, "carrier": sid, "label": "Kept"})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"number"}
    assert 'value="Kept"' in answer.text
    assert not PhoneNumber.objects.exists()


def test_twice_is_one_number(alice, browse):
    sid = alice.organization.carriers.get().voip_carrier_sid
    client = browse(alice)
    client.post(url(alice), {"number": "+18005551234", "carrier": sid})
    answer = client.post(url(alice), {"number": "+18005551234", "carrier": sid})
    assert answer.status_code == 422
    assert "is already in this installation" in answer.text
    assert Operation.objects.filter(subject_kind="placement").count() == 1


def test_a_strangers_carrier_is_unknown(alice, mallory, browse):
    sid = mallory.organization.carriers.get().voip_carrier_sid
    answer = browse(alice).post(url(alice), {"number": "+18005551234", "carrier": sid})
    assert answer.context["form"].errors.keys() == {"carrier"}


def test_from_an_account(alice, browse):
    client = browse(alice)
    integration = client.get(url(alice, "account")).context["form"]["integration"].value()
    typed = {"number": "+18005551234", "integration": integration, "voice_on": integration}
    client.post(url(alice, "account"), typed)
    number = added()
    assert number.source == "twilio"
    roles = number.placements.values_list("role", flat=True)
    assert sorted(roles) == ["supply", "voice"]


def test_by_a_trunk(alice, browse):
    client = browse(alice)
    typed = {
        "number": "+18005551234",
        "integration": client.get(url(alice, "sip")).context["form"]["integration"].value(),
        "supports_inbound": "on",
        "supports_outbound": "on",
        "server_address": "sip.example.com",
        "username": "user",
        "password": "s3cret",
    }
    answer = client.post(url(alice, "sip"), {**typed, "server_address": "sip:nonsense"})
    assert answer.context["form"].errors.keys() == {"server_address"}
    assert "s3cret" not in answer.text
    client.post(url(alice, "sip"), typed)
    voice = Placement.objects.get()
    assert voice.settings["server_address"] == "sip.example.com"
    assert voice.secrets() == {"password": "s3cret"}


def test_only_recorded(alice, browse):
    answer = browse(alice).post(url(alice, "record"), {"number": "+18005551234"}, follow=True)
    assert added().status == "inactive"
    assert "It is only recorded here" in answer.text


def test_without_any_platform_it_can_be_recorded(db, browse):
    nina = factories.create_member("Nina")
    page = browse(nina).get(url(nina)).text
    assert "Connect a platform first" in page
    assert "?to=carrier" not in page


def test_a_viewer_may_not(alice, carol, browse):
    assert browse(carol).get(url(alice)).status_code == 403
    assert browse(carol).post(url(alice), {"number": "+18005551234"}).status_code == 403


class TestAsking:
    """There is no preview here, so that a second reading is asked for before anything is added."""

    def post(self, alice, browse, **typed):
        sid = alice.organization.carriers.get().voip_carrier_sid
        return browse(alice).post(url(alice), {"carrier": sid, **typed})

    @pytest.mark.parametrize(
        ("number", "country", "readings"),
        [
            ("4917612345678", "DE", {"+4917612345678", "+494917612345678"}),
            ("442071838750", "US", {"+442071838750"}),
            ("030 901820-30", "DE", {"+493090182030"}),
        ],
    )
    def test_which_number_is_meant(self, alice, browse, number, country, readings):
        answer = self.post(alice, browse, number=number, country=country)
        assert answer.status_code == 422
        offered = answer.context["form"].fields["reading"].choices
        assert {value for value, _label in offered} == readings
        assert not PhoneNumber.objects.exists()

    def test_the_chosen_one_is_added(self, alice, browse):
        typed = {"number": "4917612345678", "country": "DE"}
        self.post(alice, browse, **typed, reading="+4917612345678")
        assert added().e164 == "+4917612345678"

    def test_no_other_number_can_be_chosen(self, alice, browse):
        typed = {"number": "4917612345678", "country": "DE"}
        assert self.post(alice, browse, **typed, reading="+14155550101").status_code == 422

    def test_international_without_plus_needs_no_question(self, alice, browse):
        self.post(alice, browse, number="4917612345678", country="001")
        assert added().e164 == "+4917612345678"

    def test_a_range_is_no_number(self, alice, browse):
        answer = self.post(alice, browse, number="+49 30 1234 00..99")
        assert "This is a range of 100 numbers" in answer.text

    def test_a_note_is_shown_with_the_number(self, alice, browse):
        sid = alice.organization.carriers.get().voip_carrier_sid
        typed = {"number": "612345678", "country": "IT", "carrier": sid}
        answer = browse(alice).post(url(alice), typed, follow=True)
        assert "Italian fixed lines keep their zero." in answer.text
