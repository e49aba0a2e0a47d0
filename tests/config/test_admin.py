"""The admin's overview: the installation's figures, for who may see them."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import User
from organizations.web import computed_cache
from organizations.web.admin.base import admin_url
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch):
    """What is counted stays fresh for longer than any test takes."""
    cache.clear()
    monkeypatch.setattr(computed_cache, "MIN_FRESH_SECONDS", 30)


def overview(client: Client, query: str = ""):
    return client.get(reverse("admin:index") + query)


def test_an_empty_installation_has_no_numbers_in_any_state(staff):
    assert {tile["count"] for tile in overview(staff).context["numbers"]} == {0}


def test_it_counts_over_all_organizations(alice, mallory, staff):
    factories.create_number(alice.by, "+14155550101")
    factories.create_number(mallory.by, "+442071838750")
    page = overview(staff)
    carriers, platforms, countries = page.context["shares"]
    assert {bar.label for bar in carriers.rows} == {"Acme Trunk", "Evil Trunk"}
    assert [bar.label for bar in platforms.rows] == ["Sandbox", "Sandbox"]
    assert sum(bar.count for bar in countries.rows) == 2
    assert page.context["history"][0].series[0].values[-1] == 2


def test_a_carrier_s_bar_leads_to_its_numbers(alice, mallory, staff):
    factories.create_number(alice.by)
    factories.create_number(mallory.by, "+442071838750")
    bar = next(b for b in overview(staff).context["shares"][0].rows if b.label == "Acme Trunk")
    listed = staff.get(bar.url)
    assert "+18005551234" in listed.text
    assert "+442071838750" not in listed.text


def test_the_platforms_that_fail_come_first(alice, mallory, staff):
    for member, status in ((alice, 200), (alice, 200), (mallory, 503)):
        member.organization.provider_calls.create(
            integration=member.organization.integrations.get(),
            method="GET",
            url="x",
            duration_ms=1,
            status=status,
        )
    health = overview(staff).context["health"]
    assert [each["calls"].summary for each in health] == [
        "1 call, 1 failed",
        "2 calls, none failed",
    ]


def test_figures_are_kept_until_somebody_asks_for_newer_ones(alice, staff):
    factories.create_number(alice.by)
    overview(staff)
    factories.create_number(alice.by, "+14155550101")
    assert overview(staff).context["shares"][0].rows[0].count == 1
    assert overview(staff, "?now=1").context["shares"][0].rows[0].count == 2


def test_who_may_see_numbers_only_sees_no_calls(alice):
    factories.create_number(alice.by)
    narrow = User.objects.create_user("nora@example.com", "correct horse battery", is_staff=True)
    narrow.user_permissions.add(Permission.objects.get(codename="view_phonenumber"))
    client = Client()
    client.force_login(narrow, "django.contrib.auth.backends.ModelBackend")
    page = overview(client)
    assert page.context["health"] is None
    assert page.context["refusals"] is None
    assert [plot.key for plot in page.context["history"]] == ["held"]


def test_who_may_see_nothing_sees_no_figures(alice):
    nobody = User.objects.create_user("nils@example.com", "correct horse battery", is_staff=True)
    client = Client()
    client.force_login(nobody, "django.contrib.auth.backends.ModelBackend")
    assert "shares" not in overview(client).context


class TestBetweenAdminAndPortal:
    def operator(self, alice) -> factories.Member:
        olga = factories.create_member("Olga", organization=alice.organization)
        User.objects.filter(pk=olga.user.pk).update(is_staff=True, is_superuser=True)
        return olga

    def test_a_number_s_page_leads_to_the_portal_s_and_back(self, alice, browse):
        number = factories.create_number(alice.by)
        client = browse(self.operator(alice))
        in_admin = reverse("admin:numbers_phonenumber_change", args=[number.pk])
        in_portal = screen_url(alice.organization, "number", number_id=number.pk)
        assert f'href="{in_portal}"' in client.get(in_admin).text
        assert f'href="{in_admin}"' in client.get(in_portal).text

    def test_an_organization_s_page_leads_to_its_dashboard_and_back(self, alice, browse):
        client = browse(self.operator(alice))
        page = reverse("admin:organizations_organization_change", args=[alice.organization.pk])
        dashboard = screen_url(alice.organization, "dashboard")
        assert f'href="{dashboard}"' in client.get(page).text
        assert f'href="{page}"' in client.get(dashboard).text

    def test_an_operator_who_is_no_member_is_not_led_into_a_404(self, alice, staff):
        page = staff.get(reverse("admin:carriers_carrier_change", args=[carrier_of(alice).pk]))
        assert "/o/org_" not in page.text

    def test_a_member_sees_no_way_into_the_admin(self, alice, browse):
        page = browse(alice).get(screen_url(alice.organization, "dashboard"))
        assert 'href="/admin/' not in page.text


class TestLinksBetweenObjects:
    def test_what_is_an_organization_s_is_listed_from_its_page(self, alice, mallory, staff):
        factories.create_number(alice.by)
        factories.create_number(mallory.by, "+442071838750")
        page = staff.get(
            reverse("admin:organizations_organization_change", args=[alice.organization.pk])
        )
        ways = {link["url"] for link in page.context["row_links"]}
        assert len(ways) == 10
        for way in ways:
            listed = staff.get(way)
            assert listed.status_code == 200, way
            assert "Mallory" not in listed.text, way
            assert "+442071838750" not in listed.text, way

    def test_a_carrier_and_an_integration_lead_to_their_numbers(self, alice, mallory, staff):
        factories.create_number(alice.by)
        factories.create_number(mallory.by, "+442071838750")
        carrier = carrier_of(alice)
        for page in (
            reverse("admin:carriers_carrier_change", args=[carrier.pk]),
            reverse("admin:integrations_integration_change", args=[carrier.integration_id]),
        ):
            links = staff.get(page).context["row_links"]
            way = next(link["url"] for link in links if link["title"] == "Numbers")
            listed = staff.get(way)
            assert "+18005551234" in listed.text
            assert "+442071838750" not in listed.text

    def test_a_line_of_the_log_leads_to_its_subject(self, alice, staff):
        number, user = factories.create_number(alice.by), alice.user
        rows = {"phone_number": number, "carrier": carrier_of(alice), "member": user}
        for kind, row in rows.items():
            page = staff.get(admin_url(self.line(alice, kind, row.pk)))
            assert f'href="{admin_url(row)}"' in page.text

    def test_a_line_about_what_is_gone_is_told_all_the_same(self, alice, staff):
        event = self.line(alice, "carrier", uuid4())
        page = staff.get(admin_url(event))
        assert "Gone Trunk" in page.text
        assert f"/admin/carriers/carrier/{event.subject_id}" not in page.text

    @pytest.mark.parametrize(("right", "leads"), [("view_carrier", True), ("view_agent", False)])
    def test_it_leads_nobody_to_what_they_may_not_see(self, alice, right, leads):
        narrow = User.objects.create_user("nora@example.com", "correct horse", is_staff=True)
        rights = Permission.objects.filter(codename__in=["view_event", right])
        narrow.user_permissions.set(rights)
        client, carrier = Client(), carrier_of(alice)
        client.force_login(narrow, "django.contrib.auth.backends.ModelBackend")
        page = client.get(admin_url(self.line(alice, "carrier", carrier.pk)))
        assert "Gone Trunk" in page.text
        assert (f'href="{admin_url(carrier)}"' in page.text) == leads

    def test_what_it_leads_to_is_not_read_whole(self, alice, staff):
        event = self.line(alice, "integration", alice.organization.integrations.get().pk)
        with CaptureQueriesContext(connection) as said:
            staff.get(admin_url(event))
        assert not [query for query in said if "sealed" in query["sql"]]

    def line(self, member: factories.Member, kind: str, subject_id):
        about = {"subject_kind": kind, "subject_id": subject_id, "subject_label": "Gone Trunk"}
        kept = {"action": f"{kind}.changed", "actor_kind": "system", **about}
        return member.organization.events.create(**kept)

    @pytest.mark.parametrize("language", ["en", "de"])
    def test_times_are_written_as_in_the_story(self, alice, staff, language):
        event = alice.organization.events.first()
        staff.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        page = staff.get(reverse("admin:organizations_event_change", args=[event.pk]))
        assert event.at.strftime("%Y-%m-%d %H:%M:%S") in page.text

    def test_the_story_of_a_number_is_one_line_of_time(self, alice, staff):
        number = factories.create_number(alice.by)
        page = staff.get(reverse("admin:numbers_phonenumber_change", args=[number.pk]))
        told = page.context["timeline"]
        assert [at for at, _c, _e in told] == sorted((at for at, _c, _e in told), reverse=True)
        assert {event.action for _at, _c, event in told if event} == {
            "phone_number.created",
            "phone_number.activated",
        }
        assert [chapter.operation.wish for _at, chapter, _e in told if chapter] == ["ensure"]


def carrier_of(member: factories.Member):
    return member.organization.carriers.get()
