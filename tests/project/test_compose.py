"""compose.yaml, as far as it can be tried without Docker."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest
import redis
import yaml

from config import BASE_DIR, VERSION
from config.postgresql.parameters import SERVER_SETTINGS
from config.supervisor.home import lock_engine_home
from config.supervisor.postgres import OWNER, SUPERUSER, Postgres
from config.supervisor.processes import Program, kill_process_group, spawn_program
from config.supervisor.software import POSTGRES_MAJOR, postgres_program_folder, valkey_program_path
from organizations.tenancy.database_roles import missing_role_statements

DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
PASSWORDS = {
    "PATCHBAY_OWNER_PASSWORD": "own'er",
    "PATCHBAY_WEB_PASSWORD": "web",
    "PATCHBAY_WORKER_PASSWORD": "worker",
}
RIGHTS = """SELECT rolname, rolsuper, rolcreaterole, rolbypassrls,
  has_database_privilege(rolname, 'patchbay', 'CONNECT'),
  has_database_privilege(rolname, 'patchbay', 'TEMPORARY')
FROM pg_roles WHERE rolname LIKE 'patchbay%' ORDER BY rolname"""


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_bounded_and_can_change_nothing_of_itself(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert all("size=" in mount for mount in service.get("tmpfs", ()))
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_ends_is_started_again(name):
    assert SERVICES[name]["restart"] == ("no" if name == "migrate" else "unless-stopped")


def test_as_many_workers_run_as_the_dispatcher_counts_on():
    """Also after a plain `up -d`, which would go back to one."""
    assert SERVICES["worker"]["deploy"]["replicas"] == "${PATCHBAY_WORKERS:-1}"


def test_postgresql_and_the_broker_notice_clients_that_vanished():
    words = SERVICES["postgres"]["command"]
    told = dict(word.split("=") for word in words[2::2])
    assert told.items() <= SERVER_SETTINGS.items()
    assert {name for name in SERVER_SETTINGS if name.startswith(("tcp_", "client_"))} == told.keys()
    assert "--tcp-keepalive" in SERVICES["valkey"]["command"]


def test_https_and_backups_are_there_for_who_asks_for_them():
    named = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert named == {"caddy": ["caddy"], "backup": ["backup"]}
    assert "patchbay_owner" in SERVICES["backup"]["environment"]["DATABASE_URL"]
    assert SERVICES["postgres"]["image"] == f"postgres:{POSTGRES_MAJOR}", "no pg_dump for backups"


def test_every_file_that_compose_mounts_is_there():
    files = [each["file"] for each in COMPOSE["configs"].values() if "file" in each]
    assert files
    assert all((BASE_DIR / file).is_file() for file in files)


def test_the_image_says_its_version():
    assert f"ARG VERSION={VERSION} " in DOCKERFILE
    labels = re.findall(r"org\.opencontainers\.image\.(\w+)=", DOCKERFILE)
    assert {"version", "source", "revision", "licenses"} <= {*labels}


def test_nobody_of_patchbay_knows_the_superuser():
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]
    for name in ("web", "dispatcher", "worker", "migrate"):
        assert "POSTGRES_PASSWORD" not in str(SERVICES[name]["environment"])


def test_the_web_does_not_know_the_broker():
    assert "VALKEY" not in str(SERVICES["web"]["environment"])


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="patchbay-test-") as place:
        Path(place).chmod(0o755)
        opened = lock_engine_home(Path(place))
        yield opened
        os.close(opened.lock)


def test_the_roles_of_a_new_database_are_powerless(home, tmp_path):
    """The statements that the official image runs once, by its psql, as the superuser."""
    postgres = Postgres(home, home.sockets(), {SUPERUSER: "super", OWNER: "own'er"})
    postgres.create()
    process = started(postgres.program(), tmp_path)
    try:
        until(postgres.answers)
        script = BASE_DIR / COMPOSE["configs"]["roles"]["file"]
        place = [postgres.url(SUPERUSER, SUPERUSER), "--no-psqlrc", "--set", "ON_ERROR_STOP=1"]
        command = [postgres_program_folder(home) / "psql", *place, "--file", script]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | PASSWORDS)
        with psycopg.connect(postgres.url(SUPERUSER, SUPERUSER)) as connection:
            found = connection.execute(RIGHTS).fetchall()
            assert missing_role_statements(connection.cursor()) == []
        with psycopg.connect(postgres.url(OWNER)) as connection:
            connection.execute("CREATE TABLE mine (id int)")
    finally:
        kill_process_group(process)
    no = (False, False, False)
    assert found == [
        ("patchbay_dispatcher", *no, False, False),
        ("patchbay_finder", *no, False, False),
        ("patchbay_owner", *no, True, True),
        ("patchbay_staff", *no, False, False),
        ("patchbay_web", *no, True, False),
        ("patchbay_worker", *no, True, False),
    ]


def test_the_broker_asks_for_its_password(home, tmp_path):
    content = COMPOSE["configs"]["valkey"]["content"].replace("${VALKEY_PASSWORD}", "pass")
    file = tmp_path / "valkey.conf"
    file.write_text(content)
    _server, _file, *options = SERVICES["valkey"]["command"]
    socket = tmp_path / "valkey.sock"
    command = [valkey_program_path(home), file, *options, "--port", "0", "--dir", tmp_path]
    command += ["--unixsocket", socket]
    process = started(Program("valkey", command, {"LC_ALL": "C"}), tmp_path)
    try:
        with redis.Redis(unix_socket_path=str(socket), password="pass") as known:
            until(partial(answers, known))
            assert known.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        stranger = redis.Redis(unix_socket_path=str(socket))
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
    finally:
        kill_process_group(process)


def started(program: Program, folder: Path) -> subprocess.Popen:
    with (folder / "log").open("wb") as log:
        return spawn_program(program, log)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not start"
        time.sleep(0.02)


def answers(server: redis.Redis) -> bool:
    try:
        return server.ping()
    except redis.ConnectionError:
        return False
