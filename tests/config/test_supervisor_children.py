"""The children of the supervisor: tended, given up, stopped; the engines among them."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis
from kombu.utils.url import url_to_parts

from config.supervisor import SupervisorError, children
from config.supervisor.__main__ import start_embedded_engines
from config.supervisor.children import ChildProcesses, ShutdownRequested
from config.supervisor.postgres import OWNER, WEB, WORKER
from config.supervisor.processes import Program
from config.supervisor.secrets import SecretStore

SLEEP = "import time; print('ready'); time.sleep(60)"


@pytest.fixture
def data():
    """A data folder that any account gets to (pytest's are closed), with a name to be quoted."""
    with tempfile.TemporaryDirectory(prefix="patchbay-test-") as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "My Data+x%y"
        folder.mkdir()
        yield folder


@pytest.fixture
def family(monkeypatch):
    """Children that restart at once; whoever is left is stopped."""
    monkeypatch.setattr(children, "MIN_RESTART_DELAY", 0.01)
    monkeypatch.setattr(children, "MAX_RESTART_DELAY", 0.01)
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    family = ChildProcesses()
    yield family
    family.stop(list(family.children))
    for number, handler in handlers.items():
        signal.signal(number, handler)


def python(source: str, name: str = "child", **options) -> Program:
    return Program(name, [sys.executable, "-u", "-c", source], dict(os.environ), **options)


class TestChildren:
    def test_lines_are_prefixed_and_noise_is_hidden(self, family, capfd):
        source = "print('one'); print('noise'); print('two', end='')"
        family.start(python(source, noise=re.compile("noise")))
        shown = ""

        def ended() -> bool:
            nonlocal shown
            shown += capfd.readouterr().out
            return "ended" in shown

        family.until(ended, patience=10, refusal="no lines")
        assert shown.splitlines()[:3] == [
            "child      | one",
            "child      | two",
            "child      | ended with exit status 0",
        ]

    def test_a_killed_child_is_started_again(self, family):
        family.start(python(SLEEP))
        first = family.children["child"].process
        os.kill(first.pid, signal.SIGKILL)
        family.until(
            lambda: family.children["child"].process is not first, patience=10, refusal="not again"
        )
        assert family.children["child"].process.poll() is None

    def test_a_child_that_keeps_dying_is_given_up(self, family):
        family.start(python("raise SystemExit(3)"))
        with pytest.raises(SupervisorError, match="child ended 5 times within a minute"):
            family.until(lambda: False, patience=30, refusal="never given up")

    def test_what_a_child_leaves_behind_goes_with_it(self, family, tmp_path):
        pid_file = tmp_path / "pid"
        source = f"""
import subprocess, sys, pathlib
grandchild = subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
pathlib.Path({str(pid_file)!r}).write_text(str(grandchild.pid))
{SLEEP}"""
        family.start(python(source))
        family.until(pid_file.exists, patience=10, refusal="no grandchild")
        family.until(lambda: pid_file.read_text() != "", patience=10, refusal="no grandchild")
        os.kill(family.children["child"].process.pid, signal.SIGKILL)
        grandchild = int(pid_file.read_text())
        family.until(lambda: not alive(grandchild), patience=10, refusal="it lives on")

    def test_a_program_that_is_run_is_silent_unless_it_fails(self, family, capfd):
        family.run(python("print('quiet')"), patience=10, refusal="failed")
        assert capfd.readouterr().out == ""
        with pytest.raises(SupervisorError, match="failed"):
            family.run(python("print('loud'); raise SystemExit(1)"), patience=10, refusal="failed")
        assert "loud" in capfd.readouterr().out

    def test_an_interrupt_ends_the_wait(self, family):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(ShutdownRequested):
            family.until(lambda: False, patience=10, refusal="not noticed")

    def test_patience_ends(self, family):
        with pytest.raises(SupervisorError, match="too long"):
            family.until(lambda: False, patience=0.01, refusal="too long")

    def test_one_that_will_not_stop_is_killed_after_its_grace(self, family, capfd):
        stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
        family.start(python(stubborn, grace=0.2))
        family.until(lambda: "ready" in capfd.readouterr().out, patience=10, refusal="not ready")
        family.stop(["child"])
        assert "did not stop in time: killed" in capfd.readouterr().out

    def test_they_die_with_us(self, tmp_path):
        source = f"""
import os, subprocess, sys
from config.supervisor.processes import Program, spawn_program
child = spawn_program(Program("child", [sys.executable, "-c", {SLEEP!r}], {{}}), subprocess.DEVNULL)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)"""
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
        child = int(done.stdout)
        wait_until(lambda: not alive(child))


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def _no_url_given(monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


@pytest.mark.usefixtures("_no_url_given")
class TestEngines:
    def test_data_survive_kill_and_restart(self, data, family):
        before = start_embedded_engines(family, data, SecretStore(data))
        (lock,) = family.children["postgres"].program.popen["pass_fds"]
        with psycopg.connect(before["DATABASE_OWNER_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
        with redis_of(before) as connection:
            connection.set("kept", "yes")
        for child in family.children.values():
            os.kill(child.process.pid, signal.SIGKILL)
        family.stop(["valkey", "postgres"])
        os.close(lock)
        after = start_embedded_engines(family, data, SecretStore(data))
        assert after == before
        with psycopg.connect(after["DATABASE_OWNER_URL"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == ("yes",)
        with redis_of(after) as connection:
            assert connection.get("kept") == b"yes"

    def test_the_broker_asks_for_its_password(self, data, family, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://given")
        urls = start_embedded_engines(family, data, SecretStore(data))
        path = f"/{url_to_parts(urls['REDIS_URL']).path}"
        with (
            redis.Redis(unix_socket_path=path) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        shown = Path(f"/proc/{family.children['valkey'].process.pid}/cmdline").read_bytes()
        assert SecretStore(data).valkey_password().encode() not in shown

    def test_lost_passwords_are_told(self, data, family, monkeypatch):
        monkeypatch.setenv("REDIS_URL", "redis://given")
        start_embedded_engines(family, data, SecretStore(data))
        (lock,) = family.children["postgres"].program.popen["pass_fds"]
        family.stop(["postgres"])
        os.close(lock)
        (data / "secrets" / "postgres").unlink()
        with pytest.raises(SupervisorError, match="does not take the password that we keep"):
            start_embedded_engines(family, data, SecretStore(data))

    def test_the_roles_are_what_they_should_be(self, data, family, monkeypatch):
        monkeypatch.setenv("REDIS_URL", "redis://given")
        urls = start_embedded_engines(family, data, SecretStore(data))
        assert list(family.children) == ["postgres"]
        rights = {}
        for url in urls.values():
            with psycopg.connect(url) as connection:
                role, *rights[role] = connection.execute(ROLE).fetchone()
        assert rights == {
            OWNER: [False, False, True, True],
            WEB: [False, False, False, False],
            WORKER: [False, False, False, False],
        }


ROLE = """SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, datdba = pg_roles.oid
FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"""


def redis_of(urls: dict[str, str]) -> redis.Redis:
    parts = url_to_parts(urls["REDIS_URL"])
    return redis.Redis(unix_socket_path=f"/{parts.path}", password=parts.password)
