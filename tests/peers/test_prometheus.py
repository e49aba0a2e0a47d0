"""Prometheus's own tool reads our metrics, alerts and the queries of the dashboard."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from config.metrics import page
from config.metrics.requests import RequestMetrics
from tests.support import monitoring

pytestmark = [pytest.mark.peers, pytest.mark.django_db]


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if not found:
        reason = "promtool is missing (Debian: apt install prometheus)."
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(reason)
    return found


def run(*command: str, given: str = "") -> str:
    """What it says, and that it says it of nothing wrong."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_it_reads_the_metrics_and_finds_nothing_to_say(promtool):
    requests = RequestMetrics()
    requests.note(("GET", '/v1/"odd\\<str:id>', "200"), 0.01)
    assert not run(promtool, "check", "metrics", given=page.render_metrics(requests).decode())


def test_the_alerts_are_rules(promtool):
    alerts = monitoring.load_alerts()["groups"][0]["rules"]
    said = run(promtool, "check", "rules", str(monitoring.FOLDER / "alerts.yaml"))
    assert f"{len(alerts)} rules found" in said


def test_the_example_of_a_configuration_is_one(promtool):
    run(promtool, "check", "config", "--syntax-only", str(monitoring.FOLDER / "prometheus.yaml"))


def test_the_queries_of_the_dashboard_are_queries(promtool, tmp_path):
    exprs = enumerate(sorted(set(monitoring.load_expressions())))
    rules = [{"record": f"a:b{number}", "expr": each} for number, each in exprs]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    run(promtool, "check", "rules", str(file))


def test_the_alerts_fire_and_fall_silent(promtool, tmp_path):
    run(promtool, "test", "rules", str(unit_tests(tmp_path)))


def unit_tests(folder: Path) -> Path:
    """A worker that ends after five minutes; and an installation in order."""
    working = 'patchbay_processes{instance="a",kind="worker",state="working"}'
    paused = 'patchbay_processes{instance="a",kind="worker",state="paused"}'
    leading = 'patchbay_dispatcher_leading{instance="a"}'
    series = [
        {"series": working, "values": "1x5 0x20"},
        {"series": paused, "values": "0x25"},
        {"series": leading, "values": "1x25"},
    ]
    fired = {
        "exp_labels": {"severity": "critical"},
        "exp_annotations": {"summary": "No worker of Patchbay takes work."},
    }
    cases = [
        {"eval_time": "4m", "alertname": "PatchbayHasNoWorker", "exp_alerts": []},
        {"eval_time": "9m", "alertname": "PatchbayHasNoWorker", "exp_alerts": [fired]},
        {"eval_time": "9m", "alertname": "PatchbayHasNoLeader", "exp_alerts": []},
    ]
    tests = [{"interval": "1m", "input_series": series, "alert_rule_test": cases}]
    told = {"rule_files": [str(monitoring.FOLDER / "alerts.yaml")], "tests": tests}
    file = folder / "tests.yaml"
    file.write_text(yaml.safe_dump(told))
    return file
