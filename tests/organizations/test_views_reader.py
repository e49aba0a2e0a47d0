"""How pages meet their reader: theme, language, time zone; and what browsers are told to allow."""

import pytest
from django.utils import timezone, translation

from organizations.web.views.base import screen_url
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db


@pytest.fixture
def dashboard(alice):
    return f"/o/{alice.organization.public_id}/"


class TestPreferences:
    def wish(self, browser, **wishes):
        return browser.post("/preferences", {"next": "/", **wishes})

    def test_they_are_kept(self, alice, browse, dashboard):
        browser = browse(alice)
        answer = self.wish(browser, theme="dark", language="de", zone="Europe/Berlin")
        assert (answer.status_code, answer["Location"]) == (302, "/")
        page = browser.get(dashboard).text
        assert '<html lang="de" data-theme="dark">' in page
        assert "Übersicht" in page
        assert 'value="Europe/Berlin"' in page

    @pytest.mark.parametrize(
        "wish", [{"theme": "pink"}, {"language": "xx"}, {"zone": "Mars/Olympus"}, {}]
    )
    def test_nonsense_changes_nothing(self, alice, browse, wish):
        answer = self.wish(browse(alice), **wish)
        assert answer.status_code == 302
        assert not answer.cookies

    @pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    def test_nobody_is_led_elsewhere(self, alice, browse, away):
        answer = self.wish(browse(alice), next=away, theme="dark")
        assert answer["Location"] == "/"


class TestReader:
    @pytest.mark.parametrize("zone", ["../etc/passwd", "Nowhere", "\x00", "/etc/localtime"])
    def test_a_zone_that_is_none_is_utc(self, alice, browse, dashboard, zone):
        browser = browse(alice)
        browser.cookies["patchbay_zone"] = zone
        assert 'value="UTC"' in browser.get(dashboard).text

    def test_programs_hear_english(self, alice, api):
        answer = api(alice).get("/v1/phone-numbers/none", accept_language="de")
        assert answer.json()["title"] == "Not found"

    def test_what_one_reader_likes_ends_with_the_request(self, alice, browse, dashboard):
        browser = browse(alice)
        browser.cookies["patchbay_language"], browser.cookies["patchbay_zone"] = "de", "Asia/Tokyo"
        browser.get(dashboard)
        assert translation.get_language() == "en"
        assert timezone.get_current_timezone_name() == "UTC"


class TestBackButton:
    """What was shown is gone with who signed out, from a computer that many use."""

    PAGES = ("dashboard", "numbers", "members", "api_keys", "events")

    def test_no_page_of_somebody_signed_in_is_kept(self, alice, browse, dashboard):
        browser = browse(alice)
        paths = [screen_url(alice.organization, name) for name in self.PAGES]
        paths += ["/accounts/2fa/", "/accounts/password/change/", "/v1/docs", f"{dashboard}none"]
        for path in paths:
            assert "no-store" in browser.get(path).headers.get("Cache-Control", ""), path

    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_nor_a_download(self, alice, browse, form):
        browser = browse(alice)
        path = screen_url(alice.organization, "numbers_export")
        download_export(browser, path, {"format": form})
        export = alice.organization.exports.get()
        answer = browser.get(screen_url(alice.organization, "export_file", export_id=export.pk))
        assert answer["Cache-Control"] == "private, no-store"

    def test_what_says_more_itself_is_left(self, staff):
        assert "must-revalidate" in staff.get("/admin/")["Cache-Control"]


class TestContentPolicy:
    def test_screens_have_a_strict_one(self, alice, browse, dashboard):
        policy = browse(alice).get(dashboard)["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy

    def test_the_admin_has_its_own(self, staff):
        assert "'unsafe-eval'" in staff.get("/admin/")["Content-Security-Policy"]


class TestTheFrontDoor:
    def test_it_leads_to_ones_organization(self, alice, browse, dashboard):
        assert browse(alice).get("/")["Location"] == dashboard

    def test_who_is_nobody_is_asked_to_sign_in(self, client):
        assert client.get("/")["Location"] == "/accounts/login/?next=/"
