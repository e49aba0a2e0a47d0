"""A whole installation to be broken: two webs, two dispatchers and two workers with the settings of
production, each with links of its own to the database and the broker, which can fall silent. Its
engines live on a small file system that can be filled.

Programs that end are started again after a second, as a service manager does.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict

from config.supervisor import programs
from config.supervisor.address import WebAddress
from config.supervisor.engines import build_embedded_engines
from config.supervisor.processes import Program, kill_process_group, spawn_program
from config.supervisor.secrets import SecretStore
from tests.support.make_up import OUR_VARIABLES, all_pids, free_port
from tests.support.silent_proxy import SilentProxy

DISK_MB = 400
RESTART_DELAY = 1.0  # seconds
# A small disk has no room for a gigabyte of write-ahead log.
SMALL_WAL_SETTINGS = {"max_wal_size": "64MB", "min_wal_size": "32MB"}


class Service:
    """One program, kept running. `make` builds it with the environment of the moment."""

    def __init__(self, name: str, make: Callable[[], Program], log: Path):
        self.name, self.make, self.log = name, make, log
        self.process: subprocess.Popen | None = None
        self.start_at = 0.0
        self.is_held = False  # it is not to be started now

    def tend(self) -> None:
        """To be called from the main thread, again and again."""
        if self.process is not None and self.process.poll() is not None:
            kill_process_group(self.process)  # what is left of its children
            self.process, self.start_at = None, time.monotonic() + RESTART_DELAY
        if self.process is None and not self.is_held and time.monotonic() >= self.start_at:
            with self.log.open("ab") as output:
                self.process = spawn_program(self.make(), output)

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def signal_all(self, number: int) -> None:
        """Its children too, also those that lead a session of their own."""
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def family(self) -> list[int]:
        if self.process is None:
            return []
        parents = {pid: parent_pid(pid) for pid in all_pids()}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def close(self) -> None:
        if self.process is not None:
            self.signal_all(signal.SIGCONT)
            self.signal_all(signal.SIGKILL)
            kill_process_group(self.process)


def parent_pid(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


class NetworkLinks:
    """Of one program: to the database and to the broker."""

    def __init__(self, database: str, broker: str):
        self.database, self.broker = SilentProxy(database), SilentProxy(broker)

    def close(self) -> None:
        self.database.close()
        self.broker.close()


class RedundantInstallation:
    """Use as a context manager; `tend` must be called several times a second."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pb-"))
        self.folder.chmod(0o755)
        self.disk, self.logs = self.folder / "disk", self.folder / "logs"
        self.disk.mkdir()
        self.logs.mkdir()
        self.has_disk = mount_small_disk(self.disk)
        self.services: dict[str, Service] = {}
        self.links: dict[str, NetworkLinks] = {}
        self.webs: list[WebAddress] = []
        self.env = build_site_environment(self.folder)

    def __enter__(self) -> "RedundantInstallation":
        try:
            self.start_engines()
            self.prepare()
            self.start_programs()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_engines(self) -> None:
        with unset_engine_urls():
            self.postgres, self.valkey = build_embedded_engines(self.disk, SecretStore(self.folder))
        for engine in (self.postgres, self.valkey):
            engine.create()
        self.add("database", lambda: self.postgres.program(**SMALL_WAL_SETTINGS))
        self.add("broker", self.valkey.program)
        self.until(lambda: self.postgres.answers() and self.valkey.answers(), 60)
        self.postgres.furnish()
        self.env |= self.postgres.environment() | self.valkey.environment()

    def prepare(self) -> None:
        owner = {
            **self.env,
            "DATABASE_URL": self.env["DATABASE_OWNER_URL"],
            "DATABASE_WEB_URL": self.env["DATABASE_URL"],
        }
        file = self.folder / "quickstart.json"
        program = programs.build_prepare_program(owner, str(file), "http://127.0.0.1")
        command = [str(word) for word in program.command]
        subprocess.run(command, env=dict(program.env), cwd=program.popen["cwd"], check=True)
        self.key = json.loads(file.read_text())["api_key"]

    def start_programs(self) -> None:
        for name in ("web-1", "web-2"):
            address = WebAddress("127.0.0.1", free_port())
            self.webs.append(address)
            self.add(
                name,
                lambda name=name, to=address: programs.build_web_program(self.linked(name), to),
            )
        for name in ("dispatcher-1", "dispatcher-2"):
            self.add(name, lambda name=name: programs.build_dispatcher_program(self.linked(name)))
        for name in ("worker-1", "worker-2"):
            self.add(name, lambda name=name: programs.build_worker_program(self.linked(name)))
        self.until(lambda: all(web.answers() for web in self.webs), 90)

    def add(self, name: str, make: Callable[[], Program]) -> None:
        if self.services.keys() >= {"database", "broker"}:
            sockets = self.postgres.sockets
            self.links[name] = NetworkLinks(f"{sockets}/.s.PGSQL.5432", str(self.valkey.socket))
        self.services[name] = Service(name, make, self.logs / f"{name}.log")

    def linked(self, name: str) -> dict[str, str]:
        """The environment of a program: its links in place of the sockets."""
        links, env = self.links[name], dict(self.env)
        for url in ("DATABASE_URL", "DATABASE_WORKER_URL"):
            env[url] = tcp_database_url(env[url], links.database.port)
        password = urlsplit(self.env["REDIS_URL"]).password or ""
        env["REDIS_URL"] = f"redis://:{quote(password)}@127.0.0.1:{links.broker.port}/0"
        return env

    def tend(self) -> None:
        for service in self.services.values():
            service.tend()
        time.sleep(0.05)

    def until(self, true: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not within {seconds} s: {self.tails()}"
            self.tend()

    def sql(self, statement: str, *values: object) -> list[tuple]:
        """As the owner, past all links. Raises psycopg.OperationalError without a server."""
        url = self.env["DATABASE_OWNER_URL"]
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            return connection.execute(statement, values or None).fetchall()

    def fill_disk(self) -> None:
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(1024 * 1024))
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(512))

    def free_disk(self) -> None:
        (self.disk / "filler").unlink(missing_ok=True)

    def tails(self, lines: int = 15) -> str:
        texts = []
        for log in sorted(self.logs.iterdir()):
            last = log.read_text(errors="replace").splitlines()[-lines:]
            texts.append("\n".join([f"--- {log.name}", *last]))
        return "\n".join(texts)

    def close(self) -> None:
        for service in reversed(self.services.values()):
            service.close()
        for links in self.links.values():
            links.close()
        if self.has_disk:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)
        if not os.environ.get("KEEP_SITE"):
            shutil.rmtree(self.folder, ignore_errors=True)


def mount_small_disk(folder: Path) -> bool:
    """Whether a small file system could be mounted there; it takes root."""
    options = f"size={DISK_MB}m,mode=755"
    command = ["mount", "-t", "tmpfs", "-o", options, "patchbay-chaos", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def unset_engine_urls() -> Iterator[None]:
    """The engines are for this site, and not those of the test run."""
    given = {name: os.environ.pop(name, None) for name in ("DATABASE_URL", "REDIS_URL")}
    try:
        yield
    finally:
        os.environ |= {name: value for name, value in given.items() if value is not None}


def build_site_environment(folder: Path) -> dict[str, str]:
    blank = {name: "" for name in os.environ if name.startswith(OUR_VARIABLES)}
    return {
        **blank,
        "PATCHBAY_MODE": "quickstart",
        "PATCHBAY_DATA": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        "PATCHBAY_RATE_LIMIT_PER_SECOND": "0",
        "PATCHBAY_ALLOWED_PRIVATE_CIDRS": "127.0.0.0/8",
        "PATCHBAY_WORKERS": "2",
        "PUBLIC_BASE_URL": "http://127.0.0.1",
        "SECRET_KEY": "only-for-these-tests-and-long-enough-for-django-0123456789",
        "PATCHBAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def tcp_database_url(url: str, port: int) -> str:
    known = conninfo_to_dict(url)
    who = f"{known['user']}:{quote(known['password'])}"
    return f"postgresql://{who}@127.0.0.1:{port}/{known['dbname']}"
