"""Integrations on the screens: the list, the page of one, defaults, checks and disconnecting."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import ProviderCall
from integrations.views.health import summarize_call_health
from integrations.web.labels import integration_status
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


def url(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


@pytest.fixture
def sandbox(alice):
    return alice.organization.integrations.get()


def call(integration, **fields):
    given = {"method": "GET", "url": "https://p.example.com/x", "status": 200, "duration_ms": 10}
    given["organization"] = integration.organization
    return ProviderCall.objects.create(integration=integration, **given | fields)


class TestTheList:
    def test_it_tells_state_defaults_and_open_operations(self, alice, sandbox, browse):
        factories.create_number(alice.by, settled=False)
        page = browse(alice).get(url(alice, "integrations")).text
        assert "connected" in page
        assert "supplied numbers" in page
        assert f"?status=open&amp;integration={sandbox.public_id}" in page

    def test_an_empty_one_teaches_and_leads_on(self, browse):
        nina = factories.create_member("Nina")
        page = browse(nina).get(url(nina, "integrations")).text
        assert "No platform is connected" in page
        assert url(nina, "integrations_add") in page

    def test_a_viewer_is_not_asked_to_connect(self, alice, carol, browse):
        page = browse(carol).get(url(alice, "integrations")).text
        assert url(alice, "integrations_add") not in page

    def test_strangers_integrations_are_not_in_it(self, alice, mallory, browse):
        factories.create_sandbox(mallory.by, name="Evil lair")
        assert "Evil lair" not in browse(alice).get(url(alice, "integrations")).text


class TestStanding:
    def test_after_many_failures_it_rests(self, sandbox):
        sandbox.failures = 5
        sandbox.open_until = timezone.now() + timedelta(minutes=1)
        told = integration_status(sandbox)
        assert (told.word, told.until) == ("resting", sandbox.open_until)
        assert "5 failures in a row" in told.reason

    def test_a_platform_that_counts_requests_is_given_time(self, sandbox):
        sandbox.paced_until = timezone.now() + timedelta(seconds=9)
        assert integration_status(sandbox).label == "slowed down"

    def test_a_paused_one_says_why(self, sandbox):
        sandbox.state, sandbox.state_reason = "paused", "The key was revoked."
        assert integration_status(sandbox).reason == "The key was revoked."


class TestHealth:
    def test_it_is_of_the_last_day(self, sandbox):
        call(sandbox, duration_ms=5, at=timezone.now() - timedelta(days=2))
        for status, ms in ((200, 10), (201, 20), (404, 30), (None, 40)):
            call(sandbox, status=status, duration_ms=ms)
        health = summarize_call_health(sandbox)
        assert (health.calls, health.share, health.median_ms) == (4, 50, 25)

    def test_without_calls_nothing_is_claimed(self, sandbox):
        assert summarize_call_health(sandbox).calls == 0


class TestThePage:
    def test_it_shows_calls_and_what_stands_on_it(self, alice, sandbox, browse):
        factories.create_number(alice.by)
        call(sandbox, url="https://p.example.com/Accounts", response_body='{"ok": 1}')
        page = browse(alice).get(url(alice, "integration", integration_id=sandbox.pk)).text
        assert "https://p.example.com/Accounts" in page
        assert "1 number" in page
        assert "Carrier Acme Trunk" in page

    def test_what_the_platform_told_and_who_changed_it_are_in_words(self, alice, sandbox, browse):
        factories.set_default_integration(alice.by, sandbox, role="sip")
        page = browse(alice).get(url(alice, "integration", integration_id=sandbox.pk)).text
        assert "SIP addresses" in page
        assert "sip_addresses" not in page
        assert "Integration made a default" in page

    def test_calls_for_another_organization_are_not_shown(self, alice, mallory, sandbox, browse):
        call(sandbox, organization=mallory.organization, url="https://p.example.com/theirs")
        page = browse(alice).get(url(alice, "integration", integration_id=sandbox.pk)).text
        assert "theirs" not in page

    def test_who_reads_sees_no_button(self, alice, carol, sandbox, browse):
        page = browse(carol).get(url(alice, "integration", integration_id=sandbox.pk)).text
        for name in ("check", "edit", "credentials", "default", "disconnect"):
            assert url(alice, f"integration_{name}", integration_id=sandbox.pk) not in page
        assert "add/discover" not in page

    def test_a_stranger_s_is_not_found(self, mallory, sandbox, browse):
        address = url(mallory, "integration", integration_id=sandbox.pk)
        assert browse(mallory).get(address).status_code == 404


class TestChecking:
    def test_the_platform_is_asked(self, alice, sandbox, browse):
        address = url(alice, "integration_check", integration_id=sandbox.pk)
        page = browse(alice).post(address, follow=True)
        assert "being asked about the credentials" in page.text
        assert factories.find_open_operation("integration", sandbox.pk).wish == "check"

    def test_twice_is_one_check(self, alice, sandbox, browse):
        address = url(alice, "integration_check", integration_id=sandbox.pk)
        browse(alice).post(address)
        browse(alice).post(address)
        assert sandbox.operations.filter(wish="check").count() == 1


class TestDefaults:
    def post(self, browse, member, integration, **data):
        address = url(member, "integration_default", integration_id=integration.pk)
        return browse(member).post(address, data, follow=True)

    def test_made_and_cleared(self, alice, browse):
        second = factories.create_sandbox(alice.by, name="Second", default=False)
        page = self.post(browse, alice, second, role="sip")
        assert "Second is the default for SIP numbers now" in page.text
        assert alice.organization.default_integrations.get(role="sip").integration == second
        self.post(browse, alice, second, role="sip", clear="1")
        assert not alice.organization.default_integrations.filter(role="sip").exists()

    def test_an_old_page_does_not_clear_another_one_s(self, alice, sandbox, browse):
        second = factories.create_sandbox(alice.by, name="Second", default=False)
        self.post(browse, alice, second, role="sip", clear="1")
        assert alice.organization.default_integrations.get(role="sip").integration == sandbox

    def test_a_role_nobody_knows_does_nothing(self, alice, sandbox, browse):
        assert self.post(browse, alice, sandbox, role="king").status_code == 200
        assert alice.organization.default_integrations.count() == 3

    def test_a_role_that_the_platform_lacks_is_refused_in_words(
        self, alice, sandbox, browse, monkeypatch
    ):
        monkeypatch.setattr("integrations.providers.sandbox.Sandbox.roles", frozenset({"sip"}))
        page = self.post(browse, alice, sandbox, role="carrier")
        assert "cannot be the default for carrier" in page.text


class TestDisconnecting:
    def test_in_use_it_names_what_is_in_the_way(self, alice, sandbox, browse):
        factories.create_number(alice.by)
        address = url(alice, "integration_disconnect", integration_id=sandbox.pk)
        page = browse(alice).get(address).text
        assert "It is in use" in page
        assert "Carrier Acme Trunk" in page
        refused = browse(alice).post(address)
        assert refused.status_code == 409
        assert "carriers or numbers are on it" in refused.text
        assert alice.organization.integrations.filter(pk=sandbox.pk).exists()

    def test_unused_it_says_what_is_lost_and_goes(self, alice, browse):
        second = factories.create_sandbox(alice.by, name="Second")
        address = url(alice, "integration_disconnect", integration_id=second.pk)
        page = browse(alice).get(address).text
        assert "Its stored credentials" in page
        assert "default for: carriers, SIP numbers, supplied numbers" in page
        gone = browse(alice).post(address, follow=True)
        assert "Second is disconnected." in gone.text
        assert not alice.organization.integrations.filter(pk=second.pk).exists()
        assert browse(alice).post(address).status_code == 404
