"""/healthz and /readyz: what probes and alarms are told, also while the database is silent."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from config import schema_guard
from config.web import readiness
from config.web.readiness import (
    OTHER_CHECKS,
    ReadinessCache,
    ReadinessCheck,
    ReadinessReport,
    check_readiness,
)
from integrations.ledger.backlog import oldest_due_age
from integrations.models import Integration, Operation
from integrations.runtime.availability import ProcessAvailability, ProvisioningAvailability
from tests.support import factories

WELL = ReadinessReport(
    (
        ReadinessCheck("schema", True),
        ReadinessCheck("database", True),
        ReadinessCheck("worker", True),
    )
)
GONE = ProcessAvailability(timedelta(seconds=75))
AWAY = "The broker is out of reach: Error 111 connecting to valkey:6379."


@pytest.fixture
def told(monkeypatch):
    """`told(report)` is what /readyz answers when a look finds that."""

    def ask(report: ReadinessReport, query: str = ""):
        monkeypatch.setattr(readiness, "readiness_cache", ReadinessCache(lambda: report))
        return Client().get(f"/readyz{query}")

    return ask


def checks() -> dict[str, bool | None]:
    return {check.name: check.ok for check in check_readiness().checks}


class TestHealthz:
    def test_it_asks_no_database(self):
        """Without the mark `django_db`, a query is an error."""
        answer = Client().get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_it_is_not_led_to_https(self, settings, told, path):
        settings.SECURE_SSL_REDIRECT = True
        told(WELL)
        assert Client().get(path).status_code == 200


class TestReadyz:
    def test_all_is_well(self, told):
        answer = told(WELL)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ready"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_what_fails_is_named_and_no_probe_fills_the_log(self, told, caplog):
        answer = told(
            ReadinessReport(
                (*WELL.checks, ReadinessCheck("broker", None), ReadinessCheck("dispatcher", False))
            )
        )
        assert answer.status_code == 503
        assert answer.json()["failing"] == ["broker", "dispatcher"]
        assert not caplog.records

    def test_a_load_balancer_asks_for_the_web_alone(self, told):
        report = ReadinessReport(
            (
                ReadinessCheck("schema", True),
                ReadinessCheck("database", True),
                ReadinessCheck("worker", False),
            )
        )
        assert told(report).status_code == 503
        assert told(report, "?of=web").status_code == 200
        assert told(readiness.database_unavailable_report("away"), "?of=web").status_code == 503

    def test_it_says_when_it_looked(self, told):
        then = timezone.now() - timedelta(seconds=1)
        assert told(ReadinessReport((), at=then)).json()["at"] == then.isoformat(
            timespec="milliseconds"
        )


class TestTheWatcher:
    def test_many_questions_are_one_look(self):
        looks = []
        watcher = ReadinessCache(lambda: looks.append(1) or WELL)
        assert {watcher.now().at for _time in range(50)} == {WELL.at}
        assert len(looks) == 1

    def test_a_silent_database_is_told_and_asked_once(self, monkeypatch):
        monkeypatch.setattr(readiness, "ANSWER_TIMEOUT", 0.05)
        looks, answers = [], threading.Event()

        def never() -> ReadinessReport:
            looks.append(1)
            answers.wait(20)
            return WELL

        watcher = ReadinessCache(never)
        asked = [watcher.now() for _time in range(5)]
        assert {report.failing[1] for report in asked} == {"database"}
        assert "has not answered" in asked[0].checks[1].detail
        watcher.until = 0.0
        assert watcher.now().failing
        assert len(looks) == 1
        answers.set()
        for _time in range(200):
            if watcher.report is WELL:
                break
            time.sleep(0.02)
        assert watcher.now() is WELL

    def test_a_look_that_fails_is_no_answer_from_before(self, monkeypatch):
        monkeypatch.setattr(threading, "excepthook", lambda *_: None)

        def fails() -> ReadinessReport:
            raise RuntimeError("no")

        watcher = ReadinessCache(fails)
        watcher.report = WELL
        assert "database" in watcher.now().failing


@pytest.mark.django_db
class TestALook:
    def test_all_is_well(self):
        assert set(checks()) == {"schema", "database", *OTHER_CHECKS}
        assert set(checks().values()) == {True}

    @pytest.mark.parametrize(
        ("found", "failing"),
        [
            (ProvisioningAvailability(dispatcher=GONE), ["dispatcher"]),
            (ProvisioningAvailability(worker=GONE), ["worker"]),
            (ProvisioningAvailability(GONE, GONE), ["broker", "dispatcher", "worker"]),
            (ProvisioningAvailability(dispatcher=ProcessAvailability(reason=AWAY)), ["broker"]),
            (
                ProvisioningAvailability(worker=ProcessAvailability(reason=AWAY)),
                ["broker", "worker"],
            ),
        ],
    )
    def test_programs_that_do_not_work(self, running, found, failing):
        running(found)
        assert check_readiness().failing == failing
        assert "valkey" not in json.dumps([check.detail for check in check_readiness().checks])

    def test_a_schema_that_lacks_something(self, monkeypatch):
        rows = schema_guard.applied_migrations()
        fewer = {row for row in rows if row != max(r for r in rows if r[0] == "numbers")}
        monkeypatch.setattr(schema_guard, "applied_migrations", lambda: fewer)
        assert check_readiness().failing == ["schema"]

    def test_a_database_that_takes_no_writes(self, monkeypatch):
        monkeypatch.setattr(readiness, "READ_ONLY_SQL", "SELECT true")
        assert check_readiness().failing == ["database"]

    def test_a_database_out_of_reach(self, monkeypatch):
        def away() -> None:
            raise OperationalError("connection to 10.1.2.3 refused")

        monkeypatch.setattr(schema_guard, "applied_migrations", away)
        assert check_readiness().failing == ["schema", "database", *OTHER_CHECKS]
        assert "10.1.2.3" not in str(check_readiness())

    def test_an_operation_that_nobody_takes(self, alice, settings):
        factories.create_number(alice.by, settled=False)
        assert oldest_due_age() < timedelta(seconds=60)
        late = timezone.now() - settings.OLDEST_DUE - timedelta(seconds=5)
        Operation.objects.filter(status="open").update(next_attempt_at=late)
        assert check_readiness().failing == ["operations"]

    @pytest.mark.parametrize(
        "change",
        [
            {"state": "paused"},
            {"failures": 9, "open_until": timezone.now() + timedelta(hours=1)},
            {"paced_until": timezone.now() + timedelta(hours=1)},
        ],
    )
    def test_what_waits_for_its_platform_is_not_stuck(self, alice, change):
        factories.create_number(alice.by, settled=False)
        late = timezone.now() - timedelta(hours=1)
        Operation.objects.filter(status="open").update(next_attempt_at=late)
        Integration.objects.update(**change)
        assert oldest_due_age() == timedelta(0)

    def test_a_long_queue_at_which_somebody_works_is_not_stuck(self, alice):
        for number in ("+14155550101", "+14155550102"):
            factories.create_number(alice.by, number, settled=False)
        now = timezone.now()
        Operation.objects.filter(status="open").update(next_attempt_at=now - timedelta(hours=1))
        first = Operation.objects.filter(status="open")[0]
        lease = now + timedelta(seconds=20)
        Operation.objects.filter(pk=first.pk).update(dispatched_at=now, lease_until=lease)
        assert oldest_due_age() == timedelta(0)
        Operation.objects.update(lease_until=now - timedelta(seconds=1))
        assert oldest_due_age() >= timedelta(hours=1)
