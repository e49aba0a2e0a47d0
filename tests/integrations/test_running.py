"""Is provisioning running? One answer, and everybody who tells it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from integrations.ledger import leadership
from integrations.models import Integration, Leadership, Operation, Process
from integrations.runtime import availability as integrations_running
from integrations.runtime.availability import (
    AvailabilityCache,
    ProcessAvailability,
    ProvisioningAvailability,
    read_availability,
)
from integrations.runtime.processes import ProcessReporter
from organizations.tenancy import tenant_scope
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
GONE = timedelta(seconds=75)
NO_WORKER = ProvisioningAvailability(worker=ProcessAvailability(GONE))
NO_WORKER_SAYS = "No worker has run for 75 s: what is asked for waits."
BROKER_AWAY = "The broker is out of reach: Error 111 connecting to valkey:6379."


@pytest.fixture
def nothing_ran(db) -> None:
    Process.objects.all().delete()
    Leadership.objects.all().delete()


@pytest.fixture
def running_well(nothing_ran) -> tuple[ProcessReporter, ProcessReporter]:
    dispatcher, worker = ProcessReporter("dispatcher"), ProcessReporter("worker")
    dispatcher.report("leading")
    worker.report("working")
    take_lead(dispatcher)
    return dispatcher, worker


def take_lead(dispatcher: ProcessReporter) -> None:
    with connection.cursor() as cursor:
        cursor.execute(leadership.CREATE_LEADERSHIP_SQL)
        cursor.execute(
            leadership.TAKE_LEADERSHIP_SQL,
            {"instance": dispatcher.instance, "lease": leadership.LEADERSHIP_LEASE},
        )


def age(rows, field: str, seconds: float) -> None:
    rows.update(**{field: timezone.now() - timedelta(seconds=seconds)})


class TestWhatIsKnown:
    def test_all_is_well(self, running_well):
        assert (
            read_availability().sentence
            == read_availability().obstacle
            == read_availability().phase
            == ""
        )

    def test_nothing_ever_ran(self, nothing_ran):
        assert read_availability() == ProvisioningAvailability(
            ProcessAvailability(None), ProcessAvailability(None)
        )
        assert "No dispatcher and no worker is known to have run" in read_availability().sentence

    def test_no_dispatcher_ever_led(self, running_well):
        Leadership.objects.all().delete()
        assert read_availability().sentence.startswith(
            "No dispatcher has run since the installation was started"
        )

    def test_a_worker_that_is_silent(self, running_well):
        age(Process.objects.filter(kind="worker"), "seen_at", 75)
        assert read_availability().sentence == NO_WORKER_SAYS
        assert read_availability().dispatcher.is_there

    def test_a_worker_that_ended_in_order_left_no_time(self, running_well):
        running_well[1].leave()
        assert read_availability().sentence == "No worker is running: what is asked for waits."

    def test_one_of_two_workers_is_enough(self, running_well):
        age(Process.objects.filter(kind="worker"), "seen_at", 300)
        ProcessReporter("worker").report("working")
        assert read_availability().sentence == ""

    def test_a_leader_that_renews_no_more(self, running_well):
        age(Leadership.objects.all(), "renewed_at", 200)
        assert (
            read_availability().sentence
            == "No dispatcher has run for 3 min: what is asked for waits."
        )

    def test_who_only_stands_by_does_not_lead(self, running_well):
        age(Leadership.objects.all(), "renewed_at", 40)
        ProcessReporter("dispatcher").report("standing by")
        assert read_availability().sentence.startswith("No dispatcher has run for 40 s")

    def test_a_takeover_of_seconds_is_nothing_to_tell(self, running_well):
        age(Leadership.objects.all(), "renewed_at", 15)
        Leadership.objects.update(holder="")
        assert read_availability().sentence == ""

    def test_both_are_gone_for_the_shorter_of_the_two_times(self, running_well):
        age(Process.objects.all(), "seen_at", 75)
        age(Leadership.objects.all(), "renewed_at", 100)
        assert read_availability().sentence.startswith("No dispatcher or worker has run for 75 s:")

    @pytest.mark.parametrize("who", [0, 1])
    def test_a_broker_out_of_reach_names_no_address_to_people(self, running_well, who):
        running_well[who].report("paused" if who else "leading", BROKER_AWAY)
        assert "the message broker is out of reach" in read_availability().sentence
        assert "valkey" not in read_availability().sentence
        assert read_availability().obstacle == BROKER_AWAY

    def test_one_worker_that_reaches_the_broker_is_enough(self, running_well):
        ProcessReporter("worker").report("paused", BROKER_AWAY)
        assert read_availability().sentence == ""

    def test_the_web_may_ask_with_the_rights_it_has(self, running_well, alice):
        with tenant_scope.for_role(tenant_scope.WEB), tenant_scope.within(alice.organization):
            assert read_availability().sentence == ""

    def test_it_is_one_query_for_a_page_of_operations(self, monkeypatch, running_well):
        monkeypatch.setattr(integrations_running, "read_availability", read_availability)
        monkeypatch.setattr(integrations_running, "availability_cache", AvailabilityCache())
        with CaptureQueriesContext(connection) as queries:
            assert {
                integrations_running.current_availability().sentence for _time in range(50)
            } == {""}
        assert len(queries) == 1

    def test_a_page_tells_it_anew_once_a_minute(self):
        phases = [
            ProvisioningAvailability(worker=ProcessAvailability(timedelta(seconds=s))).phase
            for s in (29, 35, 59, 61)
        ]
        assert phases[0] == ""
        assert phases[1] == phases[2] != phases[3]

    def test_in_german(self):
        with translation.override("de"):
            assert NO_WORKER.sentence == (
                "Seit 75 s läuft kein Worker: Was in Auftrag gegeben wird, wartet."
            )


@pytest.fixture
def number(alice):
    return factories.create_number(alice.by, "+14155550101", settled=False)


@pytest.fixture
def stopped(running, number):
    running(NO_WORKER)


def page(browse, alice, name: str, **path) -> str:
    return browse(alice).get(screen_url(alice.organization, name, **path)).text


@pytest.mark.usefixtures("stopped")
class TestPeopleSeeIt:
    def test_the_dashboard(self, alice, browse, running):
        told = page(browse, alice, "dashboard")
        assert NO_WORKER_SAYS in told
        assert "goes on by itself" not in told
        running(ProvisioningAvailability())
        assert "goes on by itself" in page(browse, alice, "dashboard")

    def test_the_page_of_a_number(self, alice, browse, number):
        told = page(browse, alice, "number", number_id=number.pk)
        assert NO_WORKER_SAYS in told
        assert "once they work again" in told
        assert "about to start" not in told

    def test_its_page_moves_when_it_begins_and_when_it_ends(self, alice, browse, number, running):
        url = screen_url(alice.organization, "number", number_id=number.pk)
        seen = browse(alice).get(url).context["seen"]
        again = {"hx-request": "true"}
        assert browse(alice).get(f"{url}?seen={seen}", headers=again).status_code == 204
        running(ProvisioningAvailability())
        assert browse(alice).get(f"{url}?seen={seen}", headers=again).status_code == 200

    def test_the_list_of_numbers(self, alice, browse):
        told = page(browse, alice, "numbers")
        assert NO_WORKER_SAYS in told
        assert "comes within seconds" not in told

    def test_the_operations(self, alice, browse, number):
        operation = Operation.objects.get(status="open")
        assert NO_WORKER_SAYS in page(browse, alice, "operations")
        assert NO_WORKER_SAYS in page(browse, alice, "operation", operation_id=operation.pk)

    def test_a_carrier(self, alice, browse):
        carrier = factories.create_carrier(alice.by, name="New", settled=False)
        told = page(browse, alice, "carrier", carrier_id=carrier.pk)
        assert NO_WORKER_SAYS in told
        assert "this takes seconds" not in told

    def test_an_integration_that_is_being_checked(self, alice, browse):
        Integration.objects.update(state="checking")
        assert NO_WORKER_SAYS in page(browse, alice, "integrations")

    def test_the_admin(self, staff):
        assert NO_WORKER_SAYS in staff.get("/admin/").text
        operation = Operation.objects.get(status="open")
        url = f"/admin/integrations/operation/{operation.pk}/change/"
        assert NO_WORKER_SAYS in staff.get(url).text

    def test_the_api(self, alice, api, number):
        operation = Operation.objects.get(status="open")
        for url in (
            f"/v1/operations/{operation.pk}",
            "/v1/operations?status=open",
            f"/v1/phone-numbers/{number.pk}/operations",
        ):
            answer = api(alice).get(url)
            assert answer.status_code == 200
            assert NO_WORKER_SAYS in answer.text, url


@pytest.mark.usefixtures("stopped")
class TestWhatItIsNotSaidOf:
    """Where something else is the reason, or none is needed."""

    def waits_for(self, alice, api) -> str | None:
        operation = Operation.objects.get(status="open")
        return api(alice).get(f"/v1/operations/{operation.pk}").json()["waits_for"]

    def test_one_that_is_being_attempted(self, alice, api):
        lease = timezone.now() + timedelta(seconds=20)
        Operation.objects.filter(status="open").update(lease_until=lease)
        assert self.waits_for(alice, api) is None

    def test_one_whose_time_has_not_come(self, alice, api):
        later = timezone.now() + timedelta(minutes=5)
        Operation.objects.filter(status="open").update(attempts=1, next_attempt_at=later)
        assert self.waits_for(alice, api) is None

    def test_one_that_its_platform_holds(self, alice, api):
        Integration.objects.update(state="paused", state_reason="The key was revoked.")
        assert NO_WORKER_SAYS not in self.waits_for(alice, api)

    def test_one_behind_another_names_both(self, alice, api):
        carrier = factories.create_carrier(alice.by, name="Slow Trunk", settled=False)
        number = factories.create_number(
            alice.by, "+14155550102", settled=False, voip_carrier_sid=carrier.voip_carrier_sid
        )
        operation = Operation.objects.get(waits_for__isnull=False)
        waits = api(alice).get(f"/v1/operations/{operation.pk}").json()["waits_for"]
        assert waits == f"Waits for Slow Trunk to be set up. {NO_WORKER_SAYS}", number


def test_a_number_without_open_operations_asks_nobody(alice, browse, api, running, monkeypatch):
    number = factories.create_number(alice.by)
    monkeypatch.setattr(integrations_running, "read_availability", lambda: pytest.fail("asked"))
    monkeypatch.setattr(integrations_running, "availability_cache", AvailabilityCache())
    assert api(alice).get(f"/v1/phone-numbers/{number.pk}").status_code == 200
    assert api(alice).get("/v1/phone-numbers").status_code == 200
    assert page(browse, alice, "number", number_id=number.pk)
    assert page(browse, alice, "numbers")
