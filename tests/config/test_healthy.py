"""`manage.py healthy`: what the healthchecks of containers ask, in each of its answers."""

import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace

import psycopg
import pytest
import yaml
from django.db import connection
from django.utils import timezone

from config import BASE_DIR, healthy
from config.healthy import main
from integrations.models import Process
from integrations.runtime import processes
from integrations.runtime.processes import ProcessReporter


@pytest.fixture
def asked(db, monkeypatch) -> None:
    """It asks by the connection of the test, which sees what the test wrote."""

    @contextmanager
    def connect(*_url, **_options):
        yield SimpleNamespace(execute=lambda query, values: executed(query, values))

    def executed(query, values):
        cursor = connection.cursor()
        cursor.execute(query, values)
        return cursor

    monkeypatch.setattr(psycopg, "connect", connect)


def test_it_counts_as_the_others_do():
    assert timedelta(seconds=healthy.ALIVE_TIMEOUT) == processes.ALIVE_TIMEOUT


@pytest.mark.usefixtures("asked")
class TestPrograms:
    def test_one_that_reports(self, capsys):
        ProcessReporter("dispatcher").report("leading")
        assert main(["dispatcher"]) == 0
        assert capsys.readouterr().out.startswith("dispatcher: leading, reported 0 s ago")

    def test_a_paused_one_is_well_and_says_why(self, capsys):
        ProcessReporter("worker").report("paused", "The broker is out of reach: no")
        assert main(["worker"]) == 0
        assert "The broker is out of reach" in capsys.readouterr().out

    def test_a_silent_one(self, capsys):
        ProcessReporter("worker").report("working")
        Process.objects.update(seen_at=timezone.now() - timedelta(seconds=40))
        assert main(["worker"]) == 1

    def test_those_of_other_kinds_and_other_machines_do_not_count(self, capsys):
        ProcessReporter("worker").report("working")
        Process.objects.create(
            instance=f"{socket.gethostname()}2:1:ab",
            kind="dispatcher",
            version="1",
            state="leading",
        )
        assert main(["dispatcher"]) == 1
        assert "none has reported" in capsys.readouterr().out


def test_a_database_out_of_reach_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:s3cret@127.0.0.1:1/patchbay")
    assert main(["worker"]) == 1
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert "s3cret" not in told


@pytest.mark.parametrize("words", [[], ["broker"], ["worker", "more"], ["web", "ftp://x"]])
def test_nonsense_is_not_healthy(words, capsys):
    assert main(words) == 1


@pytest.mark.parametrize(("status", "found"), [(200, 0), (503, 1)])
def test_a_web_by_its_status(status, found, capsys):
    class Web(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Web)
    Thread(target=server.handle_request, daemon=True).start()
    assert main(["web", f"http://127.0.0.1:{server.server_port}/healthz"]) == found
    server.server_close()


def test_it_starts_without_django():
    code = "import sys, config.healthy; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("kind", ["dispatcher", "worker"])
def test_compose_asks_it(kind):
    services = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())["services"]
    command = ["CMD", "python", "manage.py", "healthy", kind]
    assert services[kind]["healthcheck"]["test"] == command
