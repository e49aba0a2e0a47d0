"""The dashboard: what needs a person, the figures, and the newcomer's first steps."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from integrations.models import Integration, Operation
from numbers.models import Batch, PhoneNumber
from organizations.web import computed_cache
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db

REFUSED = "+1500555000{}"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch):
    """What is counted stays fresh for longer than any test takes."""
    cache.clear()
    monkeypatch.setattr(computed_cache, "MIN_FRESH_SECONDS", 30)


@pytest.fixture
def look(browse):
    """The dashboard as a member sees it."""

    def get(member, query: str = "", **headers):
        return browse(member).get(screen_url(member.organization, "dashboard") + query, **headers)

    return get


def titles(page) -> list[str]:
    return [task.title for task in page.context["tasks"]]


class TestWhatNeedsAPerson:
    def test_nothing_is_said_in_a_sentence(self, alice, look):
        factories.create_number(alice.by)
        page = look(alice)
        assert titles(page) == []
        assert "Nothing. What is pending goes on by itself." in page.text

    def test_a_failed_number_with_its_reason_leads_to_its_page(self, alice, look):
        failed = factories.create_number(alice.by, "+15005550001")
        task = look(alice).context["tasks"][0]
        assert task.title == "+1 (500) 555-0001 failed"
        assert task.text == failed.error_message
        assert str(failed.id) in task.url

    def test_failed_numbers_are_grouped_by_alike_reasons(self, alice, look):
        for n in range(3):
            fail(
                factories.create_number(alice.by, f"+1415555010{n}", settled=False),
                f"No +1415555010{n}.",
            )
        fail(factories.create_number(alice.by, "+14155550110", settled=False), "Another thing.")
        tasks = look(alice).context["tasks"]
        assert [(t.title, t.text) for t in tasks] == [
            ("3 numbers failed", "No …."),
            ("+1 (415) 555-0110 failed", "Another thing."),
        ]
        assert tasks[0].url.endswith("/numbers/?status=failed")

    def test_many_reasons_are_cut_and_the_rest_is_counted(self, alice, look):
        for n in range(7):
            number = factories.create_number(alice.by, f"+1415555010{n}", settled=False)
            fail(number, "Reason " + "x" * n)
        assert titles(look(alice))[-1] == "2 numbers failed for other reasons"

    def test_a_purchase_that_came_to_nothing_is_told_apart(self, alice, look):
        number = factories.create_number(alice.by, settled=False)
        fail(number, "Nothing was bought.")
        number.placements.update(state="failed", purchase={})
        assert titles(look(alice)) == ["+1 (800) 555-1234 could not be bought"]

    def test_a_failed_carrier(self, alice, look):
        alice.organization.carriers.update(status="failed", error_message="No such host.")
        task = look(alice).context["tasks"][0]
        assert (task.title, task.text) == (
            "Carrier Acme Trunk could not be set up",
            "No such host.",
        )

    def test_a_paused_integration_and_its_operations_are_one_task(self, alice, look):
        factories.create_number(alice.by, settled=False)
        Operation.objects.filter(status="open").update(attempts=5, reason="Away.")
        alice.organization.integrations.update(state="paused", state_reason="Wrong key.")
        page = look(alice)
        assert titles(page) == ["Sandbox is paused: it refuses the credentials"]
        assert page.context["tasks"][0].text == "Wrong key."

    def test_a_resting_integration_says_until_when(self, alice, look):
        until = timezone.now() + timedelta(minutes=5)
        alice.organization.integrations.update(failures=9, open_until=until)
        assert titles(look(alice)) == ["Sandbox rests: it failed several times in a row"]

    def test_what_has_been_tried_in_vain(self, alice, look):
        factories.create_number(alice.by, settled=False)
        Operation.objects.filter(status="open").update(attempts=2, reason="Away.")
        assert titles(look(alice)) == []
        Operation.objects.filter(status="open").update(attempts=3)
        assert titles(look(alice)) == ["+1 (800) 555-1234 has been tried in vain on Sandbox"]

    def test_batches_that_wait_for_somebody(self, alice, look):
        batch = {"organization": alice.organization, "kind": "import", "action": "import"}
        Batch.objects.create(**batch, title="spring.csv", state="ready", total=12)
        Batch.objects.create(**batch, title="bad.csv", state="refused", reason="No numbers.")
        Batch.objects.create(**batch, title="done.csv", state="done")
        assert set(titles(look(alice))) == {
            "Ready to start: spring.csv",
            "Refused: bad.csv",
        }

    def test_keys_that_expire_within_a_week(self, alice, look):
        now = timezone.now()
        keys = alice.organization.api_keys
        keys.update(expires_at=now + timedelta(days=8))
        assert titles(look(alice)) == []
        keys.update(expires_at=now + timedelta(days=6))
        assert titles(look(alice))[0].startswith("API key Alice's key expires on 2")

    def test_nothing_of_others_is_in_it(self, alice, mallory, look):
        factories.create_number(alice.by, "+15005550001")
        assert titles(look(mallory)) == []


def fail(number: PhoneNumber, reason: str) -> None:
    PhoneNumber.objects.filter(pk=number.pk).update(status="failed", error_message=reason)
    Operation.objects.filter(subject_kind="placement", status="open").update(
        status="refused", settled_at=timezone.now(), reason=reason
    )


def bars_of(chart) -> list[tuple[str, int]]:
    return [(bar.label, bar.count) for bar in chart.rows]


class TestFigures:
    def test_counts_lead_to_the_list(self, alice, look):
        factories.create_number(alice.by, "+14155550101")
        factories.create_number(alice.by, "+442071838750")
        factories.create_number(alice.by, "+15005550001")
        page = look(alice)
        assert {t["status"]: t["count"] for t in page.context["tiles"]} == {
            "active": 2,
            "pending": 0,
            "failed": 1,
            "inactive": 0,
            "deleted": 0,
        }
        carriers, platforms, countries = page.context["shares"]
        assert bars_of(carriers) == [("Acme Trunk", 3)]
        assert bars_of(platforms) == [("Sandbox", 3)]
        assert bars_of(countries) == [
            ("+1 United States, Canada, Caribbean", 2),
            ("+44 United Kingdom", 1),
        ]
        assert countries.rows[1].url.endswith("/numbers/?country=44")

    def test_a_deleted_number_counts_until_it_is_released(self, alice, look):
        number = factories.create_number(alice.by)
        PhoneNumber.objects.filter(pk=number.pk).update(status="deleted", wanted="deleted")
        counts = {t["status"]: t["count"] for t in look(alice).context["tiles"]}
        assert counts["deleted"] == 1
        PhoneNumber.objects.update(released_at=timezone.now())
        counts = {t["status"]: t["count"] for t in look(alice, "?now=1").context["tiles"]}
        assert counts["deleted"] == 0

    @pytest.mark.parametrize(("days", "moments"), [(30, 30), (90, 90), (365, 53)])
    def test_a_range_is_chosen(self, alice, look, days, moments):
        factories.create_number(alice.by)
        held, set_up = look(alice, f"?range={days}").context["history"]
        assert len(held.labels) == len(set_up.labels) == moments
        assert held.series[0].values[-2:] == [0, 1]
        assert set_up.series[0].values[-1] >= 0

    @pytest.mark.parametrize("nonsense", ["31", "x", "-1", "٣٠"])
    def test_a_range_that_is_none_is_the_first(self, alice, look, nonsense):
        assert look(alice, f"?range={nonsense}").context["days"] == 30

    def test_numbers_over_time_go_up_and_down(self, alice, look):
        now = timezone.now()
        for n, (made, gone) in enumerate([(400, None), (20, 10), (20, None), (5, None)]):
            number = factories.create_number(alice.by, f"+1415555010{n}")
            row = PhoneNumber.objects.filter(pk=number.pk)
            row.update(created_at=now - timedelta(days=made))
            if gone:
                released = now - timedelta(days=gone)
                row.update(status="deleted", wanted="deleted", released_at=released)
        values = look(alice).context["history"][0].series[0].values
        assert [values[-1 - back] for back in (0, 4, 5, 6, 9, 10, 11, 19, 20, 21)] == [
            3, 3, 3, 2, 2, 2, 3, 3, 3, 1,
        ]  # fmt: skip

    def test_times_are_from_the_wish_to_its_fulfilment(self, alice, look):
        now = timezone.now()
        for n, seconds in enumerate([1, 2, 60]):
            number = factories.create_number(alice.by, f"+1415555010{n}")
            Operation.objects.filter(subject_label=number.e164).update(
                created_at=now - timedelta(seconds=seconds), settled_at=now
            )
        plot = look(alice).context["history"][1]
        assert plot.series[0].values[-1] == pytest.approx(2)
        assert plot.series[1].values[-1] == pytest.approx(54.2)
        assert plot.summary == "Lately half within 2 s, 95 of 100 within 54.2 s"

    def test_failures_are_grouped_by_alike_reasons(self, alice, look):
        for n in range(2):
            fail(
                factories.create_number(alice.by, f"+1415555010{n}", settled=False),
                f"No +1415555010{n}.",
            )
        assert bars_of(look(alice).context["refusals"]) == [("No ….", 2)]

    def test_the_health_of_platforms(self, alice, look):
        factories.create_number(alice.by)
        integration = alice.organization.integrations.get()
        for status in (200, 404, 503, None):
            alice.organization.provider_calls.create(
                integration=integration, method="GET", url="x", duration_ms=1, status=status
            )
        calls = look(alice).context["health"][0]["calls"]
        assert [line.values[-1] for line in calls.series] == [2, 2]
        assert calls.summary == "4 calls, 2 failed"

    def test_they_are_kept_for_a_while_and_counted_again_on_demand(self, alice, look):
        factories.create_number(alice.by)
        look(alice)
        factories.create_number(alice.by, "+14155550101")
        assert look(alice).context["tiles"][0]["count"] == 1
        assert look(alice, "?now=1").context["tiles"][0]["count"] == 2

    def test_what_somebody_else_counts_is_waited_for(self, alice, look):
        factories.create_number(alice.by)
        key = f"figures:{alice.organization.pk}:30:UTC"
        cache.add(f"{key}:taken", 1)
        page = look(alice)
        assert "The numbers are being counted" in page.text
        cache.delete(f"{key}:taken")
        assert look(alice).context["kept"]

    @pytest.mark.parametrize(
        ("seconds", "age", "fresh"), [(1.4, 27, True), (0.1, 3, False), (9, 31, False)]
    )
    def test_the_dearer_the_longer(self, monkeypatch, seconds, age, fresh):
        monkeypatch.setattr(computed_cache, "MIN_FRESH_SECONDS", 1)
        taken = timezone.now() - timedelta(seconds=age)
        assert computed_cache.Snapshot({}, taken, seconds).is_fresh == fresh

    def test_a_failed_count_leaves_no_lock(self):
        with pytest.raises(ZeroDivisionError):
            computed_cache.get_or_compute("x", lambda: 1 / 0)
        assert computed_cache.get_or_compute("x", lambda: 1).data == 1

    def test_no_secret_is_in_what_is_kept(self, alice, look):
        factories.create_number(alice.by)
        look(alice)
        kept = cache.get(f"figures:{alice.organization.pk}:30:UTC")
        assert alice.organization.integrations.get().sealed not in repr(kept)


class TestFirstRun:
    def test_an_empty_organization_begins_with_a_platform(self, look):
        dora = factories.create_member("Dora")
        page = look(dora)
        steps = page.context["start"].steps
        assert [step.is_now for step in steps] == [True, False, False, False, False]
        assert "Try with the sandbox" in page.text
        assert "Over time" not in page.text

    def test_the_sandbox_is_one_click_and_one_only(self, browse):
        dora = factories.create_member("Dora")
        url = screen_url(dora.organization, "dashboard_sandbox")
        for _twice in range(2):
            browse(dora).post(url)
        factories.run_due_operations()
        integration = dora.organization.integrations.get()
        assert integration.state == Integration.State.CONNECTED
        assert set(integration.default_for.values_list("role", flat=True)) == {
            "carrier",
            "sip",
            "twilio",
        }

    def test_it_goes_on_by_itself_and_then_stops_asking(self, browse, look):
        dora = factories.create_member("Dora")
        browse(dora).post(screen_url(dora.organization, "dashboard_sandbox"))
        part = look(dora, "?part=start", headers=HTMX)
        assert "Sandbox is being checked" in part.text
        assert part.status_code == 200
        factories.run_due_operations()
        part = look(dora, "?part=start", headers=HTMX)
        assert part.status_code == 286
        assert "hx-get" not in part.text

    def test_a_failed_first_number_says_why(self, alice, look):
        failed = factories.create_number(alice.by, "+15005550001")
        step = look(alice).context["start"].steps[3]
        assert failed.error_message in step.note
        assert step.is_now

    def test_once_a_number_is_active_it_can_be_hidden(self, alice, browse):
        factories.create_number(alice.by)
        client, url = browse(alice), screen_url(alice.organization, "dashboard")
        assert "Hide this" in client.get(url).text
        client.post(screen_url(alice.organization, "dashboard_started"))
        assert client.get(url).context["start"] is None

    def test_an_old_organization_is_not_shown_around(self, alice, look):
        factories.create_number(alice.by)
        alice.organization.created_at = timezone.now() - timedelta(days=15)
        alice.organization.save()
        assert look(alice).context["start"] is None

    def test_a_viewer_reads_who_can_do_it(self, look):
        dora = factories.create_member("Dora")
        carol = factories.create_member("Carol", organization=dora.organization, role="user")
        page = look(carol)
        assert "An admin of the organization can do this." in page.text
        assert "Try with the sandbox" not in page.text
