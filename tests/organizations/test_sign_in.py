"""Signing in: passwords, lock-out, second factor, the one provider; and what errors look like."""

import re
import socket
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
)
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client, RequestFactory

from config.sign_in import build_openid_connect_settings
from organizations.accounts import invitations
from organizations.accounts.email_verification import mark_unverified
from organizations.accounts.sign_in.adapter import format_wait_time
from organizations.accounts.sign_in.oidc import SingleProviderAdapter
from organizations.models import User
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.sign_in import (
    LOGIN_URL,
    PASSWORD,
    enroll_second_factor,
    sign_in,
    totp_code,
    unused_recovery_code,
)

pytestmark = pytest.mark.django_db


class TestPassword:
    def test_it_leads_where_one_wanted_to_go(self, alice):
        browser, wanted = Client(), screen_url(alice.organization, "members")
        answer = browser.get(wanted)
        assert answer["Location"] == f"{LOGIN_URL}?next={wanted}"
        answer = browser.post(
            answer["Location"], {"login": "ALICE@example.com", "password": PASSWORD, "next": wanted}
        )
        assert answer["Location"] == wanted
        assert browser.get(wanted).status_code == 200

    def test_who_comes_in_is_told_no_news(self, alice):
        browser = Client()
        sign_in(browser)
        assert 'role="status"' not in browser.get(screen_url(alice.organization, "members")).text
        browser.post("/accounts/logout/")
        assert "You are signed out." in browser.get(LOGIN_URL).text

    def test_who_has_an_account_is_not_told(self, alice):
        pages = [
            sign_in(Client(), email, "wrong").text for email in ("alice@example.com", "x@y.example")
        ]
        told = [re.findall(r'role="alert".*?</div>', page, re.DOTALL) for page in pages]
        assert told[0] == told[1] != []

    def test_nobody_signs_up(self, alice):
        assert "/signup/" not in Client().get(LOGIN_URL).text
        for path in ("signup", "email", "3rdparty", "none/account_signup", "2fa/webauthn"):
            assert Client().get(f"/accounts/{path}/").status_code == 404

    def test_without_mail_one_is_told_whom_to_ask(self):
        answer = Client().get("/accounts/password/reset/")
        assert "operators" in answer.text
        post = Client().post("/accounts/password/reset/", {"email": "alice@example.com"})
        assert post.status_code == 405

    def test_with_mail_a_link_sets_a_new_one(self, alice, settings):
        settings.CAN_MAIL = True
        browser = Client()
        browser.post("/accounts/password/reset/", {"email": "alice@example.com"})
        path = re.search(r"http://127.0.0.1:8000(/\S+)", mail.outbox[0].body)[1]
        form = browser.get(path)["Location"]
        new = {"password1": "a quiet river", "password2": "a quiet river"}
        assert browser.post(form, new).status_code == 302
        assert sign_in(Client(), password="a quiet river").status_code == 302

    def test_the_mails_are_in_our_words(self, alice, browse, settings):
        settings.CAN_MAIL = settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
        Client().post("/accounts/password/reset/", {"email": "alice@example.com"})
        new = {"oldpassword": PASSWORD, "password1": "a quiet river", "password2": "a quiet river"}
        browse(alice).post("/accounts/password/change/", new)
        asked, changed = mail.outbox
        assert asked.subject == "Set a new password for Patchbay"
        assert (changed.subject, changed.to) == ("Your password was changed", [alice.user.email])
        assert "From: 127.0.0.1\n" in changed.body
        assert "Was it not you?" in changed.body
        assert not any("Hello from" in sent.body for sent in mail.outbox)

    def test_the_mail_knows_no_host_that_the_asker_chose(self, alice, settings):
        settings.CAN_MAIL, settings.PUBLIC_BASE_URL = True, "https://phones.example"
        asked = {"email": "alice@example.com"}
        Client().post("/accounts/password/reset/", asked, headers={"host": "localhost:6666"})
        assert "https://phones.example/accounts/password/reset/key/" in mail.outbox[0].body
        assert "localhost" not in mail.outbox[0].body

    def test_strangers_get_no_mail_and_capitals_do_not_matter(self, alice, settings):
        settings.CAN_MAIL = True
        User.objects.create_user("Erna.Muster@Example.com", PASSWORD)
        for email in ("nobody@example.org", "erna.muster@example.com", "ERNA.Muster@example.com"):
            answer = Client().post("/accounts/password/reset/", {"email": email})
            assert answer["Location"] == "/accounts/password/reset/done/"
        assert [sent.to for sent in mail.outbox] == [["erna.muster@example.com"]] * 2

    def test_it_is_changed_with_the_old_one(self, alice, browse):
        new = {"oldpassword": PASSWORD, "password1": "a quiet river", "password2": "a quiet river"}
        assert browse(alice).post("/accounts/password/change/", new).status_code == 302
        alice.user.refresh_from_db()
        assert alice.user.check_password("a quiet river")


class TestLockOut:
    def fail(self, times: int, browser=None, **extra):
        for _ in range(times):
            answer = sign_in(browser or Client(), password="wrong", **extra)
        return answer

    def test_the_sixth_wrong_password_locks_out_and_says_how_long(self, alice):
        assert "Too many" not in self.fail(5).text
        answer = sign_in(Client())
        assert "Too many attempts failed. Try again in 5 minutes." in answer.text
        assert sign_in(Client(), email="mallory@example.com").status_code == 200

    def test_the_host_and_its_port_are_no_way_around(self, alice):
        for port in range(5):
            self.fail(1, headers={"host": f"localhost:{port + 1}"})
        assert "Too many" in sign_in(Client(), headers={"host": "127.0.0.1"}).text

    def test_right_ones_do_not_count(self, alice):
        for _ in range(7):
            assert sign_in(Client()).status_code == 302

    def test_an_address_is_locked_out_too_the_clients_behind_a_proxy(self, alice, settings):
        settings.TRUSTED_PROXIES = ["127.0.0.1"]
        guesser, other = ({"x-forwarded-for": f"10.0.0.9, 192.0.2.{n}"} for n in (1, 2))
        for n in range(30):
            sign_in(Client(), f"guess{n}@example.com", "wrong", headers=guesser)
        assert "Too many" in sign_in(Client(), headers=guesser).text
        assert sign_in(Client(), headers=other).status_code == 302

    def test_ones_own_second_factor_does_not_lift_an_addresss_lock_out(self, alice):
        enroll_second_factor(alice.user)
        for n in range(28):
            sign_in(Client(), f"guess{n}@example.com", "wrong")
        own = Client()
        sign_in(own)
        assert (
            own.post("/accounts/2fa/authenticate/", {"code": unused_recovery_code()})["Location"]
            == "/"
        )
        told = [sign_in(Client(), f"more{n}@example.com", "wrong").text for n in range(3)]
        assert ["Too many" in text for text in told] == [False, False, True]

    def test_codes_of_a_second_factor_are_guessed_five_times(self, alice):
        enroll_second_factor(alice.user)
        browser = Client()
        sign_in(browser)
        path = "/accounts/2fa/authenticate/"
        told = [browser.post(path, {"code": "000000"}).text for _ in range(6)]
        assert "Too many" not in told[4]
        assert "Too many" in told[5]

    def test_waiting_is_told_as_people_do(self):
        assert [format_wait_time(n) for n in (1, 40, 91, 300)] == [
            "1 second",
            "40 seconds",
            "2 minutes",
            "5 minutes",
        ]


class TestSecondFactor:
    def test_the_password_alone_does_not_do(self, alice):
        enroll_second_factor(alice.user)
        browser = Client()
        assert sign_in(browser)["Location"] == "/accounts/2fa/authenticate/"
        assert browser.get("/")["Location"].startswith(LOGIN_URL)
        answer = browser.post("/accounts/2fa/authenticate/", {"code": unused_recovery_code()})
        assert answer["Location"] == "/"

    @pytest.mark.parametrize("policy", ["off", "everybody"])
    def test_who_joined_by_a_link_enrols_one(self, alice, settings, policy):
        settings.REQUIRE_MFA = policy
        _made, link = invitations.create_invitation(
            alice.by, email="dora@example.com", role="admin"
        )
        browser = Client()
        browser.post(urlsplit(link).path, {"name": "Dora", "password": PASSWORD})
        ask = browser.get("/accounts/2fa/totp/activate/")["Location"]
        page = browser.post(ask, {"password": PASSWORD}, follow=True)
        browser.post(
            "/accounts/2fa/totp/activate/", {"code": totp_code(page.context["form"].secret)}
        )
        assert Authenticator.objects.filter(user__email="dora@example.com", type="totp").exists()
        assert browser.get(screen_url(alice.organization, "members")).status_code == 200

    def test_its_secret_is_sealed(self, alice):
        secret = generate_totp_secret()
        TOTP.activate(alice.user, secret)
        kept = Authenticator.objects.get(type="totp").data["secret"]
        assert secret not in kept
        assert kept.startswith("gAAAA")

    def test_it_goes_with_the_rotation_of_keys(self, alice, settings):
        enroll_second_factor(alice.user)
        settings.PATCHBAY_ENCRYPTION_KEYS = [
            Fernet.generate_key().decode(),
            *settings.PATCHBAY_ENCRYPTION_KEYS,
        ]
        call_command("rotate_secrets")
        settings.PATCHBAY_ENCRYPTION_KEYS = settings.PATCHBAY_ENCRYPTION_KEYS[:1]
        codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes"))
        assert len(codes.get_unused_codes()) == 10

    @pytest.mark.parametrize(
        ("policy", "is_staff", "is_led"),
        [
            ("off", True, False),
            ("operators", False, False),
            ("operators", True, True),
            ("everybody", False, True),
        ],
    )
    def test_who_must_have_one_enrols_first(
        self, alice, browse, settings, policy, is_staff, is_led
    ):
        settings.REQUIRE_MFA = policy
        User.objects.filter(pk=alice.user.pk).update(is_staff=is_staff)
        browser, page = browse(alice), screen_url(alice.organization, "members")
        assert (browser.get(page).status_code == 302) == is_led
        if is_led:
            assert "asks for a second factor" in browser.get(page, follow=True).text
        enroll_second_factor(alice.user)
        assert browser.get(page).status_code == 200

    def test_an_operator_removes_a_lost_one(self, alice, staff):
        enroll_second_factor(alice.user)
        path = f"/admin/organizations/user/{alice.user.pk}/do/second-factor/"
        assert "the password alone" in staff.get(path).text
        assert Authenticator.objects.exists()
        staff.post(path, {"confirmed": "yes"})
        assert not Authenticator.objects.exists()
        event = alice.organization.events.get(action="member.second_factor_removed")
        assert event.actor_label == "operator olga@example.com"


class TestAdmin:
    def test_it_is_behind_the_same_door(self, alice, browse):
        answer = Client().get("/admin/", follow=True)
        assert answer.redirect_chain[-1][0] == f"{LOGIN_URL}?next=%2Fadmin%2F"
        assert browse(alice).get("/admin/", follow=True).status_code == 403

    def test_it_shows_invitations_and_revokes_them(self, alice, staff):
        made, _link = invitations.create_invitation(alice.by, email="dave@example.com", role="user")
        page = "/admin/organizations/invitation/"
        assert "dave@example.com" in staff.get(page).text
        staff.post(f"{page}{made.pk}/do/revoke/", {"confirmed": "yes"})
        made.refresh_from_db()
        assert made.state == "revoked"


class TestProvider:
    def come(self, email: str, *, verified=True, process="login", name="Dave"):
        """What the provider said of who comes, as allauth hands it over."""
        request = RequestFactory().get("/")
        login = SimpleNamespace(
            email_addresses=[EmailAddress(email=email, verified=verified)],
            state={"process": process},
            account=SimpleNamespace(extra_data={"userinfo": {"name": name}}),
            user=None,
        )
        SingleProviderAdapter(request).pre_social_login(request, login)
        return login.user

    def test_the_account_with_the_same_e_mail_is_theirs(self, alice):
        assert self.come("ALICE@example.com") == alice.user
        alice.user.refresh_from_db()
        assert alice.user.check_password(PASSWORD)

    @pytest.mark.parametrize("verified", [False, None, "true", 1])
    def test_a_claim_opens_nothing(self, alice, verified):
        with pytest.raises(ImmediateHttpResponse) as refused:
            self.come("alice@example.com", verified=verified)
        assert refused.value.response.status_code == 403

    def test_identities_are_not_linked(self, alice):
        with pytest.raises(ImmediateHttpResponse):
            self.come("alice@example.com", process="connect")

    def test_only_who_is_awaited_gets_a_new_account(self, alice):
        with pytest.raises(ImmediateHttpResponse):
            self.come("dave@example.com")
        invitations.create_invitation(alice.by, email="dave@example.com", role="user")
        dave = self.come("dave@example.com")
        assert (dave.name, dave.has_usable_password(), dave.memberships.count()) == (
            "Dave",
            False,
            0,
        )

    def test_it_is_a_way_to_follow_an_invitation(self, alice, settings):
        settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
            "https://id.example", client_id="x", secret="y", name="Acme"
        )
        _made, link = invitations.create_invitation(alice.by, email="dave@example.com", role="user")
        path = urlsplit(link).path
        told = f"/accounts/oidc/sso/login/?process=login&amp;next={quote(path, safe='')}"
        assert told in Client().get(path).text

    def test_a_provider_that_is_away_is_told(self, settings, caplog):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
            f"http://127.0.0.1:{port}", client_id="x", secret="y", name="Acme"
        )
        answer = Client().get("/accounts/oidc/sso/login/")
        assert (answer.status_code, "did not work" in answer.text) == (503, True)
        assert "was not reached" in caplog.text

    def test_who_made_the_account_before_its_owner_came_is_shut_out(self, alice):
        """Mallory invites dave@, opens the link herself, and waits for Dave."""
        dave = factories.create_member("Dave").user
        mark_unverified(dave)
        enroll_second_factor(dave)
        mallorys = Client()
        mallorys.force_login(dave, "django.contrib.auth.backends.ModelBackend")
        assert self.come("dave@example.com") == dave
        dave.refresh_from_db()
        assert not dave.has_usable_password()
        assert not Authenticator.objects.filter(user=dave).exists()
        assert mallorys.get("/")["Location"].startswith(LOGIN_URL)
        assert EmailAddress.objects.get(user=dave).verified


class TestErrorPages:
    def test_they_say_what_to_do(self, alice, carol, browse):
        missing = browse(alice).get("/o/org_000000000000/")
        assert (missing.status_code, "There is nothing here" in missing.text) == (404, True)
        assert missing["X-Request-Id"] in missing.text
        refused = browse(carol).post(screen_url(alice.organization, "members"))
        assert (refused.status_code, "Your role in Alice" in refused.text) == (403, True)

    def test_a_foreign_form_is_refused_in_plain_words(self):
        answer = Client(enforce_csrf_checks=True).post(LOGIN_URL, {"login": "x", "password": "y"})
        assert (answer.status_code, "load it again" in answer.text) == (403, True)

    def test_who_signs_in_again_in_another_tab_is_in(self, alice):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(alice.user, "django.contrib.auth.backends.ModelBackend")
        answer = browser.post(
            LOGIN_URL, {"login": "x", "password": "y", "next": "/organizations/new"}
        )
        assert answer["Location"] == "/organizations/new"
        answer = browser.post(LOGIN_URL, {"next": "https://evil.example/"})
        assert answer["Location"] == "/"

    @pytest.mark.parametrize(
        ("error", "status", "told"),
        [(OperationalError, 503, "database is away"), (ZeroDivisionError, 500, "went wrong here")],
    )
    def test_what_breaks_shows_no_traceback(self, alice, monkeypatch, error, status, told):
        def broken(*args):
            raise error("secret detail")

        monkeypatch.setattr("organizations.views.members.add_role_labels", broken)
        browser = Client(raise_request_exception=False)
        browser.force_login(alice.user, "django.contrib.auth.backends.ModelBackend")
        answer = browser.get(screen_url(alice.organization, "members"))
        assert (answer.status_code, told in answer.text) == (status, True)
        assert "secret detail" not in answer.text
        assert "unsafe" not in answer["Content-Security-Policy"]

    def test_too_many_forms_are_told_to_wait(self, alice, settings):
        settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
        sign_in(Client(), password="wrong")
        answer = sign_in(Client(), password="wrong")
        assert (answer.status_code, "Wait a minute" in answer.text) == (429, True)
