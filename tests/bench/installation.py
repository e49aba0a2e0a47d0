"""A throw-away installation as `make up` makes one, with many numbers in it."""

import atexit
import itertools
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import django
import psycopg
from cryptography.fernet import Fernet

from config.supervisor import programs
from config.supervisor.address import WebAddress
from config.supervisor.engines import build_embedded_engines
from config.supervisor.processes import Program, kill_process_group, spawn_program
from config.supervisor.secrets import SecretStore

ENGINE_VARIABLES = ("DATABASE_URL", "REDIS_URL", "DATABASE_OWNER_URL", "DATABASE_WORKER_URL")


@dataclass(frozen=True)
class Installation:
    folder: Path
    env: dict[str, str]

    def sql(self, statement: str, *values) -> list[tuple]:
        """As the owner, past Django."""
        with psycopg.connect(self.env["DATABASE_OWNER_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def start(self, program: Program) -> Popen:
        """Start a program; it ends with us, even if we are killed."""
        with self.log(program.name).open("wb") as log:
            process = spawn_program(program, log)
        atexit.register(kill_process_group, process)
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def webs(self, organization_id: str) -> list[int]:
        """Patchbay's web as `make up` starts it, the same past row-level security, and the same
        granian with bare Django views."""
        started = []
        for program in (programs.build_web_program, build_unrestricted_web, build_bare_web):
            address = WebAddress("127.0.0.1", free_port())
            env = {**self.env, "BENCH_ORGANIZATION": organization_id}
            started.append((address, self.start(program(env, address))))
        for address, process in started:
            self.wait(address.answers, process, "web")
        return [address.port for address, _process in started]

    def wait(self, condition, process: Popen, name: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} does not run:\n{self.log(name).read_text()}")
            time.sleep(0.02)


def build_unrestricted_web(env: dict[str, str], address: WebAddress) -> Program:
    """Connected as the owner of the tables, whom no policy holds, and who is told no sight."""
    web = programs.build_web_program({**env, "DATABASE_URL": env["DATABASE_OWNER_URL"]}, address)
    return Program("unheld", web.command, web.env, popen=web.popen)


def build_bare_web(env: dict[str, str], address: WebAddress) -> Program:
    """As the owner too: it says nobody's sight."""
    web = build_unrestricted_web(env, address)
    command = [*web.command[:-1], "tests.bench.bare:application"]
    return Program("bare", command, web.env, popen=web.popen)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def create_installation() -> Installation:
    """Engines that keep what they are told, the schema and the rights; Django is ours to use
    then."""
    installation = start_installation_engines()
    prepare_database(installation)
    return installation


def start_installation_engines() -> Installation:
    folder = Path(tempfile.mkdtemp(prefix="patchbay-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ENGINE_VARIABLES:
        os.environ.pop(name, None)
    installation = Installation(folder, installation_settings(folder))
    for engine in build_embedded_engines(folder, SecretStore(folder)):
        engine.create()
        installation.wait(engine.answers, installation.start(engine.program()), engine.name)
        engine.furnish()
        installation.env.update(engine.environment())
    return installation


def installation_settings(folder: Path) -> dict[str, str]:
    (folder / "static").mkdir()
    return {
        "PATCHBAY_MODE": "quickstart",
        "PATCHBAY_DATA": str(folder),
        "PATCHBAY_RATE_LIMIT_PER_SECOND": "0",
        "PUBLIC_BASE_URL": "http://127.0.0.1",
        "SECRET_KEY": "only-for-this-bench-and-long-enough-for-django-0123456789",
        "PATCHBAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def prepare_database(installation: Installation) -> None:
    os.environ |= {**installation.env, "DATABASE_URL": installation.env["DATABASE_OWNER_URL"]}
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("grant_roles", verbosity=0)


class MeasuredOrganization:
    """The organization that is measured: a key, a sandbox, a carrier, and its numbers."""

    def __init__(self, installation: Installation, rows: int):
        from tests.bench import population

        self.installation = installation
        self.member = population.create_measured_member()
        self.id = str(self.member.organization.id)
        self.ids = population.populate(self.member, rows)
        self.fresh = itertools.count(15_552_000_000)
        installation.sql("VACUUM ANALYZE")

    def fresh_number(self) -> str:
        return f"+{next(self.fresh)}"
