"""`/metrics`: who may read it, what is in it, and that several processes are one web."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import BASE_DIR
from config.metrics import figures, middleware, page
from config.metrics import requests as counted
from config.metrics.page import database_metrics_cache
from integrations.models import AttemptCount, Integration, Leadership, Operation, Process
from integrations.tasks import run_operation
from tests.support import factories, monitoring

TOKEN = "a-token-for-prometheus"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


@pytest.fixture
def scraped(settings, monkeypatch):
    """Prometheus reads: every call asks the database anew."""
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(middleware, "_requests", counted.RequestMetrics())
    client = Client(headers={"Authorization": f"Bearer {TOKEN}"}, raise_request_exception=False)

    def read() -> str:
        database_metrics_cache.asked_at = float("-inf")
        answer = client.get("/metrics", headers={"Host": "10.1.2.3:8000"})
        assert answer.status_code == 200
        return answer.text

    read.client = client
    return read


def value(text: str, name: str, **labels: str) -> float | None:
    for found, inner, number in SAMPLE.findall(text):
        if found == name and dict(re.findall(r'(\w+)="(.*?)"', inner)) == labels:
            return float(number)
    return None


class TestWhoMayRead:
    def test_nobody_while_no_token_is_set(self, client, db):
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize("given", ["", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xfc"])
    def test_nobody_without_the_token(self, scraped, given):
        answer = Client().get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 401
        assert not answer.content

    def test_it_is_only_read(self, scraped):
        assert scraped.client.post("/metrics").status_code == 405

    def test_prometheus_may_call_a_container_by_its_address(self, scraped, settings, db):
        settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["phones.example"], True
        assert "patchbay_build_info" in scraped()


class TestRequests:
    def test_are_counted_by_route_and_status(self, scraped, alice):
        headers = {"Authorization": f"Bearer {alice.key_text}"}
        for path in ("/v1/phone-numbers", "/v1/phone-numbers?label=secret", "/v1/phone-numbers/x"):
            Client().get(path, headers=headers)
        text = scraped()
        labels = {"method": "GET", "route": "/v1/phone-numbers"}
        assert value(text, "patchbay_http_requests_total", **labels, status="200") == 2
        name = "patchbay_http_request_duration_seconds"
        assert value(text, f"{name}_count", **labels) == 2
        assert value(text, f"{name}_bucket", **labels, le="+Inf") == 2
        assert "secret" not in text

    def test_no_client_makes_a_label(self, scraped, db):
        for number in range(3):
            Client().generic(f"MADE{number}", f"/nothing/{number}", headers={"Host": "localhost"})
        text = scraped()
        labels = {"method": "other", "route": "none", "status": "404"}
        assert value(text, "patchbay_http_requests_total", **labels) == 3

    def test_of_all_processes_are_added_up_also_of_those_that_ended(self, tmp_path):
        one, other = counted.RequestMetrics(), counted.RequestMetrics()
        for each in (one, other):
            each.folder = tmp_path
            each.note(("GET", "/v1", "200"), 0.02)
        other.write()
        (tmp_path / "broken.json").write_text('[["GET", "/v1"')
        (tmp_path / "strange.json").write_text("[[1, [2]]]")
        row = one.all_rows()["GET", "/v1", "200"]
        assert sum(row[: counted.SUM_INDEX]) == 2
        assert row[counted.SUM_INDEX] == pytest.approx(0.04)

    def test_children_of_one_program_share_a_folder_that_is_theirs_alone(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", CHILDREN],
            env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(BASE_DIR), "PATH": ""},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
        first, second = json.loads(done.stdout)
        assert first == second
        (folder,) = tmp_path.iterdir()
        assert str(folder) == first
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_folders_of_programs_that_ended_are_removed(self, tmp_path):
        gone, other = tmp_path / f"{counted.FOLDER_PREFIX}1-5", tmp_path / "patchbay-something"
        gone.mkdir()
        other.mkdir()
        counted.delete_stale_folders(tmp_path, tmp_path / "mine")
        assert [*tmp_path.iterdir()] == [other]


CHILDREN = """
import json, multiprocessing
import config
from config.metrics.requests import shared_metrics_folder

def child(queue):
    queue.put(str(shared_metrics_folder()))

context = multiprocessing.get_context("fork")
queue = context.Queue()
for _ in range(2):
    context.Process(target=child, args=[queue]).start()
print(json.dumps([queue.get(), queue.get()]))
"""


def an_operation(member: factories.Member, **fields) -> Operation:
    integration = Integration.objects.filter(organization=member.organization).first()
    label = {"subject_kind": "number", "subject_label": "+44", "wish": "ensure"}
    label |= {"subject_id": uuid4(), "integration": integration}
    return Operation.objects.create(organization=member.organization, **{**label, **fields})


class TestFigures:
    def test_open_due_and_the_oldest_due(self, scraped, alice, mallory):
        now = timezone.now()
        an_operation(alice, next_attempt_at=now - timedelta(seconds=100))
        an_operation(mallory, next_attempt_at=now + timedelta(seconds=100))
        leased = {"lease_until": now + timedelta(seconds=20), "dispatched_at": now}
        an_operation(mallory, next_attempt_at=now - timedelta(seconds=500), **leased)
        text, sandbox = scraped(), {"platform": "sandbox"}
        assert value(text, "patchbay_operations_open", **sandbox) == 3
        assert value(text, "patchbay_operations_due", **sandbox) == 2
        assert value(text, "patchbay_operations_running", **sandbox) == 1
        assert 100 <= value(text, "patchbay_operations_oldest_due_seconds", **sandbox) < 200
        assert value(text, "patchbay_operations_open", platform="twilio") == 0

    def test_what_rests_is_not_late_but_its_breaker_is_open(self, scraped, alice):
        operation = an_operation(alice, next_attempt_at=timezone.now() - timedelta(hours=1))
        rest = {"failures": 5, "open_until": timezone.now() + timedelta(seconds=30)}
        Integration.objects.filter(pk=operation.integration_id).update(**rest)
        text = scraped()
        assert value(text, "patchbay_operations_oldest_due_seconds", platform="sandbox") == 0
        assert value(text, "patchbay_breakers_open", platform="sandbox") == 1

    def test_attempts_are_counted_as_they_end(self, scraped, alice):
        operation = an_operation(alice, wish="look")
        run_operation(operation_id=str(operation.pk))
        run_operation(operation_id=str(operation.pk))
        operation.refresh_from_db()
        assert AttemptCount.objects.get().attempts == 1
        labels = {"platform": "sandbox", "outcome": operation.outcome}
        assert value(scraped(), "patchbay_attempts_total", **labels) == 1

    def test_programs_and_what_they_report(self, scraped, db):
        facts = {"queue": 7, "broker_ms": 3.0, "database_ms": 12.5}
        worker = {"kind": "worker", "version": "0.1.0", "facts": facts}
        Process.objects.create(instance="a", state="working", **worker)
        long_ago = timezone.now() - timedelta(minutes=5)
        Process.objects.create(instance="b", state="paused", seen_at=long_ago, **worker)
        text = scraped()
        assert value(text, "patchbay_processes", kind="worker", state="working") == 1
        assert value(text, "patchbay_processes", kind="worker", state="paused") == 0
        assert value(text, "patchbay_processes", kind="dispatcher", state="leading") == 0
        assert value(text, "patchbay_process_versions", kind="worker", version="0.1.0") == 1
        assert value(text, "patchbay_queue_messages") == 7
        assert value(text, "patchbay_broker_answer_seconds") == 0.003
        assert value(text, "patchbay_database_connect_seconds") == 0.0125

    def test_whether_one_leads(self, scraped, db):
        assert value(scraped(), "patchbay_dispatcher_leading") == 0
        Leadership.objects.create(holder="me", term=1)
        assert value(scraped(), "patchbay_dispatcher_leading") == 1

    def test_no_organization_is_named(self, scraped, alice, mallory):
        an_operation(alice)
        text = scraped()
        for member in (alice, mallory):
            names = (member.organization.name, member.organization.public_id)
            assert not [name for name in names if name in text]

    def test_one_that_takes_too_long_leaves_the_others(self, scraped, db, monkeypatch):
        monkeypatch.setattr(figures, "QUERY_TIMEOUT", 1)
        monkeypatch.setattr(
            figures, "RUNNING_OPERATIONS_SQL", "SELECT 'sandbox', pg_sleep(5)::text"
        )
        text = scraped()
        assert value(text, "patchbay_figures_up", figure="running") == 0
        assert value(text, "patchbay_figures_up", figure="jobs") == 1
        assert value(text, "patchbay_operations_running", platform="sandbox") is None

    def test_they_cost_a_bounded_number_of_queries_and_are_kept(
        self, scraped, alice, django_assert_max_num_queries
    ):
        for _ in range(5):
            an_operation(alice)
        database_metrics_cache.asked_at = float("-inf")
        with django_assert_max_num_queries(60):
            scraped.client.get("/metrics")
        with django_assert_max_num_queries(0):
            scraped.client.get("/metrics")

    @pytest.mark.parametrize(
        "name", ["OPEN_OPERATIONS_SQL", "OLDEST_DUE_SQL", "RUNNING_OPERATIONS_SQL"]
    )
    def test_settled_operations_are_not_read(self, alice, name):
        """At a million of them: by the indexes of what is open."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {getattr(figures, name)}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on integrations_operation" not in plan
        assert "integrations_operation" in plan


def test_the_text_is_made_without_a_database(scraped, monkeypatch):
    monkeypatch.setattr(page.figures, "collect_database_metrics", list)
    assert "patchbay_build_info" in scraped()


class TestWhatDocsGive:
    """To Prometheus and Grafana; tests/peers/test_prometheus.py lets Prometheus read it."""

    def test_each_metric_that_they_name_is_there(self, scraped, alice):
        run_operation(operation_id=str(an_operation(alice, wish="look").pk))
        Client().get("/v1/phone-numbers")
        given = monitoring.find_metric_names(scraped())
        wanted = monitoring.find_metric_names(" ".join(monitoring.load_expressions()))
        assert wanted
        assert wanted <= given

    def test_each_metric_and_alert_is_told(self, scraped, alice):
        told = (BASE_DIR / "docs/monitoring.md").read_text()
        helps = set(re.findall(r"^# TYPE (\w+)", scraped(), re.M))
        assert helps <= set(re.findall(r"`(patchbay_\w+)`", told))
        rules = {rule["alert"] for rule in monitoring.load_alerts()["groups"][0]["rules"]}
        assert rules == set(re.findall(r"`(Patchbay\w+)`", told))
