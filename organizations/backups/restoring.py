"""Restoring a backup: everything in one transaction, verified before it is committed."""

import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import psycopg

from organizations.backups import BackupError
from organizations.backups.archive import Backup, copy_until_closed, key_fingerprint
from organizations.backups.checksums import OWN_OBJECTS, checksum_assertions, list_tables
from organizations.backups.programs import LibpqParameters, find_program_directory
from organizations.tenancy.tenant_scope import WEB, WORKER

# An entry of pg_restore's list, and the kinds that are not restored: rights and policies name
# roles, and grant_roles creates them again; the schema exists already.
LIST_ENTRY = re.compile(rb"^\d+; \d+ \d+ (.+)$", re.M)
EXCLUDED_ENTRIES = (
    *(b"ACL ", b"DEFAULT ACL ", b"POLICY ", b"ROW SECURITY ", b"COMMENT ", b"SCHEMA "),
    *(b"EXTENSION ", b"SECURITY LABEL "),
)
MigrationName = tuple[str, str]  # app and migration
ACTIVE_ROLES_QUERY = """SELECT DISTINCT usename FROM pg_stat_activity
 WHERE datname = current_database() AND usename = ANY(%s) AND pid <> pg_backend_pid() ORDER BY 1"""
# Overrides the session's settings. The dump repeats the first two.
BEGIN_TRANSACTION = b"""SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
BEGIN; SET LOCAL lock_timeout = '20s';
"""
DROP_ALL_OBJECTS = f"""DO $remove$
DECLARE each record;
BEGIN
  FOR each IN SELECT c.relname AS name, c.relkind AS kind {OWN_OBJECTS}
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY c.relkind <> 'v', c.relkind = 'S'
  LOOP
    EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', CASE each.kind WHEN 'v' THEN 'VIEW'
      WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
      ELSE 'TABLE' END, each.name);
  END LOOP;
  FOR each IN SELECT unnest(array_agg(p.oid::regprocedure::text)) AS name FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', each.name);
  END LOOP;
END
$remove$;
"""


def ensure_backup_compatible(
    backup: Backup,
    *,
    known: Collection[MigrationName],
    apps: Collection[str],
    keys: Sequence[str] | None,
) -> None:
    """Raises BackupError if this Patchbay could not use the data: a migration of `apps` is not
    among `known`, or a key is not among `keys`. None as `keys` skips the check of the keys."""
    names = {tuple(each.split(".", 1)) for each in backup.manifest.migrations}
    newer = sorted(f"{app}.{name}" for app, name in names - set(known) if app in apps)
    if newer:
        raise BackupError(
            f"{backup.path} was made by Patchbay {backup.manifest.version}, whose tables are newer "
            f"than this one knows ({newer[-1]}). Update Patchbay first."
        )
    missing = set(backup.manifest.keys) - {key_fingerprint(key) for key in keys or ()}
    if keys is not None and missing:
        source = f"the file has them: unzip -p {backup.path} encryption_keys"
        raise BackupError(
            "The credentials in this backup are sealed with encryption keys that "
            "PATCHBAY_ENCRYPTION_KEYS does not hold. Add them there "
            f"({source if backup.keys else 'the file does not have them'}), or restore without "
            "them by --without-keys and connect all platforms again."
        )


def restore_backup(
    backup: Backup,
    database: LibpqParameters,
    *,
    replace: bool = False,
    programs: Path | None = None,
) -> None:
    """Restores the backup into an empty database or, with `replace`, in place of the existing
    tables. Raises BackupError, and leaves the database unchanged then."""
    with database.connect() as connection:
        major = connection.info.server_version // 10_000
        found = list_tables(connection)
        used = connection.execute(ACTIVE_ROLES_QUERY, [[WEB, WORKER]]).fetchall()
    if found and not replace:
        raise BackupError(
            f"The database is not empty: it has {len(found)} tables. --replace removes all of "
            "them, with what is in them."
        )
    if used:
        roles = " and ".join(row[0] for row in used)
        raise BackupError(f"{roles} use the database: stop web, dispatcher and workers first.")
    if major < backup.manifest.postgresql:
        raise BackupError(
            f"The backup is of PostgreSQL {backup.manifest.postgresql}, and this server is older: "
            f"{major}."
        )
    folder = find_program_directory(programs, major)
    with tempfile.NamedTemporaryFile(prefix="patchbay-restore-") as entries:
        entries.write(list_restored_entries(backup, folder))
        entries.flush()
        run_restore_transaction(backup, database, folder, Path(entries.name), found=bool(found))


def list_restored_entries(backup: Backup, folder: Path) -> bytes:
    """Returns the entries of the dump to restore, in the format of pg_restore's --use-list."""
    command = [folder / "pg_restore", "--list"]
    with run_with_dump_input(backup, command) as process:
        listed, error = process.stdout.read(), process.stderr.read()
    if process.returncode:
        raise BackupError(f"pg_restore cannot read {backup.path}: {error.decode().strip()}")
    entries = [m[0] for m in LIST_ENTRY.finditer(listed) if not m[1].startswith(EXCLUDED_ENTRIES)]
    return b"\n".join([*entries, b""])


@contextmanager
def run_with_dump_input(backup: Backup, command: list) -> Iterator[subprocess.Popen]:
    """Runs a program that reads the dump from its standard input."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with backup.dump() as dump, subprocess.Popen(command, **pipes) as process:
        feeder = Thread(target=copy_until_closed, args=(dump, process.stdin))
        feeder.start()
        try:
            yield process
        finally:
            process.stdout.close()
            feeder.join()


def run_restore_transaction(
    backup: Backup, database: LibpqParameters, folder: Path, entries: Path, *, found: bool
) -> None:
    """Runs the whole restore in one psql, in one transaction that is committed at the very end.
    Raises BackupError."""
    command = [folder / "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    command += ["--output=/dev/null", "--file=-", database.argument()]
    with tempfile.TemporaryFile() as said:
        psql = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=said, env=database.environment()
        )
        try:
            write_restore_script(psql.stdin, backup, folder, entries, found=found)
        except BrokenPipeError:
            pass  # psql has ended, and its output says why
        finally:
            psql.stdin.close()
            psql.wait()
        if psql.returncode:
            said.seek(0)
            raise BackupError(f"Nothing was restored: {first_psql_error(said.read())}")


def write_restore_script(
    target: IO[bytes], backup: Backup, folder: Path, entries: Path, *, found: bool
) -> None:
    """Writes the statements of the whole transaction. Raises BackupError before the COMMIT, which
    rolls everything back."""
    target.write(BEGIN_TRANSACTION)
    if found:
        target.write(DROP_ALL_OBJECTS.encode())
    command = [folder / "pg_restore", "--file=-", f"--use-list={entries}", "--no-owner"]
    with run_with_dump_input(backup, [*command, "--no-privileges", "--no-comments"]) as process:
        while piece := process.stdout.read1(1 << 20):
            target.write(piece)
        error = process.stderr.read().decode(errors="replace")
    if process.returncode:
        raise BackupError(f"Nothing was restored: pg_restore failed: {error.strip()}")
    for statement in checksum_assertions(backup.manifest.tables):
        target.write(statement.encode())
    target.write(b"COMMIT;\n")


def first_psql_error(said: bytes) -> str:
    lines = said.decode(errors="replace").splitlines()
    return next((line for line in lines if "ERROR" in line or "FATAL" in line), "\n".join(lines))


def analyze_database(database: LibpqParameters) -> None:
    """Updates the planner's statistics, which a dump does not contain."""
    with psycopg.connect(**database.keywords, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("ANALYZE")
