"""A pytest plugin: throw-away engines for a run without a DATABASE_URL or REDIS_URL."""

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from config.supervisor import engines as engines_module
from config.supervisor.engines import build_embedded_engines, missing_engine_urls
from config.supervisor.postgres import OWNER, SUPERUSER, Postgres
from config.supervisor.processes import kill_process_group, spawn_program
from config.supervisor.secrets import SecretStore
from organizations.tenancy.database_roles import ROLES

# Nothing of a test run need survive a crash of the machine.
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests():
    """Before pytest-django loads the settings. Processes of xdist inherit the environment."""
    os.environ.setdefault("PATCHBAY_MODE", "test")
    os.environ.setdefault("SECRET_KEY", "only-for-tests-" * 4)
    os.environ.setdefault("PATCHBAY_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    if missing_engine_urls():
        os.environ |= start_missing_engines()
    return (yield)


class InstalledPostgres(Postgres):
    """Of a version that the wheel does not have; PATCHBAY_TEST_POSTGRES names its programs."""

    collation = ("--locale=C.UTF-8",)

    @property
    def programs(self) -> Path:
        return Path(os.environ["PATCHBAY_TEST_POSTGRES"])

    @property
    def major(self) -> int:
        command = [self.programs / "postgres", "--version"]
        return int(subprocess.check_output(command, text=True).split()[2].partition(".")[0])

    def furnish(self) -> None:
        """PostgreSQL 15 lets the owner of a database use it by what it inherits."""
        super().furnish()
        with psycopg.connect(self.url(SUPERUSER, SUPERUSER), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {OWNER} INHERIT")


def start_missing_engines() -> dict[str, str]:
    """Start what is missing; it ends with this process, even if that is killed."""
    if os.environ.get("PATCHBAY_TEST_POSTGRES"):
        engines_module.Postgres = InstalledPostgres
    folder = Path(tempfile.mkdtemp(prefix="patchbay-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    engines = build_embedded_engines(folder, SecretStore(folder))
    for engine in engines:
        # As root with a closed TMPDIR the home is not in our folder.
        atexit.register(shutil.rmtree, engine.home.path, ignore_errors=True)
        engine.create()
        start_test_engine(engine, folder)
    return build_test_environment(engines)


def start_test_engine(engine, folder: Path) -> None:
    settings = FAST_SETTINGS if engine.name == "postgres" else {}
    with (folder / f"{engine.name}.log").open("wb") as log:
        process = spawn_program(engine.program(**settings), log)
    atexit.register(kill_process_group, process)
    deadline = time.monotonic() + 30
    while not engine.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise pytest.UsageError((folder / f"{engine.name}.log").read_text())
        time.sleep(0.01)


def build_test_environment(engines) -> dict[str, str]:
    """The tests own the database: they create one of their own beside it."""
    values = {}
    for engine in engines:
        engine.furnish()
        values |= engine.environment()
        if engine.name == "postgres":
            grant_roles_to_owner(engine)
    if owner := values.get("DATABASE_OWNER_URL"):
        values["DATABASE_URL"] = owner
    return values


def grant_roles_to_owner(engine) -> None:
    """The tests' owner becomes the role of the process that it tries (config/postgresql)."""
    with psycopg.connect(engine.url(SUPERUSER, SUPERUSER), autocommit=True) as connection:
        connection.execute(f"GRANT {', '.join(ROLES)} TO {OWNER}")
