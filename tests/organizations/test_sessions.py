"""Sessions: listed, ended, and at an end by themselves."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from organizations.accounts.sign_in.session_views import device_name
from organizations.accounts.sign_in.sessions import (
    SessionUseThrottle,
    delete_expired_sessions,
    session_use_throttle,
)
from organizations.web.views.base import screen_url
from tests.support.sign_in import PASSWORD, sign_in, totp_code

pytestmark = pytest.mark.django_db

LIST = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"


def signed_in(agent: str = FIREFOX, address: str = "192.0.2.7", **who) -> Client:
    browser = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    assert sign_in(browser, **who).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get(LIST).status_code == 200


def later(**ago):
    return time_machine.travel(timezone.now() + timedelta(**ago), tick=True)


@pytest.fixture
def _each_use_is_noted(settings):
    settings.SESSION_NOTED = timedelta()


class TestTheList:
    def test_it_tells_where_and_when_and_which_is_this_one(self, alice, mallory):
        here, phone = signed_in(), signed_in(IPHONE, "2001:db8::9")
        signed_in(address="203.0.113.99", email="mallory@example.com")
        page = here.get(LIST).text
        for told in ("Firefox, Linux", "192.0.2.7", "Safari, iPhone", "2001:db8::9", "this one"):
            assert told in page
        assert "203.0.113.99" not in page
        assert page.count("this one") == 1
        for browser in (here, phone):
            assert browser.session.session_key not in page

    @pytest.mark.usefixtures("_each_use_is_noted")
    def test_it_tells_the_last_use_and_from_where(self, alice):
        browser = signed_in()
        with later(hours=2):
            browser.get(LIST, REMOTE_ADDR="198.51.100.4")
            row = UserSession.objects.get()
            assert (row.ip, row.last_seen_at - row.created_at > timedelta(hours=1)) == (
                "198.51.100.4",
                True,
            )

    def test_who_joins_by_a_link_and_who_has_no_address_are_in_it(self, alice, browse):
        assert "this one" in browse(alice).get(LIST).text

    @pytest.mark.parametrize(
        ("agent", "device"),
        [
            (FIREFOX, "Firefox, Linux"),
            (IPHONE, "Safari, iPhone"),
            ("… (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
            ("… (Macintosh; Intel Mac OS X 10_15) Chrome/142.0 Safari/537.36", "Chrome, macOS"),
            ("curl/8.5", "curl/8.5"),
            ("", ""),
        ],
    )
    def test_devices_have_names(self, agent, device):
        assert device_name(agent) == device

    def test_nobody_sees_it_signed_out(self):
        assert Client().get(LIST).status_code == 302


class TestTheEnd:
    def test_one_is_ended(self, alice):
        here, phone, desk = signed_in(), signed_in(IPHONE), signed_in()
        row = UserSession.objects.get(session_key=phone.session.session_key)
        assert here.post(LIST, {"session": row.pk}, follow=True).status_code == 200
        assert [is_in(browser) for browser in (here, phone, desk)] == [True, False, True]

    def test_all_others_are(self, alice):
        here, phone, desk = signed_in(), signed_in(IPHONE), signed_in()
        assert "2 sessions were ended." in here.post(LIST, follow=True).text
        assert [is_in(browser) for browser in (here, phone, desk)] == [True, False, False]

    def test_nobody_ends_anothers(self, alice, mallory):
        here, theirs = signed_in(), signed_in(email="mallory@example.com")
        row = UserSession.objects.get(session_key=theirs.session.session_key)
        for named in (row.pk, "0", "x", "9" * 30, "²"):
            assert here.post(LIST, {"session": named}).status_code == 404
        here.post(LIST)
        assert is_in(theirs)

    def test_signing_out_leaves_nothing(self, alice):
        browser = signed_in()
        browser.post("/accounts/logout/")
        assert not UserSession.objects.exists()

    def test_another_password_ends_the_others(self, alice):
        here, phone = signed_in(), signed_in(IPHONE)
        new = {"oldpassword": PASSWORD, "password1": "a quiet river", "password2": "a quiet river"}
        here.post("/accounts/password/change/", new)
        assert [is_in(browser) for browser in (here, phone)] == [True, False]
        assert UserSession.objects.count() == 1

    def test_a_second_factor_that_is_added_does(self, alice):
        here, phone = signed_in(), signed_in(IPHONE)
        ask = here.get("/accounts/2fa/totp/activate/")["Location"]
        page = here.post(ask, {"password": PASSWORD}, follow=True)
        secret = page.context["form"].secret
        assert is_in(phone)
        here.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)})
        assert [is_in(browser) for browser in (here, phone)] == [True, False]


@pytest.mark.usefixtures("_each_use_is_noted")
class TestBySelf:
    def test_one_that_is_not_used_ends(self, alice, settings):
        settings.SESSION_IDLE = timedelta(hours=2)
        used, left = signed_in(), signed_in(IPHONE)
        for _ in range(2):
            with later(minutes=90):
                assert is_in(used)
        with later(minutes=200):
            assert is_in(used)
            assert not is_in(left)

    def test_one_that_is_used_ends_all_the_same_after_some_days(self, alice, settings):
        settings.SESSION_IDLE = timedelta(days=9)
        settings.SESSION_COOKIE_AGE = 10 * 86400
        browser = signed_in()
        for days in (4, 8):
            with later(days=days):
                assert is_in(browser)
        with later(days=10, minutes=1):
            assert not is_in(browser)

    def test_saving_its_data_does_not_make_it_last(self, alice, settings):
        settings.SESSION_COOKIE_AGE = 86400
        browser = signed_in()
        with later(hours=23):
            browser.post("/accounts/password/change/", {"oldpassword": "wrong"})
            session = browser.session
            session["x"] = 1
            session.save()
            left = Session.objects.get().expire_date - timezone.now()
            assert left <= timedelta(hours=1)

    def test_the_form_that_was_sent_then_is_kept(self, alice, settings):
        settings.SESSION_IDLE = timedelta(hours=2)
        browser = signed_in()
        with later(hours=3):
            typed = {"text": "+14155550101"}
            page = browser.post(screen_url(alice.organization, "add_list"), typed)
            assert "+14155550101" in page.text

    def test_the_dead_are_forgotten(self, alice):
        signed_in()
        with later(days=20):
            delete_expired_sessions()
        assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)


class TestNoting:
    def test_it_is_once_in_a_while(self, alice, django_assert_num_queries):
        browser = signed_in()
        session_use_throttle.times.clear()
        with django_assert_num_queries(2 + 5):  # session and user; what is noted
            browser.get("/accounts/password/change/")
        with django_assert_num_queries(2):
            browser.get("/accounts/password/change/")

    def test_the_memory_is_bounded(self, settings):
        memory = SessionUseThrottle(size=2)
        assert [memory.is_due(key) for key in ("a", "b", "c", "c", "a")] == [
            True,
            True,
            True,
            False,
            True,
        ]
        assert len(memory.times) == 2
