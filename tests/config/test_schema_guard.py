"""Code and schema that do not fit: older code refuses to start, a web without its migrations is not
ready, dispatcher and worker wait."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from django.db import OperationalError, connections
from psycopg import sql

from config import BASE_DIR, schema_guard
from config.commands import is_guarded_command
from config.schema_guard import (
    SchemaMismatch,
    compare_schema,
    ensure_schema_not_newer,
    known_migrations,
)
from config.supervisor import programs
from config.web import schema_gate
from tests.support.make_up import free_port, wait_until

NEWEST = ("numbers", "9999_adds_a_column")
UNBEARABLE = ("numbers", "9999_needs_9998_drop_a_column")


@pytest.fixture
def recorded(monkeypatch):
    """Sets what the database says of itself."""

    def record(*, more=(), less=()):
        rows = {*known_migrations(), *more} - {*less}
        monkeypatch.setattr(schema_guard, "applied_migrations", lambda: rows)

    return record


def test_the_schema_of_its_own_migrations_is_current(recorded):
    recorded()
    assert (compare_schema().state, compare_schema().sentence) == ("current", "")


def test_what_only_adds_is_borne_by_older_code(recorded):
    recorded(more=[NEWEST])
    assert compare_schema().state == "current"
    assert compare_schema().unknown == ("numbers.9999_adds_a_column",)
    ensure_schema_not_newer()


@pytest.mark.parametrize("needed", ["9998", "9999"])
def test_what_needs_a_migration_that_is_not_known_is_refused(recorded, needed):
    recorded(more=[NEWEST, ("numbers", f"9999_needs_{needed}_drop_a_column")])
    assert compare_schema().state == "newer"
    with pytest.raises(SchemaMismatch, match=f"9999_needs_{needed}_drop_a_column"):
        ensure_schema_not_newer()


def test_what_needs_a_migration_that_is_known_is_borne(recorded):
    recorded(more=[("numbers", "9999_needs_0001_drop_a_column")])
    assert compare_schema().state == "current"


def test_migrations_of_packages_are_not_judged_but_must_have_run(recorded):
    recorded(more=[("account", "9999_needs_9998_something")])
    assert compare_schema().state == "current"
    recorded(less=[("sessions", "0001_initial")])
    assert compare_schema().state == "unmigrated"
    assert "sessions.0001_initial" in compare_schema().sentence


def test_a_database_out_of_reach_refuses_nothing(monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(schema_guard, "applied_migrations", away)
    ensure_schema_not_newer()


def test_it_waits_until_the_migrations_have_run(recorded, caplog):
    recorded(less=[("numbers", "0001_initial")])
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            recorded()

    assert schema_guard.wait_for_current_schema(pause)
    assert len(pauses) == 3
    assert caplog.text.count("waiting: The database lacks") == 1


def test_who_is_to_stop_waits_no_longer(recorded):
    recorded(less=[("numbers", "0001_initial")])
    assert not schema_guard.wait_for_current_schema(lambda seconds: True)


def test_an_older_postgresql_is_refused_in_a_sentence(monkeypatch, django_db_blocker):
    assert connections["default"].features.minimum_database_version == (15,)
    old = connections["default"].copy("old")
    old.features.minimum_database_version = (99,)
    monkeypatch.setattr(schema_guard, "connection", old)
    with (
        django_db_blocker.unblock(),
        pytest.raises(SchemaMismatch, match=r"PostgreSQL 99 or later is required \(found \d+"),
    ):
        ensure_schema_not_newer()


@pytest.mark.django_db
def test_the_database_of_the_tests_is_current():
    assert compare_schema().state == "current"


@pytest.mark.parametrize("name", ["grant_roles", "rotate_secrets", "dispatch", "migrate", "shell"])
def test_commands_that_may_change_rows_are_guarded(name):
    assert is_guarded_command(name)


@pytest.mark.parametrize("name", ["check", "draw_schemas", "collectstatic", "showmigrations"])
def test_commands_that_change_none_are_not(name):
    assert not is_guarded_command(name)


# with a database that says of itself what a test wants, and has no table but that one


@pytest.fixture
def scratch() -> Iterator[str]:
    """The URL of an empty database."""
    url, name = os.environ["DATABASE_URL"], f"patchbay_scratch_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(url, dbname=name)
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))


def write(url: str, *, more=(), less=()) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS django_migrations (app text, name text)")
        connection.execute("TRUNCATE django_migrations")
        rows = ({*known_migrations(), *more} - {*less}) or ()
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO django_migrations VALUES (%s, %s)", list(rows))


@contextmanager
def running(command, url: str, log, **env) -> Iterator[subprocess.Popen]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env={**os.environ, "DATABASE_URL": url, "PATCHBAY_MODE": "quickstart", **env},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


DISPATCHER = ["manage.py", "dispatch"]
WORKER = ["-m", "celery", "-A", "config", "worker", "--concurrency", "1"]


def web(port: int) -> list[str]:
    command = ["-m", "granian", *programs.GRANIAN_OPTIONS, "--workers", "1"]
    return [*command, "--port", str(port), "config.asgi:application"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        *(DISPATCHER, WORKER, web(free_port())),
        *(["manage.py", "grant_roles"], ["manage.py", "migrate"]),
        ["-m", "config.supervisor.prepare", "quickstart.json", "http://127.0.0.1"],
    ],
    ids=["dispatcher", "worker", "web", "command", "migrate", "make up"],
)
def test_every_program_refuses_a_newer_database_in_a_sentence(scratch, tmp_path, command):
    write(scratch, more=[UNBEARABLE])
    with running(command, scratch, tmp_path / "log") as process:
        assert process.wait(60) != 0
    assert "was migrated by a newer Patchbay" in (tmp_path / "log").read_text()
    with psycopg.connect(scratch) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (1,)


@pytest.mark.slow
@pytest.mark.parametrize("command", [DISPATCHER, WORKER], ids=["dispatcher", "worker"])
def test_dispatcher_and_worker_wait_for_migrations_and_end_when_asked(scratch, tmp_path, command):
    write(scratch, less=[("numbers", "0001_initial")])
    log = tmp_path / "log"
    with running(command, scratch, log) as process:
        wait_until(lambda: "waiting: The database lacks" in log.read_text(), 60)
        process.terminate()
        process.wait(10)
    assert "Traceback" not in log.read_text()


@pytest.mark.slow
def test_a_web_is_not_ready_until_the_migrations_have_run(scratch, tmp_path):
    write(scratch, less=[("numbers", "0001_initial")])
    port, log = free_port(), tmp_path / "log"
    with running(web(port), scratch, log, PUBLIC_BASE_URL=f"http://127.0.0.1:{port}"):
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: status(f"{address}/healthz") == 200, 60)
        assert status(f"{address}/") == status(f"{address}/v1/phone-numbers") == 503
        write(scratch)
        wait_until(lambda: status(f"{address}/v1/problems") == 200, 10)


def status(url: str) -> int:
    try:
        return httpx.get(url, timeout=10).status_code
    except httpx.TransportError:
        return 0


def test_a_gate_that_is_open_looks_no_more(recorded):
    gate = schema_gate.SchemaGate()
    recorded(less=[("numbers", "0001_initial")])
    assert not gate.lets_in()
    recorded()
    assert not gate.lets_in()  # a second has not passed
    gate.look_again_at = time.monotonic()
    assert gate.lets_in()
    recorded(more=[UNBEARABLE])
    assert gate.lets_in()
