"""Making a backup: one snapshot, read by pg_dump and by us."""

import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from organizations.backups import BackupError
from organizations.backups.archive import Manifest, fingerprint, put_dump, put_texts, written
from organizations.backups.checksums import checksums, tables
from organizations.backups.programs import Database, folder_of

# Of the schema alone. Rights and policies name roles; grant_roles puts them back.
LEFT_OUT = ["--no-owner", "--no-privileges", "--no-tablespaces", "--no-security-labels"]
STRANGE = """SELECT count(*) FROM pg_tables
WHERE schemaname = 'public' AND NOT pg_has_role(tableowner, 'USAGE')"""
NAME = "patchbay-{:%Y%m%dT%H%M%SZ}.zip"
NAMES = "patchbay-*T*Z.zip"
DAY = 86_400  # seconds


def make(
    database: Database,
    path: Path,
    *,
    version: str,
    keys: Sequence[str],
    with_keys: bool = False,
    programs: Path | None = None,
) -> Manifest:
    """Write a backup of the whole database; nothing need be stopped. The restore knows `keys`
    again; they are in the file only `with_keys`. Raises BackupError."""
    with database.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        require_owner(connection)
        major = connection.info.server_version // 10_000
        folder = folder_of(programs, major)
        with written(path) as archive:
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone()
            with dumping(folder, database, snapshot) as process:
                size, digest = put_dump(archive, process.stdout)
                message = process.stderr.read().decode(errors="replace")
            if process.returncode:
                raise BackupError(f"pg_dump failed: {message.strip()}")
            manifest = Manifest(
                version=version,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                postgresql=major,
                migrations=migrations(connection),
                tables=dict(checksums(connection)),
                keys=[fingerprint(key) for key in keys],
                dump_bytes=size,
                dump_sha256=digest,
            )
            put_texts(archive, manifest, keys if with_keys else [])
    return manifest


def require_owner(connection: psycopg.Connection) -> None:
    if not tables(connection):
        raise BackupError("There is nothing to back up: the database has no tables.")
    (count,) = connection.execute(STRANGE).fetchone()
    if count:
        raise BackupError(
            f"The role {connection.info.user} does not own {count} of the tables, so it does not "
            "see all rows. Set DATABASE_URL to the owner's, as for migrate."
        )


def dumping(folder: Path, database: Database, snapshot: str) -> subprocess.Popen:
    command = [folder / "pg_dump", "--format=custom", "--schema=public", f"--snapshot={snapshot}"]
    command += [*LEFT_OUT, "--no-password", database.argument()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, env=database.environment(), **pipes)


def migrations(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("SELECT app, name FROM public.django_migrations ORDER BY 1, 2")
    return [f"{app}.{name}" for app, name in rows.fetchall()]


def named(folder: Path) -> Path:
    """The file of a backup that is made now."""
    return folder / NAME.format(datetime.now(UTC))


def remove_old(folder: Path, keep: int) -> list[Path]:
    """Of the backups with such names all but the newest, and what was broken off more than a day
    ago; says which."""
    broken = [
        p for p in folder.glob(f"{NAMES}.unfinished") if time.time() - p.stat().st_mtime > DAY
    ]
    old = sorted(folder.glob(NAMES))[:-keep] + broken
    for path in old:
        path.unlink()
    return old
