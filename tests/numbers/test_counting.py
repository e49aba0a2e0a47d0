"""The figures of a large organization are counted by the workers, and by no request."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.ledger import job_sources
from integrations.retention import cleanup
from numbers.counts import count_runner, count_schedule
from numbers.inventory import metrics
from numbers.models import FigureCount
from organizations.tenancy import tenant_scope
from organizations.web import computed_cache
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PART = "?part=figures&range=30"
POLLS = 'hx-get="?part=figures&amp;range=30"'


@pytest.fixture(autouse=True)
def _large(alice, monkeypatch):
    """More than one number is much here."""
    cache.clear()
    monkeypatch.setattr("numbers.views.dashboard.INLINE_COUNT_LIMIT", 1)
    monkeypatch.setattr(computed_cache, "MIN_FRESH_SECONDS", 30)
    for n in range(3):
        factories.create_number(alice.by, f"+1415555010{n}")


@pytest.fixture
def look(browse):
    """The dashboard as a member sees it."""

    def get(member, query: str = "", **headers):
        return browse(member).get(screen_url(member.organization, "dashboard") + query, **headers)

    return get


def work_counts() -> int:
    """What dispatcher and worker would do; the answer is how many were due."""
    done = 0
    while due := count_schedule.METRIC_COUNT_QUEUE.due():
        for count_id in due:
            count_runner.run_metric_count(count_id)
        done += len(due)
    return done


def the_count(member) -> FigureCount:
    return member.organization.figure_counts.get()


def grow_old(member, **ago) -> None:
    member.organization.figure_counts.update(
        counted_at=Now() - timedelta(**ago), settled_at=Now() - timedelta(**ago)
    )


class TestNoRequestCounts:
    @pytest.mark.parametrize("query", ["", PART, "?now=1", "?range=365"])
    @pytest.mark.parametrize("is_counted", [False, True])
    def test_whatever_it_asks_for(self, alice, look, monkeypatch, query, is_counted):
        look(alice)
        if is_counted:
            work_counts()
            grow_old(alice, hours=1)
        monkeypatch.setattr(metrics, "compute_metrics", lambda *args, **how: pytest.fail("counted"))
        headers = HTMX if "part" in query else {}
        with CaptureQueriesContext(connection) as queries:
            assert look(alice, query, headers=headers).status_code == 200
        grouped = [q["sql"] for q in queries if "GROUP BY" in q["sql"]]
        assert not [sql for sql in grouped if "numbers_phonenumber" in sql]

    def test_a_small_one_is_counted_at_once(self, mallory, look):
        factories.create_number(mallory.by, "+14155550199")
        assert look(mallory).context["tiles"][0]["count"] == 1
        assert not mallory.organization.figure_counts.exists()


class TestTheFigures:
    def test_appear_after_the_worker_has_counted(self, alice, look):
        page = look(alice)
        assert page.context["kept"] is None
        assert "The numbers are being counted" in page.text
        assert POLLS in page.text
        assert POLLS in look(alice, PART, headers=HTMX).text
        assert work_counts() == 1
        part = look(alice, PART, headers=HTMX)
        assert part.context["tiles"][0]["count"] == 3
        assert POLLS not in part.text
        assert "<h1" not in part.text

    def test_are_those_of_a_count_in_the_request(self, alice, look, monkeypatch):
        look(alice)
        work_counts()
        counted = look(alice).context["kept"].data
        assert counted == metrics.compute_metrics(
            metrics.build_metrics_source(alice.organization), days=30
        )

    def test_that_are_stale_are_shown_with_their_time_until_newer_ones_are_there(self, alice, look):
        look(alice)
        work_counts()
        grow_old(alice, hours=3)
        factories.create_number(alice.by, "+14155550104")
        page = look(alice)
        assert page.context["tiles"][0]["count"] == 3
        assert f"as of {timezone.localtime(the_count(alice).counted_at):%H:%M:%S}" in page.text
        assert POLLS in page.text
        work_counts()
        assert look(alice).context["tiles"][0]["count"] == 4

    def test_that_are_fresh_are_counted_again_on_demand_only(self, alice, look):
        look(alice)
        work_counts()
        look(alice)
        assert work_counts() == 0
        page = look(alice, "?now=1")
        assert (page.context["tiles"][0]["count"], POLLS in page.text) == (3, True)
        assert work_counts() == 1

    def test_are_of_the_reader_s_zone_and_range(self, alice, look):
        for query in ("", "?range=90", "?range=90"):
            look(alice, query)
        asked = alice.organization.figure_counts.values_list("days", "zone")
        assert sorted(asked) == [(30, "UTC"), (90, "UTC")]
        FigureCount.objects.filter(days=90).update(zone="Asia/Tokyo")
        work_counts()
        days = {
            count.days: computed_cache.decode_tagged_json(count.data)
            for count in FigureCount.objects.all()
        }
        with timezone.override("Asia/Tokyo"):
            assert days[90]["moments"] == metrics.build_time_buckets(90)

    def test_of_an_organization_are_nobody_else_s(self, alice, mallory, look):
        look(alice)
        work_counts()
        for n in range(2):
            factories.create_number(mallory.by, f"+1415555019{n}")
        assert look(mallory).context["kept"] is None


class TestTheCount:
    def test_that_fails_is_told_and_not_repeated_at_once(self, alice, look, monkeypatch, caplog):
        monkeypatch.setattr(
            count_runner, "compute_metrics", fail_with(OperationalError("too long"))
        )
        look(alice)
        work_counts()
        assert "too long" in caplog.text
        page = look(alice)
        assert "The numbers could not be counted." in page.text
        assert POLLS not in page.text
        assert work_counts() == 0
        grow_old(alice, minutes=2)
        assert POLLS in look(alice).text

    def test_that_fails_leaves_the_last_figures(self, alice, look, monkeypatch):
        look(alice)
        work_counts()
        monkeypatch.setattr(count_runner, "compute_metrics", fail_with(ZeroDivisionError()))
        look(alice, "?now=1")
        work_counts()
        page = look(alice)
        assert page.context["tiles"][0]["count"] == 3
        FigureCount.objects.update(counted_at=Now() - timedelta(hours=1))
        assert "A newer count failed." in look(alice).text

    def test_whose_worker_was_killed_is_repeated_and_given_up_at_last(self, alice, look, settings):
        look(alice)
        for _ in range(count_runner.MAX_ATTEMPTS):
            assert next(
                iter(FigureCount.objects.raw(count_runner.CLAIM_SQL, claim(alice, settings))), None
            )
            FigureCount.objects.update(lease_until=None, dispatched_at=None)
        assert work_counts() == 1
        assert the_count(alice).state == FigureCount.State.FAILED

    def test_writes_nothing_when_another_worker_has_claimed_it(self, alice, look, monkeypatch):
        def overtaken(source, days):
            FigureCount.objects.update(fence=99)
            return {}

        monkeypatch.setattr(count_runner, "compute_metrics", overtaken)
        look(alice)
        work_counts()
        assert (the_count(alice).state, the_count(alice).data) == ("running", None)

    def test_that_is_not_due_is_harmless(self, alice, look):
        look(alice)
        work_counts()
        before = the_count(alice).fence
        count_runner.run_metric_count(the_count(alice).pk)
        assert the_count(alice).fence == before

    def test_is_the_dispatchers_and_holds_its_slot(self, alice, look):
        look(alice)
        assert count_schedule.METRIC_COUNT_QUEUE.due() == [the_count(alice).pk]
        assert count_schedule.METRIC_COUNT_QUEUE.due() == []
        assert count_schedule.METRIC_COUNT_QUEUE.held_slots() == {alice.organization.pk: 1}
        assert job_sources._registry["figures"] is count_schedule.METRIC_COUNT_JOB_SOURCE

    def test_of_one_organization_leaves_room_for_others(self, alice, mallory, look, settings):
        settings.WORKER_SLOTS = 16
        for n in range(2):
            factories.create_number(mallory.by, f"+1415555019{n}")
        for days in (30, 90, 365):
            look(alice, f"?range={days}")
        look(mallory)
        due = FigureCount.objects.filter(pk__in=count_schedule.METRIC_COUNT_QUEUE.due())
        assert {count.organization_id for count in due} == {
            alice.organization.pk, mallory.organization.pk,
        }  # fmt: skip

    def test_that_nobody_asks_for_is_forgotten(self, alice, look):
        look(alice)
        cleanup.run_cleanup()
        FigureCount.objects.update(created_at=Now() - timedelta(days=8))
        assert alice.organization.figure_counts.exists()
        cleanup.run_cleanup()
        assert not alice.organization.figure_counts.exists()


def fail_with(error: Exception):
    def fail(source, days):
        raise error

    return fail


def claim(member, settings) -> dict:
    return {"id": the_count(member).pk, "lease": settings.JOB_LEASE}


class TestOfTheInstallation:
    """The overview of the admin: operators look at all organizations together."""

    @pytest.fixture(autouse=True)
    def _many(self, monkeypatch):
        monkeypatch.setattr("numbers.views.dashboard.INLINE_COUNT_LIMIT", 1)

    def test_a_worker_counts_them_and_no_request(self, staff, alice):
        with CaptureQueriesContext(connection) as asked:
            page = staff.get("/admin/").text
        counted = [each["sql"] for each in asked if "numbers_phonenumber" in each["sql"]]
        assert [sql for sql in counted if "COUNT" in sql] == []
        assert "being counted by a worker" in page
        count = FigureCount.objects.get()
        assert count.organization is None
        with tenant_scope.for_role(tenant_scope.WORKER):
            count_runner.run_metric_count(count.pk)
        page = staff.get("/admin/")
        assert "being counted" not in page.text
        assert {tile["status"]: tile["count"] for tile in page.context["numbers"]}["active"] == 3

    def test_no_organization_sees_them(self, staff, alice):
        staff.get("/admin/")
        with tenant_scope.for_role(tenant_scope.WEB), tenant_scope.within(alice.organization):
            assert not FigureCount.objects.exists()

    def test_they_are_asked_for_once(self, staff, alice):
        staff.get("/admin/")
        staff.get("/admin/?now=1")
        assert FigureCount.objects.count() == 1
        assert count_schedule.METRIC_COUNT_QUEUE.due() == [FigureCount.objects.get().pk]
