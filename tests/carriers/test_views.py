"""Carriers in the browser: list, form by trunk type, page, gateways, and the way out."""

import pytest
from django.urls import reverse

from carriers.models import Carrier
from tests.support import factories
from tests.support.factories import GATEWAY

pytestmark = pytest.mark.django_db
PASSWORD = "s3cret-of-the-trunk"


@pytest.fixture
def trunk(alice) -> Carrier:
    return alice.organization.carriers.get()


@pytest.fixture
def away(alice):
    """`away("carrier", …)` is an address below Alice's organization."""

    def url(name: str, **path) -> str:
        org_id = alice.organization.public_id
        return reverse(f"screens:{name}", kwargs={"org_id": org_id, **path})

    return url


def rows(*gateways: dict, initial: int = 0) -> dict:
    """A formset as a browser sends it."""
    sent = {"gateways-TOTAL_FORMS": len(gateways), "gateways-INITIAL_FORMS": initial}
    for place, gateway in enumerate(gateways):
        for name, value in {**GATEWAY, **gateway}.items():
            if value is not False:
                sent[f"gateways-{place}-{name}"] = "on" if value is True else value
    return sent


def carrier_form(alice, *gateways: dict, **fields) -> dict:
    kept = {"preset": "other", "trunk_type": "static_ip", "name": "North"}
    kept["integration"] = alice.organization.integrations.get().pk
    return {**kept, **rows(*(gateways or [{"ipv4": "203.0.113.9"}])), **fields}


class TestList:
    def test_it_shows_what_a_carrier_is(self, alice, browse, away, trunk):
        page = browse(alice).get(away("carriers")).text
        assert "Acme Trunk" in page
        assert "By address" in page
        assert "active" in page

    def test_a_deleted_one_is_not_in_it(self, alice, browse, away, trunk):
        browse(alice).post(away("carrier_delete", carrier_id=trunk.pk))
        assert (
            "Acme Trunk" not in browse(alice).get(away("carriers") + "?").text.split("<table")[-1]
        )

    def test_a_failed_one_says_why(self, alice, browse, away, trunk):
        alice.organization.carriers.update(status="failed", error_message="No room for <more>.")
        assert "No room for &lt;more&gt;." in browse(alice).get(away("carriers")).text

    def test_numbers_are_counted(self, alice, browse, away, trunk):
        factories.create_number(alice.by, settled=False)
        assert f"?carrier={trunk.pk}" in browse(alice).get(away("carriers")).text

    def test_a_viewer_sees_no_button(self, carol, browse, away):
        assert away("carriers_add") not in browse(carol).get(away("carriers")).text


class TestAdding:
    def test_by_address(self, alice, browse, away):
        answer = browse(alice).post(away("carriers_add"), carrier_form(alice))
        made = alice.organization.carriers.get(name="North")
        assert answer["Location"] == away("carrier", carrier_id=made.pk)
        assert (made.status, made.trunk_type) == ("pending", "static_ip")
        assert [g.ipv4 for g in made.gateways.all()] == ["203.0.113.9"]
        factories.run_open_operation("carrier", made.pk)
        made.refresh_from_db()
        assert made.status == "active"

    def test_by_password_keeps_it_sealed(self, alice, browse, away):
        form = carrier_form(alice, trunk_type="auth", username="acme", password=PASSWORD)
        browse(alice).post(away("carriers_add"), form)
        made = alice.organization.carriers.get(name="North")
        assert (made.inbound_auth, made.password()) == ({"username": "acme"}, PASSWORD)
        assert PASSWORD not in browse(alice).get(away("carrier", carrier_id=made.pk)).text
        assert PASSWORD not in browse(alice).get(away("carrier_edit", carrier_id=made.pk)).text

    def test_by_registration(self, alice, browse, away):
        outward = {"ipv4": "sip.example.com", "inbound": False}
        account = {"username": "acme", "password": PASSWORD, "realm": "sip.example.com"}
        form = carrier_form(alice, outward, trunk_type="reg", **account)
        browse(alice).post(away("carriers_add"), form)
        made = alice.organization.carriers.get(name="North")
        assert made.registration["realm"] == "sip.example.com"

    def test_only_the_fields_of_the_type_are_asked(self, alice, browse, away):
        plain = browse(alice).get(away("carriers_add") + "?preset=other").text
        signing = browse(alice).get(away("carriers_add") + "?preset=other&type=reg").text
        assert 'name="username"' not in plain
        assert 'name="realm"' in signing

    def test_nonsense_as_type_or_preset_is_the_plain_form(self, alice, browse, away):
        assert browse(alice).get(away("carriers_add") + "?preset=x&type=x").status_code == 200

    def test_an_inbound_host_name_is_refused_with_the_reason(self, alice, browse, away):
        form = carrier_form(alice, {"ipv4": "sip.example.com"})
        answer = browse(alice).post(away("carriers_add"), form)
        assert answer.status_code == 422
        assert "a host name cannot be matched" in answer.text
        assert "sip.example.com" in answer.text
        assert "North" in answer.text
        assert alice.organization.carriers.count() == 1

    def test_a_password_does_not_come_back(self, alice, browse, away):
        form = carrier_form(alice, trunk_type="auth", username="a b", password=PASSWORD)
        answer = browse(alice).post(away("carriers_add"), form)
        assert answer.status_code == 422
        assert "a b" in answer.text
        assert PASSWORD not in answer.text

    def test_a_missing_password_is_told(self, alice, browse, away):
        form = carrier_form(alice, trunk_type="auth", username="acme")
        answer = browse(alice).post(away("carriers_add"), form)
        assert answer.status_code == 422
        assert "This field is required." in answer.text

    def test_without_a_gateway_it_is_refused(self, alice, browse, away):
        answer = browse(alice).post(away("carriers_add"), carrier_form(alice, {"ipv4": ""}))
        assert answer.status_code == 422

    def test_a_preset_fills_in_what_it_knows(self, alice, browse, away):
        page = browse(alice).get(away("carriers_add") + "?preset=twilio").text
        assert "54.172.60.0" in page
        assert "North America, Virginia" in page
        assert "https://www.twilio.com/docs/sip-trunking/ip-addresses" in page

    def test_a_line_without_an_address_is_left_out(self, alice, browse, away):
        blank = {"ipv4": " ", "outbound": False}
        form = carrier_form(alice, {"ipv4": "203.0.113.9"}, blank)
        browse(alice).post(away("carriers_add"), form)
        made = alice.organization.carriers.get(name="North")
        assert [g.ipv4 for g in made.gateways.all()] == ["203.0.113.9"]

    def test_a_preset_tells_which_addresses_to_allow(self, alice, browse, away):
        page = browse(alice).get(away("carriers_add") + "?preset=twilio").text
        assert "The addresses of Sandbox:" in page
        assert "192.0.2.10:5060" in page

    def test_what_a_preset_leaves_open_is_filled_in_or_left_out(self, alice, browse, away):
        form = carrier_form(alice, preset="plivo", **rows({"ipv4": ""}, initial=1))
        answer = browse(alice).post(away("carriers_add"), form)
        assert "Fill it in, or leave this line out." in answer.text

    def test_all_that_is_wrong_with_a_line_is_told_at_once_and_in_words(self, alice, browse, away):
        line = {"ipv4": "sip:x", "netmask": "99", "inbound": False, "outbound": False}
        answer = browse(alice).post(away("carriers_add"), carrier_form(alice, line))
        errors = answer.context["rows"].forms[0].errors
        assert errors.keys() == {"ipv4", "netmask", "inbound"}
        assert errors["inbound"] == ["A gateway is inbound, outbound or both."]

    def test_a_preset_can_be_left_out_in_part(self, alice, browse, away):
        known = {"ipv4": "192.76.120.10", "outbound": False}
        other = {"ipv4": "185.246.41.140", "outbound": False, "DELETE": True}
        form = {**carrier_form(alice, preset="telnyx"), **rows(known, other, initial=2)}
        browse(alice).post(away("carriers_add"), form)
        made = alice.organization.carriers.get(name="North")
        assert [g.ipv4 for g in made.gateways.all()] == ["192.76.120.10"]

    def test_an_overlap_is_told_before_it_is_saved(self, alice, browse, away, trunk):
        form = carrier_form(alice, {"ipv4": "198.51.100.0", "netmask": 24})
        answer = browse(alice).post(away("carriers_add"), form)
        assert answer.status_code == 422
        assert "cannot tell these calls apart" in answer.text
        assert "Acme Trunk" in answer.text
        assert alice.organization.carriers.count() == 1
        browse(alice).post(away("carriers_add"), {**form, "knowing": "yes"})
        assert alice.organization.carriers.count() == 2

    def test_a_strangers_integration_is_no_choice(self, alice, mallory, browse, away):
        theirs = mallory.organization.integrations.get().pk
        answer = browse(alice).post(away("carriers_add"), carrier_form(alice, integration=theirs))
        assert answer.status_code == 422
        assert not mallory.organization.carriers.filter(name="North").exists()

    def test_without_a_platform_the_next_step_is_told(self, browse, db):
        nina = factories.create_member("Nina")
        path = {"org_id": nina.organization.public_id}
        url = reverse("screens:carriers_add", kwargs=path)
        assert "No platform for carriers yet" in browse(nina).get(url + "?preset=other").text


class TestPage:
    def test_it_shows_what_to_allow_at_the_carrier(self, alice, browse, away, trunk):
        assert "192.0.2.10:5060" in browse(alice).get(away("carrier", carrier_id=trunk.pk)).text

    def test_it_leads_to_its_platform(self, alice, browse, away, trunk):
        page = browse(alice).get(away("carrier", carrier_id=trunk.pk)).text
        assert away("integration", integration_id=trunk.integration_id) in page

    def test_a_platform_that_does_not_tell_says_where_to_look(self, alice, browse, away, trunk):
        alice.organization.integrations.update(kind="jambonz", facts={})
        page = browse(alice).get(away("carrier", carrier_id=trunk.pk)).text
        assert "did not tell" in page
        assert "jambonz portal" in page
        german = {"Accept-Language": "de"}
        page = browse(alice).get(away("carrier", carrier_id=trunk.pk), headers=german).text
        assert "Im Portal von jambonz" in page

    def test_an_overlap_is_told(self, alice, browse, away, trunk):
        factories.create_carrier(alice.by, name="Twin")
        page = browse(alice).get(away("carrier", carrier_id=trunk.pk)).text
        assert "cannot tell these calls apart" in page
        assert "Twin" in page

    def test_what_is_at_work_is_followed(self, alice, browse, away):
        fresh = factories.create_carrier(alice.by, name="Fresh", settled=False)
        url = away("carrier", carrier_id=fresh.pk)
        assert 'hx-trigger="every 2s"' in browse(alice).get(url).text
        part = browse(alice).get(url, headers={"HX-Request": "true"})
        assert "<html" not in part.text
        assert "pending" in part.text
        factories.run_open_operation("carrier", fresh.pk)
        settled = browse(alice).get(url, headers={"HX-Request": "true"})
        assert settled["HX-Refresh"] == "true"

    def test_a_stranger_finds_nothing(self, mallory, browse, trunk):
        path = {"org_id": mallory.organization.public_id, "carrier_id": trunk.pk}
        assert browse(mallory).get(reverse("screens:carrier", kwargs=path)).status_code == 404

    def test_a_viewer_reads_and_has_no_buttons(self, carol, browse, away, trunk):
        alice_only = ("carrier_edit", "carrier_delete", "carrier_default", "carrier_gateway_add")
        page = browse(carol).get(away("carrier", carrier_id=trunk.pk)).text
        assert "Acme Trunk" in page
        assert not [name for name in alice_only if away(name, carrier_id=trunk.pk) in page]

    def test_a_failed_one_is_tried_again(self, alice, browse, away, trunk):
        alice.organization.carriers.update(status="failed", error_message="No.")
        assert "Try again now" in browse(alice).get(away("carrier", carrier_id=trunk.pk)).text
        browse(alice).post(away("carrier_retry", carrier_id=trunk.pk))
        trunk.refresh_from_db()
        assert trunk.status == "pending"

    def test_with_nothing_to_try_it_says_so(self, alice, browse, away, trunk):
        url = away("carrier_retry", carrier_id=trunk.pk)
        assert "nothing to try again" in browse(alice).post(url, follow=True).text

    def test_the_default_moves_and_goes(self, alice, browse, away, trunk):
        other = factories.create_carrier(alice.by, name="Other")
        browse(alice).post(away("carrier_default", carrier_id=other.pk), {"default": "yes"})
        assert alice.organization.carriers.get(is_default=True) == other
        browse(alice).post(away("carrier_default", carrier_id=other.pk), {"default": "no"})
        assert not alice.organization.carriers.filter(is_default=True).exists()


class TestEditing:
    def test_a_new_name_is_carried_to_the_platform_as_the_page_says(
        self, alice, browse, away, trunk
    ):
        url = away("carrier_edit", carrier_id=trunk.pk)
        assert "a new name and anything else is changed on the platform" in (
            browse(alice).get(url).text
        )
        form = {"name": "Renamed", "trunk_type": "static_ip", "is_default": "on"}
        browse(alice).post(url, form)
        trunk.refresh_from_db()
        assert (trunk.name, trunk.status) == ("Renamed", "pending")

    def test_an_empty_password_keeps_the_stored_one(self, alice, browse, away):
        account = {"username": "acme", "password": PASSWORD}
        made = factories.create_carrier(
            alice.by, name="Auth", trunk_type="auth", inbound_auth=account
        )
        form = {"name": "Auth", "trunk_type": "auth", "username": "new-name", "password": ""}
        browse(alice).post(away("carrier_edit", carrier_id=made.pk), form)
        made.refresh_from_db()
        assert (made.inbound_auth["username"], made.password()) == ("new-name", PASSWORD)

    def test_the_trunk_type_can_be_changed(self, alice, browse, away, trunk):
        url = away("carrier_edit", carrier_id=trunk.pk)
        assert 'name="username"' in browse(alice).get(url + "?type=auth").text
        account = {"username": "acme", "password": PASSWORD}
        browse(alice).post(url, {"name": "Acme Trunk", "trunk_type": "auth", **account})
        trunk.refresh_from_db()
        assert (trunk.trunk_type, trunk.password(), trunk.status) == ("auth", PASSWORD, "pending")

    def test_a_new_type_brings_its_own_password(self, alice, browse, away):
        account = {"username": "acme", "password": PASSWORD}
        made = factories.create_carrier(
            alice.by, name="Auth", trunk_type="auth", inbound_auth=account
        )
        form = {"name": "Auth", "trunk_type": "reg", "username": "acme", "password": ""}
        answer = browse(alice).post(away("carrier_edit", carrier_id=made.pk), form)
        assert answer.status_code == 422

    def test_nothing_changed_asks_nothing_of_the_platform(self, alice, browse, away, trunk):
        form = {"name": "Acme Trunk", "trunk_type": "static_ip", "is_default": "on"}
        browse(alice).post(away("carrier_edit", carrier_id=trunk.pk), form)
        trunk.refresh_from_db()
        assert (trunk.status, trunk.version) == ("active", 1)


class TestGateways:
    def form(self, **changes) -> dict:
        kept = {**GATEWAY, "ipv4": "203.0.113.20", **changes}
        return {name: value for name, value in kept.items() if value is not False}

    def test_one_is_added(self, alice, browse, away, trunk):
        browse(alice).post(away("carrier_gateway_add", carrier_id=trunk.pk), self.form())
        assert {g.ipv4 for g in trunk.gateways.all()} == {"198.51.100.7", "203.0.113.20"}

    def test_posted_twice_it_is_added_once(self, alice, browse, away, trunk):
        url = away("carrier_gateway_add", carrier_id=trunk.pk)
        browse(alice).post(url, self.form())
        again = browse(alice).post(url, self.form())
        assert again.status_code == 422
        assert "stand twice" in again.text
        assert trunk.gateways.count() == 2

    def test_one_is_changed(self, alice, browse, away, trunk):
        gateway = trunk.gateways.get()
        url = away("carrier_gateway", carrier_id=trunk.pk, gateway_id=gateway.pk)
        assert "198.51.100.7" in browse(alice).get(url).text
        browse(alice).post(url, self.form(port=5080))
        assert str(trunk.gateways.get()) == "203.0.113.20:5080"
        trunk.refresh_from_db()
        assert trunk.status == "pending"

    def test_an_inbound_host_name_is_refused(self, alice, browse, away, trunk):
        url = away("carrier_gateway_add", carrier_id=trunk.pk)
        answer = browse(alice).post(url, self.form(ipv4="sip.example.com"))
        assert answer.status_code == 422
        assert "cannot be matched" in answer.text
        browse(alice).post(url, self.form(ipv4="sip.example.com", inbound=False))
        assert trunk.gateways.filter(ipv4="sip.example.com").exists()

    def test_an_overlap_is_told_first(self, alice, browse, away, trunk):
        factories.create_carrier(
            alice.by, name="Twin", gateways=[{**GATEWAY, "ipv4": "203.0.113.20"}]
        )
        url = away("carrier_gateway_add", carrier_id=trunk.pk)
        answer = browse(alice).post(url, self.form())
        assert answer.status_code == 422
        assert "Twin" in answer.text
        browse(alice).post(url, self.form(knowing="yes"))
        assert trunk.gateways.count() == 2

    def test_one_is_removed(self, alice, browse, away, trunk):
        browse(alice).post(away("carrier_gateway_add", carrier_id=trunk.pk), self.form())
        first = trunk.gateways.get(ipv4="198.51.100.7")
        url = away("carrier_gateway_remove", carrier_id=trunk.pk, gateway_id=first.pk)
        assert "Calls from 198.51.100.7 are refused" in browse(alice).get(url).text
        browse(alice).post(url)
        assert [g.ipv4 for g in trunk.gateways.all()] == ["203.0.113.20"]
        assert browse(alice).post(url).status_code == 404

    def test_the_last_one_stays(self, alice, browse, away, trunk):
        path = {"carrier_id": trunk.pk, "gateway_id": trunk.gateways.get().pk}
        answer = browse(alice).post(away("carrier_gateway_remove", **path))
        assert answer.status_code == 422
        assert "at least one gateway" in answer.text
        assert trunk.gateways.count() == 1

    def test_another_carriers_is_not_found(self, alice, browse, away, trunk):
        other = factories.create_carrier(alice.by, name="Other")
        path = {"carrier_id": trunk.pk, "gateway_id": other.gateways.get().pk}
        assert browse(alice).get(away("carrier_gateway", **path)).status_code == 404
        assert browse(alice).post(away("carrier_gateway_remove", **path)).status_code == 404


class TestDeleting:
    def test_the_page_names_what_goes(self, alice, browse, away, trunk):
        page = browse(alice).get(away("carrier_delete", carrier_id=trunk.pk)).text
        assert "198.51.100.7:5060" in page
        assert "no default carrier" in page

    def test_it_is_gone(self, alice, browse, away, trunk):
        browse(alice).post(away("carrier_delete", carrier_id=trunk.pk))
        trunk.refresh_from_db()
        assert trunk.status == "deleted"

    def test_numbers_in_the_way_are_named_and_it_stays(self, alice, browse, away, trunk):
        factories.create_number(alice.by, "+14155550101", settled=False)
        url = away("carrier_delete", carrier_id=trunk.pk)
        page = browse(alice).get(url).text
        assert "+1 (415) 555-0101" in page
        assert "Delete the carrier" not in page
        assert browse(alice).post(url).status_code == 422
        trunk.refresh_from_db()
        assert trunk.status == "active"

    def test_another_organizations_numbers_are_counted_never_named(
        self, alice, mallory, browse, away, trunk
    ):
        factories.create_number(mallory.by, "+14155550102", settled=False)
        mallory.organization.phone_numbers.update(carrier=trunk)
        page = browse(alice).get(away("carrier_delete", carrier_id=trunk.pk)).text
        assert "1 number is still on it" in page
        assert "+14155550102" not in page

    def test_a_viewer_may_not(self, carol, browse, away, trunk):
        assert browse(carol).post(away("carrier_delete", carrier_id=trunk.pk)).status_code == 403
