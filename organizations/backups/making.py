"""Making a backup: pg_dump and Patchbay read one snapshot."""

import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from organizations.backups import BackupError
from organizations.backups.archive import (
    Manifest,
    copy_dump,
    create_archive_file,
    key_fingerprint,
    write_manifest_and_keys,
)
from organizations.backups.checksums import compute_table_checksums, list_tables
from organizations.backups.programs import LibpqParameters, find_program_directory

# No owners or rights, because they name roles. grant_roles grants the rights again.
DUMP_OPTIONS = ["--no-owner", "--no-privileges", "--no-tablespaces", "--no-security-labels"]
COUNT_FOREIGN_TABLES = """SELECT count(*) FROM pg_tables
WHERE schemaname = 'public' AND NOT pg_has_role(tableowner, 'USAGE')"""
FILE_NAME_FORMAT = "patchbay-{:%Y%m%dT%H%M%SZ}.zip"
FILE_NAME_PATTERN = "patchbay-*T*Z.zip"
DAY = 86_400  # seconds


def create_backup(
    database: LibpqParameters,
    path: Path,
    *,
    version: str,
    keys: Sequence[str],
    with_keys: bool = False,
    programs: Path | None = None,
) -> Manifest:
    """Writes a backup of the whole database while everything keeps running, and returns its
    manifest. The manifest has fingerprints of `keys`, so that a restore recognizes them; the keys
    themselves are in the file only `with_keys`. Raises BackupError."""
    with database.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        ensure_table_owner(connection)
        major = connection.info.server_version // 10_000
        folder = find_program_directory(programs, major)
        with create_archive_file(path) as archive:
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone()
            with start_pg_dump(folder, database, snapshot) as process:
                size, digest = copy_dump(archive, process.stdout)
                message = process.stderr.read().decode(errors="replace")
            if process.returncode:
                raise BackupError(f"pg_dump failed: {message.strip()}")
            manifest = Manifest(
                version=version,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                postgresql=major,
                migrations=list_applied_migrations(connection),
                tables=dict(compute_table_checksums(connection)),
                keys=[key_fingerprint(key) for key in keys],
                dump_bytes=size,
                dump_sha256=digest,
            )
            write_manifest_and_keys(archive, manifest, keys if with_keys else [])
    return manifest


def ensure_table_owner(connection: psycopg.Connection) -> None:
    if not list_tables(connection):
        raise BackupError("There is nothing to back up: the database has no tables.")
    (count,) = connection.execute(COUNT_FOREIGN_TABLES).fetchone()
    if count:
        raise BackupError(
            f"The role {connection.info.user} does not own {count} of the tables, so it does not "
            "see all rows. Set DATABASE_URL to the owner's, as for migrate."
        )


def start_pg_dump(folder: Path, database: LibpqParameters, snapshot: str) -> subprocess.Popen:
    command = [folder / "pg_dump", "--format=custom", "--schema=public", f"--snapshot={snapshot}"]
    command += [*DUMP_OPTIONS, "--no-password", database.argument()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, env=database.environment(), **pipes)


def list_applied_migrations(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("SELECT app, name FROM public.django_migrations ORDER BY 1, 2")
    return [f"{app}.{name}" for app, name in rows.fetchall()]


def new_backup_path(folder: Path) -> Path:
    """Returns the path of a backup that is made now."""
    return folder / FILE_NAME_FORMAT.format(datetime.now(UTC))


def remove_old_backups(folder: Path, keep: int) -> list[Path]:
    """Removes all but the newest `keep` backups with such names, and unfinished files older than a
    day. Returns the removed paths."""
    broken = [
        p
        for p in folder.glob(f"{FILE_NAME_PATTERN}.unfinished")
        if time.time() - p.stat().st_mtime > DAY
    ]
    old = sorted(folder.glob(FILE_NAME_PATTERN))[:-keep] + broken
    for path in old:
        path.unlink()
    return old
