"""API keys in the browser: listed, made once and shown once, revoked."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from organizations.access.api_key_format import parse_api_key
from organizations.models import ApiKey
from organizations.operations import KeyAlreadyCreated, create_api_key
from organizations.web.views.context import ZONE_COOKIE

pytestmark = pytest.mark.django_db


def url(member, name: str, **path) -> str:
    org_id = member.organization.public_id
    return reverse(f"screens:{name}", kwargs={"org_id": org_id, **path})


def form(**changes) -> dict:
    kept = {"token": uuid4(), "name": "Export", "role": "user", "term": "90"}
    return {**kept, **changes}


def made(member) -> ApiKey:
    return member.organization.api_keys.get(name="Export")


def shown_key(page: str) -> str:
    return page.split('<code class="secret">')[1].split("<")[0]


class TestMaking:
    def test_the_key_is_shown_once_and_works(self, alice, browse, api):
        browser = browse(alice)
        answer = browser.post(url(alice, "api_keys_add"), form())
        text = shown_key(answer.text)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        assert made(alice).key_id == parse_api_key(text).key_id
        assert f"Authorization: Bearer {text}" in answer.text
        assert browser.get(url(alice, "api_keys")).text.count(text) == 0
        client = type("Key", (), {"key_text": text})
        assert api(client).get("/v1/phone-numbers").status_code == 200

    def test_nothing_of_it_is_kept_in_the_session(self, alice, browse):
        browser = browse(alice)
        text = shown_key(browser.post(url(alice, "api_keys_add"), form()).text)
        assert parse_api_key(text).secret not in str(dict(browser.session))

    def test_the_same_form_makes_one_key(self, alice, browse):
        sent, browser = form(), browse(alice)
        browser.post(url(alice, "api_keys_add"), sent)
        again = browser.post(url(alice, "api_keys_add"), sent, follow=True)
        assert alice.organization.api_keys.filter(name="Export").count() == 1
        assert "has made its key already" in again.text
        assert "secret" not in again.text.split("<main")[1]

    def test_the_operation_tells_it_apart(self, alice):
        key_id = uuid4()
        create_api_key(alice.by, owner=alice.user, name="One", id=key_id)
        with pytest.raises(KeyAlreadyCreated):
            create_api_key(alice.by, owner=alice.user, name="One", id=key_id)

    def test_scopes_and_networks_narrow_it(self, alice, browse):
        narrow = {
            "scopes": ["phone_numbers:read"],
            "allowed_cidrs": "203.0.113.0/24\n2001:db8::/32",
        }
        browse(alice).post(url(alice, "api_keys_add"), form(**narrow))
        key = made(alice)
        assert key.scopes == ["phone_numbers:read"]
        assert key.allowed_cidrs == ["203.0.113.0/24", "2001:db8::/32"]
        page = browse(alice).get(url(alice, "api_keys")).text
        assert "only Phone numbers and carriers: see" in page
        assert "203.0.113.0/24" in page

    def test_a_term_of_days(self, alice, browse):
        browse(alice).post(url(alice, "api_keys_add"), form(term="30"))
        assert abs(made(alice).expires_at - timezone.now() - timedelta(days=30)) < timedelta(
            minutes=1
        )

    def test_never(self, alice, browse):
        browse(alice).post(url(alice, "api_keys_add"), form(term="never"))
        assert made(alice).expires_at is None

    def test_a_day_ends_in_the_readers_zone(self, alice, browse):
        browser = browse(alice)
        browser.cookies[ZONE_COOKIE] = "Asia/Tokyo"
        day = {"term": "day", "expires_at": "2031-05-04"}
        browser.post(url(alice, "api_keys_add"), form(**day))
        assert made(alice).expires_at == datetime(2031, 5, 5, tzinfo=ZoneInfo("Asia/Tokyo"))

    @pytest.mark.parametrize(
        ("wrong", "complaint"),
        [
            ({"term": "day"}, "Choose the day."),
            ({"term": "90", "expires_at": "2031-05-04"}, "another end is chosen"),
            ({"term": "day", "expires_at": "2001-01-01"}, "A time in the future is expected."),
            ({"allowed_cidrs": "everywhere"}, "Not a network"),
            ({"name": ""}, "This field is required."),
            ({"role": "emperor"}, "Select a valid choice"),
            ({"scopes": ["everything"]}, "Select a valid choice"),
        ],
    )
    def test_errors_stand_beside_the_field_and_make_nothing(self, alice, browse, wrong, complaint):
        answer = browse(alice).post(url(alice, "api_keys_add"), form(**wrong))
        assert answer.status_code == 422
        assert complaint in answer.text
        assert not alice.organization.api_keys.filter(name="Export").exists()

    def test_what_was_typed_stays(self, alice, browse):
        typed = {"name": "", "scopes": ["agents:read"], "allowed_cidrs": "203.0.113.0/24"}
        page = browse(alice).post(url(alice, "api_keys_add"), form(**typed)).text
        assert 'value="agents:read" checked' in page
        assert "203.0.113.0/24" in page

    def test_nobody_makes_a_key_with_a_higher_role(self, bob, browse):
        page = browse(bob).get(url(bob, "api_keys_add")).text
        assert 'value="agent_manager"' in page
        assert 'value="admin"' not in page
        assert browse(bob).post(url(bob, "api_keys_add"), form(role="admin")).status_code == 422


class TestList:
    def test_it_tells_states_and_no_secrets(self, alice, browse):
        key = alice.key
        ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(days=1))
        page = browse(alice).get(url(alice, "api_keys")).text
        assert f"pb_live_{key.key_id}" in page
        assert "expired" in page
        assert alice.key_text not in page

    def test_others_keys_are_not_in_it(self, alice, mallory, browse):
        assert "Mallory" not in browse(alice).get(url(alice, "api_keys")).text

    def test_a_viewer_has_no_buttons(self, alice, carol, browse):
        page = browse(carol).get(url(carol, "api_keys")).text
        assert url(carol, "api_keys_add") not in page
        assert url(carol, "api_keys_revoke", key_id=alice.key.pk) not in page

    def test_who_stands_below_cannot_revoke(self, alice, bob, browse):
        page = browse(bob).get(url(bob, "api_keys")).text
        assert url(bob, "api_keys_revoke", key_id=alice.key.pk) not in page
        assert url(bob, "api_keys_revoke", key_id=bob.key.pk) in page


class TestRevoking:
    def test_the_page_says_when_it_was_used(self, alice, browse):
        page = browse(alice).get(url(alice, "api_keys_revoke", key_id=alice.key.pk)).text
        assert "It was never used." in page
        ApiKey.objects.filter(pk=alice.key.pk).update(last_used_at=timezone.now())
        page = browse(alice).get(url(alice, "api_keys_revoke", key_id=alice.key.pk)).text
        assert "It was last used" in page

    def test_it_is_refused_from_then_on_and_twice_does_no_harm(self, alice, browse, api):
        path = url(alice, "api_keys_revoke", key_id=alice.key.pk)
        browse(alice).post(path)
        assert api(alice).get("/v1/phone-numbers").status_code == 401
        assert "was revoked before" in browse(alice).post(path, follow=True).text

    def test_a_higher_one_is_refused(self, alice, bob, browse):
        path = url(bob, "api_keys_revoke", key_id=alice.key.pk)
        assert "higher role" in browse(bob).post(path, follow=True).text
        alice.key.refresh_from_db()
        assert alice.key.revoked_at is None

    def test_a_strangers_is_not_found(self, alice, mallory, browse):
        path = url(mallory, "api_keys_revoke", key_id=alice.key.pk)
        assert browse(mallory).post(path).status_code == 404
