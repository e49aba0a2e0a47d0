"""The embedded PostgreSQL: its folder, its program, its roles."""

import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.supervisor import SupervisorError
from config.supervisor.environment import build_database_urls
from config.supervisor.files import write_private_file
from config.supervisor.home import EngineHome
from config.supervisor.processes import Program
from config.supervisor.software import POSTGRES_MAJOR, postgres_program_folder
from organizations.tenancy.database_roles import missing_role_statements

SUPERUSER = "postgres"
OWNER, WEB, WORKER = "patchbay_owner", "patchbay_web", "patchbay_worker"
UNPRIVILEGED = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOINHERIT"
# Tests make a database of their own, so the owner may.
ROLE_ATTRIBUTES = {OWNER: f"{UNPRIVILEGED} CREATEDB", WEB: UNPRIVILEGED, WORKER: UNPRIVILEGED}
DATABASE_NAME = "patchbay"
SERVER_SETTINGS = {
    "listen_addresses": "",  # the socket only
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    # Errors are told to the client. In this log they would repeat the statement with its values.
    "log_min_messages": "log",
}
IGNORED_LOG_LINES = re.compile(
    r"LOG:  (starting|listening|database system (was shut down|is ready|is shut down)|shutting down"
    r"|received fast shutdown|aborting any|background worker .* exited with exit code 1)"
)
POSTGRES_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Postgres:
    """One cluster in the engines' home, reached by a socket."""

    name = "postgres"
    major = POSTGRES_MAJOR
    port = 5432
    collation = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

    def __init__(self, home: EngineHome, sockets: Path, passwords: Mapping[str, str]):
        self.home = home
        self.sockets = sockets
        self.passwords = passwords
        self.folder = home.path / "postgres"

    @property
    def programs(self) -> Path:
        """The folder of initdb, postgres and the rest."""
        return postgres_program_folder(self.home, self.major)

    def create(self) -> None:
        """Make the cluster unless there is one; refuse one of another major version."""
        written_by = read_cluster_version(self.folder)
        if written_by is None:
            self._initialise()
        elif written_by != str(self.major):
            raise SupervisorError(
                f"the data in {self.folder} was written by PostgreSQL {written_by}; this "
                f"Patchbay runs PostgreSQL {self.major}. Start the one that wrote it, save "
                "the database with pg_dump, move that folder away, start this Patchbay and restore "
                "with pg_restore."
            )

    def _initialise(self) -> None:
        # Made beside and renamed, so that a half-made cluster is never taken for a whole one.
        unfinished = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.home.folder(unfinished.name)
        password = self.home.path / "postgres.password"
        write_private_file(password, self.passwords[SUPERUSER])
        try:
            self._initdb(unfinished, password)
        finally:
            password.unlink()
        unfinished.rename(self.folder)

    def _initdb(self, folder: Path, password: Path) -> None:
        command = [self.programs / "initdb", "-D", folder, "-U", SUPERUSER]
        command += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += [*self.collation, "--no-instructions"]
        # A session of its own: Ctrl-C is for us, who then stop in order.
        manner = {**self.home.popen(), "env": POSTGRES_ENVIRONMENT, "start_new_session": True}
        done = subprocess.run(command, capture_output=True, text=True, **manner)
        if done.returncode:
            raise SupervisorError(f"PostgreSQL could not make {folder}: {done.stderr.strip()}")

    def program(self, **settings: str) -> Program:
        """The server; SIGINT is its fast stop."""
        # The home's lock says that nobody runs on this data, so a pid file is a left-over; its
        # number may by now be that of a stranger, which PostgreSQL would take for a server.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        command = [self.programs / "postgres", "-D", self.folder]
        command += ["-p", str(self.port), "-k", self.sockets]
        for name, value in (SERVER_SETTINGS | settings).items():
            command += ["-c", f"{name}={value}"]
        stop = signal.SIGINT
        manner = {"stop": stop, "orphaned": stop, "grace": 30, "noise": IGNORED_LOG_LINES}
        return Program(self.name, command, POSTGRES_ENVIRONMENT, popen=self.home.popen(), **manner)

    def answers(self) -> bool:
        """Whether the server takes connections: it says so in line eight of its pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[7:] == ["ready   "]

    def furnish(self) -> None:
        """Make the roles, those that connect with the passwords that we keep, and the database."""
        with self._connection() as connection:
            for role in ROLE_ATTRIBUTES:
                self._make_role(connection, role)
            for statement in missing_role_statements(connection.cursor()):
                connection.execute(statement)
            databases = connection.execute("SELECT datname FROM pg_database").fetchall()
            if (DATABASE_NAME,) not in databases:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME} OWNER {OWNER}")
            connection.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE_NAME} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE_NAME} TO {WEB}, {WORKER}")

    def _connection(self) -> psycopg.Connection:
        try:
            return psycopg.connect(self.url(SUPERUSER, SUPERUSER), autocommit=True)
        except psycopg.OperationalError as error:
            raise SupervisorError(
                f"the database in {self.folder} does not take the password that we keep: {error}"
            ) from None

    def _make_role(self, connection: psycopg.Connection, role: str) -> None:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        statement = sql.SQL("{verb} ROLE {role} LOGIN {rights} PASSWORD {password}").format(
            verb=sql.SQL("ALTER" if known else "CREATE"),
            role=sql.Identifier(role),
            rights=sql.SQL(ROLE_ATTRIBUTES[role]),
            password=sql.Literal(self.passwords[role]),
        )
        connection.execute(statement)

    def environment(self) -> dict[str, str]:
        return build_database_urls(self.url(OWNER), self.url(WEB), self.url(WORKER))

    def url(self, role: str, database: str = DATABASE_NAME) -> str:
        """A URL as libpq reads it; the folder of the socket is a parameter of its query."""
        place = quote(str(self.sockets), safe="")
        return (
            f"postgresql://{role}:{self.passwords[role]}@/{database}?host={place}&port={self.port}"
        )


def read_cluster_version(folder: Path) -> str | None:
    """The major version that wrote a cluster, None where there is no cluster."""
    try:
        return (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None
