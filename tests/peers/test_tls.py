"""A PostgreSQL that takes TLS only: what DATABASE_URL asks for holds on every connection.

Debian's server, because the embedded one is built without TLS.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import BASE_DIR
from config.supervisor.home import lock_engine_home
from config.supervisor.postgres import DATABASE_NAME, OWNER
from config.supervisor.processes import kill_process_group, spawn_program
from config.supervisor.secrets import SecretStore
from tests.support.embedded_engines import InstalledPostgres
from tests.support.make_up import free_port
from tests.support.reverse_proxies import HOST, make_certificate

pytestmark = [pytest.mark.peers]
PROGRAMS = Path(os.environ.get("PATCHBAY_TEST_POSTGRES", "/usr/lib/postgresql/15/bin"))
TLS_ONLY = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
REFUSED = "certificate verify failed"
# Django's own connection, and the one beside it on which the dispatcher listens.
CONNECTIONS = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print(cursor.fetchone()[0], end=" ")
with connection.separate(answer_within=5) as separate:
    query = "SELECT ssl, current_setting('work_mem') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    print(*separate.execute(query).fetchone())
"""
LISTENER = CONNECTIONS.replace("with connection.cursor() as cursor:", "if False:")


class TlsPostgres(InstalledPostgres):
    programs = PROGRAMS

    def furnish(self) -> None:
        """What is made over the socket comes first: nothing is answered there from then on."""
        super().furnish()
        (self.folder / "pg_hba.conf").write_text(TLS_ONLY)
        with self._connection() as connection:
            connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[TlsPostgres]:
    if not (PROGRAMS / "postgres").exists():
        reason = f"{PROGRAMS} has no PostgreSQL: apt install postgresql-15"
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(reason)
    folder = tmp_path_factory.mktemp("tls-only")
    home = lock_engine_home(folder)
    engine = TlsPostgres(home, home.sockets(), SecretStore(folder).passwords())
    engine.port = free_port()
    engine.create()
    make_certificate(folder)
    for name in ("cert.pem", "key.pem"):
        placed = engine.folder / name
        placed.write_bytes((folder / name).read_bytes())
        placed.chmod(0o600)
        home.hand_over(placed)
    settings = {"ssl": "on", "ssl_cert_file": "cert.pem", "ssl_key_file": "key.pem"}
    with (folder / "log").open("wb") as log:
        process = spawn_program(engine.program(listen_addresses=HOST, **settings), log)
    try:
        deadline = time.monotonic() + 30
        while not engine.answers():
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        engine.furnish()
        yield engine
    finally:
        kill_process_group(process)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory, server) -> Path:
    """The server's own, which is its authority too."""
    path = tmp_path_factory.mktemp("trusted") / "cert.pem"
    path.write_bytes((server.folder / "cert.pem").read_bytes())
    return path


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    make_certificate(folder)
    return folder / "cert.pem"


def url(server: TlsPostgres, certificate: Path, *parameters: str) -> str:
    place = f"{OWNER}:{server.passwords[OWNER]}@{HOST}:{server.port}/{DATABASE_NAME}"
    query = ["sslmode=verify-full", f"sslrootcert={certificate}", *parameters]
    return f"postgresql://{place}?{'&'.join(query)}"


def run(url: str, *arguments: str) -> subprocess.CompletedProcess:
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_WORKER_URL")
    env = {**os.environ, **dict.fromkeys(names, url), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True)


def test_the_server_takes_nothing_but_tls(server, certificate):
    plain = url(server, certificate).replace("verify-full", "disable")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(plain)


def test_both_connections_use_tls_and_what_else_the_url_asks_for(server, certificate):
    asked = url(
        server, certificate, "target_session_attrs=read-write", "options=-c%20work_mem%3D5MB"
    )
    done = run(asked, "-c", CONNECTIONS)
    assert done.stdout == "True True 5MB\n", done.stderr


@pytest.mark.parametrize("script", [CONNECTIONS, LISTENER], ids=["Django's", "the listener's"])
def test_each_refuses_a_server_that_another_authority_answers_for(
    server, other_certificate, script
):
    done = run(url(server, other_certificate), "-c", script)
    assert REFUSED in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("script", [CONNECTIONS, LISTENER], ids=["Django's", "the listener's"])
def test_each_minds_which_server_the_url_asks_for(server, certificate, script):
    done = run(url(server, certificate, "target_session_attrs=standby"), "-c", script)
    assert "server is not in hot standby mode" in done.stderr
    assert not done.stdout


@pytest.fixture(scope="module")
def migrated(server, certificate) -> str:
    trusted = url(server, certificate)
    done = run(trusted, "manage.py", "migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    return trusted


def test_health_is_asked_over_tls(migrated, server, other_certificate):
    done = run(migrated, "manage.py", "healthy", "dispatcher")
    assert "none has reported" in done.stdout + done.stderr
    done = run(url(server, other_certificate), "manage.py", "healthy", "dispatcher")
    assert REFUSED in done.stdout + done.stderr


def test_a_backup_is_made_over_tls(migrated, server, other_certificate, tmp_path):
    command = ("manage.py", "backup", str(tmp_path / "whole.zip"), "--programs", str(PROGRAMS))
    done = run(url(server, other_certificate), *command)
    assert REFUSED in done.stderr
    done = run(migrated, *command)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "whole.zip").stat().st_size > 10_000
