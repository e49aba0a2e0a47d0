"""What gives others a way in wants a proof of who one is that is at most ten minutes old; and the
form that was filled in is not lost."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from config.sign_in import build_openid_connect_settings
from integrations.models import Integration
from organizations.accounts.sign_in.reauthentication import (
    PROTECTED_VIEWS,
    is_recently_authenticated,
)
from organizations.models import Invitation
from organizations.web.views.base import screen_url
from tests.support import pages as portal
from tests.support.admin_site import admin_change_url, admin_url
from tests.support.sign_in import PASSWORD, enroll_second_factor, unused_recovery_code

pytestmark = pytest.mark.django_db

ASK, ASK_CODE = "/accounts/reauthenticate/", "/accounts/2fa/reauthenticate/"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def late():
    """Eleven minutes after the sign-ins of the test."""

    def begin():
        return time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True)

    return begin


def asked(answer, way: str = ASK) -> str | None:
    """Where it leads on to, if it asks for a proof."""
    if answer.status_code != 302 or not answer["Location"].startswith(way):
        return None
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


def prove(browser, answer, **sent):
    """The answer to the question, and the page that it leads to."""
    sent = sent or {"password": PASSWORD}
    path = answer["Location"]
    return browser.post(path, {**sent, "next": asked(answer, urlsplit(path).path)}, follow=True)


def send_again(browser, page):
    """The form that was kept, as the page would send it."""
    fields = {}
    for name, value in HIDDEN.findall(page.text):
        fields.setdefault(name, []).append(value)
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)[1]
    return browser.post(action, fields)


def key_form(**changes) -> dict:
    form = {"token": str(uuid4()), "name": "Nightly job", "role": "user", "term": "90"}
    return {**form, "scopes": ["agents:read", "events:read"], **changes}


class TestTheTable:
    @pytest.mark.parametrize("name", PROTECTED_VIEWS)
    def test_every_name_of_it_is_an_address(self, name):
        space, _colon, short = name.rpartition(":")
        root = get_resolver()
        resolver = root.namespace_dict[space][1] if space else root
        assert short in resolver.reverse_dict

    @pytest.mark.parametrize(
        "name", [name for name in PROTECTED_VIEWS if name.startswith("screens:")]
    )
    def test_each_page_of_the_portal_asks(self, name, late, browse):
        world = portal.create_page_fixtures()
        pages = {page.name: page for page in portal.PAGES}
        other = {"screens:members_role": "members_role", "screens:members_remove": "members_remove"}
        short = other.get(name, name.partition(":")[2])
        shown = pages.get(short) or next(p for n, p in pages.items() if n.startswith(short))
        path = shown.url(world)
        browser = browse(world.alice)
        assert asked(browser.post(path, {})) is None
        with late():
            assert asked(browser.post(path, {})).startswith(path)
            assert (asked(browser.get(path)) == path) == ("GET" in PROTECTED_VIEWS[name])


class TestTheProof:
    def test_a_sign_in_is_one(self, alice, browse):
        assert asked(browse(alice).get(screen_url(alice.organization, "api_keys_add"))) is None

    def test_it_lasts_ten_minutes_and_the_question_leads_back(self, alice, browse, late):
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            answer = browser.get(path)
            assert asked(answer) == path
            wrong = browser.post(answer["Location"], {"password": "wrong", "next": path})
            assert wrong.status_code == 200
            assert asked(browser.get(path)) == path
            assert prove(browser, answer).request["PATH_INFO"] == path
            assert asked(browser.get(path)) is None

    def test_looking_and_all_else_needs_none(self, alice, browse, late):
        browser = browse(alice)
        with late():
            for name in ("members", "api_keys", "integrations", "numbers", "carriers_add"):
                assert browser.get(screen_url(alice.organization, name)).status_code == 200

    def test_a_second_factor_does_too(self, alice, browse, late):
        enroll_second_factor(alice.user)
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            asked_first = browser.get(path)
            other = browser.get(asked_first["Location"]).text
            assert ASK_CODE in other
            code = {"code": unused_recovery_code(), "next": path}
            assert browser.post(ASK_CODE, code)["Location"] == path
            assert asked(browser.get(path)) is None

    def test_who_has_no_password_uses_the_second_factor(self, alice, browse, late):
        enroll_second_factor(alice.user)
        alice.user.set_unusable_password()
        alice.user.save()
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            assert asked(browser.get(path), ASK_CODE) == path

    def test_who_signs_in_by_the_provider_signs_in_there_anew(self, alice, browse, late, settings):
        settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
            "https://sso.example", client_id="x", secret="y", name="SSO"
        )
        alice.user.set_unusable_password()
        alice.user.save()
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            answer = browser.get(path)
            assert asked(answer, "/accounts/oidc/sso/login/") == path
            assert "auth_params=prompt%3Dlogin" in answer["Location"]

    def test_nobody_is_proven_by_the_session_of_before(self, alice, rf):
        request = rf.get("/")
        request.session, request.user = {"proved_at": 0}, alice.user
        assert not is_recently_authenticated(request)

    @pytest.mark.parametrize("page", ["codes", "codes/download", "totp/deactivate", "passkeys/add"])
    def test_recovery_codes_and_factors_want_it_too(self, alice, browse, late, page):
        enroll_second_factor(alice.user)
        browser, path = browse(alice), f"/accounts/2fa/{page}/"
        with late():
            assert asked(browser.get(path)) == path

    def test_a_factor_is_not_added_to_an_open_session_of_the_providers(
        self, alice, browse, late, settings
    ):
        settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
            "https://sso.example", client_id="x", secret="y", name="SSO"
        )
        alice.user.set_unusable_password()
        alice.user.save()
        browser, path = browse(alice), "/accounts/2fa/totp/activate/"
        assert browser.get(path).status_code == 200
        with late():
            assert asked(browser.get(path), "/accounts/oidc/sso/login/") == path


class TestTheForm:
    def test_it_comes_back_and_makes_what_was_wanted(self, alice, browse, late):
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            answer = browser.post(path, key_form())
            assert not alice.organization.api_keys.filter(name="Nightly job").exists()
            page = prove(browser, answer)
            assert "What you entered is kept" in page.text
            assert not alice.organization.api_keys.filter(name="Nightly job").exists()
            made = send_again(browser, page)
        assert "pb_live_" in made.text
        key = alice.organization.api_keys.get(name="Nightly job")
        assert key.scopes == ["agents:read", "events:read"]

    def test_an_invitation_too(self, alice, browse, late):
        path, browser = screen_url(alice.organization, "members"), browse(alice)
        with late():
            answer = browser.post(path, {"email": "dave@example.com", "role": "user"})
            assert not Invitation.objects.exists()
            send_again(browser, prove(browser, answer))
        assert Invitation.objects.get().email == "dave@example.com"

    def test_secrets_are_kept_nowhere_and_asked_for_again(self, alice, browse, late):
        path = screen_url(alice.organization, "integrations_connect", kind="livekit")
        typed = {"name": "voice", "account_base_url": "wss://lk.example.com"}
        typed |= {"account_api_key": "APIx", "account_api_secret": "s3cret-of-livekit"}
        browser = browse(alice)
        with late():
            page = prove(browser, browser.post(path, typed))
            assert "Passwords and other secrets are not kept" in page.text
            assert "s3cret-of-livekit" not in page.text
            again = send_again(browser, page)
        assert again.status_code == 422
        assert "wss://lk.example.com" in again.text
        assert not Integration.objects.filter(name="voice").exists()

    def test_it_is_shown_once_and_to_its_sender_only(self, alice, bob, browse, late):
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            address = asked(browser.post(path, key_form()))
        other = browse(bob).get(address)
        assert "Nightly job" not in other.text
        fresh = browse(alice)
        assert "Nightly job" in fresh.get(address).text
        assert "What you entered is kept" not in fresh.get(address).text

    def test_one_that_is_too_long_is_not_kept(self, alice, browse, late):
        path, browser = screen_url(alice.organization, "api_keys_add"), browse(alice)
        with late():
            assert asked(browser.post(path, key_form(name="x" * 60_000))) == path

    def test_a_strangers_site_keeps_none(self, alice, late):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(alice.user, "django.contrib.auth.backends.ModelBackend")
        cache.clear()
        with late():
            answer = browser.post(screen_url(alice.organization, "api_keys_add"), key_form())
        assert asked(answer) is None


class TestTheAdmin:
    def test_what_gives_a_way_in_asks(self, alice, carol, staff, late):
        membership = carol.user.memberships.get()
        on_get = [
            admin_url("organizations_apikey_add"),
            admin_url("organizations_apikey_rotate", alice.key.pk),
            admin_url("organizations_membership_add"),
            admin_url("auth_user_password_change", carol.user.pk),
            admin_url("organizations_user_do", carol.user.pk, "second-factor"),
            admin_url(
                "integrations_integration_credentials", alice.organization.integrations.get().pk
            ),
        ]
        on_post = [
            *on_get,
            admin_change_url(carol.user),
            admin_change_url(membership),
            admin_url("auth_group_add"),
        ]
        with late():
            assert all(asked(staff.get(path)) == path for path in on_get)
            assert all(asked(staff.post(path, {"x": "y"})) for path in on_post)
            assert staff.get(admin_change_url(carol.user)).status_code == 200
            assert staff.get(admin_url("index")).status_code == 200

    def test_its_form_comes_back(self, carol, staff, late):
        membership = carol.user.memberships.get()
        with late():
            answer = staff.post(admin_change_url(membership), {"role": "admin"})
            password = {"password": "correct horse battery"}
            send_again(staff, prove(staff, answer, **password))
        membership.refresh_from_db()
        assert membership.role == "admin"
