"""The embedded PostgreSQL: its folder, program and roles."""

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
# Tests create a database of their own, so the owner may.
ROLE_ATTRIBUTES = {OWNER: f"{UNPRIVILEGED} CREATEDB", WEB: UNPRIVILEGED, WORKER: UNPRIVILEGED}
DATABASE_NAME = "patchbay"
SERVER_SETTINGS = {
    "listen_addresses": "",  # only the socket
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    # Clients see the errors. In this log they would repeat statements with their values.
    "log_min_messages": "log",
}
IGNORED_LOG_LINES = re.compile(
    r"LOG:  (starting|listening|database system (was shut down|is ready|is shut down)|shutting down"
    r"|received fast shutdown|aborting any|background worker .* exited with exit code 1)"
)
POSTGRES_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Postgres:
    """One cluster in the engines' home, with a socket."""

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
        """Returns the folder of initdb, postgres and the other programs."""
        return postgres_program_folder(self.home, self.major)

    def create(self) -> None:
        """Creates the cluster unless there is one. Raises SupervisorError if that has another major
        version."""
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
        # Created beside and renamed, so that an incomplete cluster is never used.
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
        # In a session of its own, because Ctrl-C is for the supervisor, which then stops all in
        # order.
        manner = {**self.home.popen(), "env": POSTGRES_ENVIRONMENT, "start_new_session": True}
        done = subprocess.run(command, capture_output=True, text=True, **manner)
        if done.returncode:
            raise SupervisorError(f"PostgreSQL could not make {folder}: {done.stderr.strip()}")

    def program(self, **settings: str) -> Program:
        """Returns the server, which SIGINT stops in fast mode."""
        # The home is locked, so no server runs on this data and a pid file is a leftover. Its
        # number may by now belong to another process, which PostgreSQL would take for a server.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        command = [self.programs / "postgres", "-D", self.folder]
        command += ["-p", str(self.port), "-k", self.sockets]
        for name, value in (SERVER_SETTINGS | settings).items():
            command += ["-c", f"{name}={value}"]
        stop = signal.SIGINT
        manner = {"stop": stop, "orphaned": stop, "grace": 30, "noise": IGNORED_LOG_LINES}
        return Program(self.name, command, POSTGRES_ENVIRONMENT, popen=self.home.popen(), **manner)

    def answers(self) -> bool:
        """Returns whether the server accepts connections, which line eight of its pid file says."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[7:] == ["ready   "]

    def furnish(self) -> None:
        """Creates the roles, with the stored passwords for those that connect, and the database."""
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
        """Returns a URL for libpq, with the folder of the socket as a query parameter."""
        place = quote(str(self.sockets), safe="")
        return (
            f"postgresql://{role}:{self.passwords[role]}@/{database}?host={place}&port={self.port}"
        )


def read_cluster_version(folder: Path) -> str | None:
    """Returns the major version that wrote a cluster, or None without a cluster."""
    try:
        return (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None
