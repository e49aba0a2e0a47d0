"""`make up`, the whole of it: answered, refused, killed, restarted and stopped."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from config import BASE_DIR
from tests.bench.memory import memory_by_program
from tests.support.make_up import Installation, temporary_installation, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
AS_NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}


@pytest.fixture(scope="module")
def shared():
    with temporary_installation() as installation:
        yield installation


@pytest.fixture
def installation(shared):
    """A running one; what a test stopped is started again."""
    shared.start()
    return shared


def test_it_answers_as_soon_as_it_says_so(installation):
    assert installation.address.answers()
    assert f"Patchbay is ready: {installation.address.url}" in installation.log.read_text()
    for name in ("environment", "quickstart.json"):
        assert (installation.data / name).stat().st_mode & 0o777 == 0o600


def test_idle_it_takes_little_memory(installation):
    """It was 960 MB. Here are the tests' packages too, and a loaded machine lets workers' children
    stay: `make bench ARGS="--only memory"` measures it."""
    wait_until(lambda: memory_by_program(installation).total() < 560)


def test_a_second_one_on_the_same_folder_is_refused(installation):
    second = subprocess.run(
        installation.command, env=installation.env, cwd=BASE_DIR, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"another Patchbay runs on {installation.data}" in second.stdout
    assert installation.address.answers()


def test_a_taken_port_is_refused_before_anything_is_started(installation, tmp_path):
    second = subprocess.run(
        installation.command,
        env={**installation.env, "PATCHBAY_DATA": str(tmp_path / "other")},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert f"port {installation.address.port} on 127.0.0.1 is taken" in second.stdout
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["lock"]


def test_a_killed_web_comes_back(installation):
    web = next(pid for pid, line in installation.processes().items() if "granian" in line)
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: "web        | ended with signal SIGKILL" in installation.log.read_text())
    wait_until(installation.address.answers, 30)


def test_the_web_outlives_a_restart_of_postgres(installation):
    """Its threads keep their connections, and find them cut."""
    key = json.loads((installation.data / "quickstart.json").read_text())["api_key"]
    assert concurrent_statuses(installation, key) == {200}
    postgres = next(pid for pid, line in installation.processes().items() if "postgres -D" in line)
    os.kill(postgres, signal.SIGKILL)
    wait_until(lambda: concurrent_statuses(installation, key) != {200}, 5)
    wait_until(lambda: concurrent_statuses(installation, key) == {200}, 30)


def concurrent_statuses(installation: Installation, key: str) -> set[int]:
    """What the API answers on thirty connections at once."""
    address = f"{installation.address.url}/v1/phone-numbers"
    with httpx.Client(headers={"X-API-Key": key}) as client, ThreadPoolExecutor(30) as pool:
        return {answer.status_code for answer in pool.map(client.get, [address] * 30)}


def test_killing_the_supervisor_leaves_no_process_and_loses_nothing(installation):
    with psycopg.connect(installation.url("DATABASE_OWNER_URL")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
    key = installation.url("PATCHBAY_ENCRYPTION_KEYS")
    installation.stop(signal.SIGKILL)
    wait_until(lambda: not installation.processes(), 15)
    installation.start()
    with psycopg.connect(installation.url("DATABASE_OWNER_URL")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == ("yes",)
        connection.execute("DROP TABLE kept")
    assert installation.url("PATCHBAY_ENCRYPTION_KEYS") == key


def test_killing_everything_loses_nothing(installation):
    demo = (installation.data / "quickstart.json").read_text()
    for pid in [installation.process.pid, *installation.processes()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    installation.process.wait()
    installation.start()
    assert (installation.data / "quickstart.json").read_text() == demo


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_everything_in_order(installation, number):
    assert installation.stop(number) == 0
    assert installation.log.read_text().endswith("Patchbay has stopped.\n")
    assert "killed" not in installation.log.read_text()
    assert installation.processes() == {}
    assert not installation.address.answers()


def test_an_ordinary_user_may_run_it():
    if os.geteuid() != 0:
        pytest.skip("the other tests are run as one")
    if not nobody_can_run_project():
        pytest.skip("nobody cannot reach this Python or the project")
    with temporary_installation(**AS_NOBODY) as installation:
        installation.start()
        assert installation.address.answers()
        assert not (installation.data / "engines").is_symlink()


def nobody_can_run_project() -> bool:
    command = [sys.executable, "-c", "import config, celery"]
    try:
        return subprocess.run(command, cwd=BASE_DIR, **AS_NOBODY).returncode == 0
    except PermissionError:
        return False
