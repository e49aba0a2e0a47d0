"""Backups: whole, of one moment, and restored as they were, or not at all."""

import io
import json
import os
import random
import resource
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from config import BASE_DIR, VERSION
from config.environment.reader import parse_database_settings as parsed
from config.postgresql.base import DatabaseWrapper
from config.schema_guard import known_migrations, project_app_labels
from organizations.backups import BackupError
from organizations.backups.archive import DUMP_ENTRY, KEYS_ENTRY, MANIFEST_ENTRY, Backup
from organizations.backups.checksums import compute_table_checksums
from organizations.backups.making import create_backup, remove_old_backups
from organizations.backups.programs import LibpqParameters, find_program_directory
from organizations.backups.restoring import ensure_backup_compatible, restore_backup
from organizations.models import Organization
from organizations.tenancy.tenant_scope import WEB, WORKER

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

POLICIES = "SELECT count(*) FROM pg_policies WHERE schemaname = 'public'"


@pytest.fixture
def source(alice, mallory) -> LibpqParameters:
    """The tests' database, with people, numbers and their audit logs."""
    return LibpqParameters.of_django(connection)


@pytest.fixture
def target(source) -> Iterator[LibpqParameters]:
    name = "patchbay_restored"
    with closing(psycopg.connect(**source.keywords, autocommit=True)) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {name}")
        owner.execute(f"CREATE DATABASE {name}")
        yield LibpqParameters({**source.keywords, "dbname": name})
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def made(source: LibpqParameters, path: Path, **options) -> Backup:
    create_backup(source, path, version="1.2.3", keys=["key one", "key two"], **options)
    return Backup(path)


@pytest.fixture
def backup(source, tmp_path) -> Backup:
    return made(source, tmp_path / "one.zip")


def contents(database: LibpqParameters) -> dict[str, str]:
    with database.connect() as connected:
        return dict(compute_table_checksums(connected))


def test_what_is_restored_is_what_was_there(source, backup, target):
    restore_backup(backup, target)
    assert contents(target) == contents(source) == backup.manifest.tables
    assert backup.manifest.rows > 100
    with target.connect() as restored:  # ids go on where they were
        insert = "INSERT INTO auth_group (name) VALUES ('a') RETURNING id"
        assert restored.execute(insert).fetchone()


def test_a_backup_is_of_one_moment_while_others_write(source, target, tmp_path):
    """Its checksums and its dump are of the same snapshot, or the restore would refuse."""
    done = Event()
    statement = "INSERT INTO auth_group (name) VALUES (gen_random_uuid()::text)"

    def write() -> None:
        with psycopg.connect(**source.keywords, autocommit=True) as writer:
            while not done.is_set():
                writer.execute(statement)

    thread = Thread(target=write)
    thread.start()
    try:
        backup = made(source, tmp_path / "one.zip")
    finally:
        done.set()
        thread.join()
    restore_backup(backup, target)
    assert contents(target)["auth_group"] != contents(source)["auth_group"]


def test_the_file_is_private_and_has_no_keys_unless_asked(source, backup, tmp_path):
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert b"key one" not in backup.path.read_bytes()
    assert made(source, tmp_path / "two.zip", with_keys=True).keys == ["key one", "key two"]
    assert KEYS_ENTRY in zipfile.ZipFile(tmp_path / "two.zip").namelist()


def test_a_file_that_is_there_is_not_overwritten(source, backup):
    with pytest.raises(BackupError, match="is there already"):
        made(source, backup.path)
    assert list(backup.path.parent.iterdir()) == [backup.path]


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_refused(backup, seed):
    """One bit of the dump or of the manifest."""
    data = bytearray(backup.path.read_bytes())
    with zipfile.ZipFile(backup.path) as archive:
        member = archive.getinfo(DUMP_ENTRY if seed % 4 else MANIFEST_ENTRY)
    begin = member.header_offset + 30 + len(member.filename) + 20
    data[random.Random(seed).randrange(begin, begin + member.file_size - 20)] ^= 1
    backup.path.write_bytes(data)
    with pytest.raises(BackupError, match="damaged"):
        Backup(backup.path)


@pytest.mark.parametrize("left", [0, 0.1, 0.5, 0.99, 0.9999])
def test_a_file_that_was_cut_off_is_refused(backup, left):
    os.truncate(backup.path, int(backup.path.stat().st_size * left))
    with pytest.raises(BackupError, match="damaged"):
        Backup(backup.path)


def test_nothing_is_committed_unless_every_table_is_as_in_the_backup(backup, target):
    """Nor is anything removed."""
    restore_backup(backup, target)
    wrong = {**backup.manifest.tables, "organizations_event": "1 2"}
    backup.manifest = replace(backup.manifest, tables=wrong)
    with target.connect() as restored:
        restored.execute("INSERT INTO auth_group (name) VALUES ('stays')")
    with pytest.raises(BackupError, match="table organizations_event is not as in the backup"):
        restore_backup(backup, target, replace=True)
    with target.connect() as restored:
        assert restored.execute("SELECT name FROM auth_group").fetchall() == [("stays",)]


def test_a_dump_that_ends_early_changes_nothing(backup, target, monkeypatch):
    """As when the disk fails between the check and the restore."""
    monkeypatch.setattr(Backup, "dump", lambda self: Short(self))
    with pytest.raises(BackupError, match="Nothing was restored|cannot read"):
        restore_backup(backup, target)
    assert contents(target) == {}


class Short:
    """The first half of a dump."""

    def __init__(self, backup: Backup):
        self.backup = backup

    def __enter__(self):
        self.archive = zipfile.ZipFile(self.backup.path)
        self.left = self.archive.getinfo(DUMP_ENTRY).file_size // 2
        self.file = self.archive.open(DUMP_ENTRY)
        return self

    def read(self, size: int) -> bytes:
        piece = self.file.read(min(size, self.left))
        self.left -= len(piece)
        return piece

    def __exit__(self, *error) -> None:
        self.archive.close()


def test_only_an_empty_database_is_filled_unless_told(backup, target):
    restore_backup(backup, target)
    with target.connect() as restored:
        restored.execute("CREATE VIEW seen AS SELECT * FROM auth_group")
        restored.execute("INSERT INTO auth_group (name) VALUES ('goes')")
        restored.execute("CREATE TABLE of_a_newer_version (id int)")
    with pytest.raises(BackupError, match="not empty"):
        restore_backup(backup, target)
    restore_backup(backup, target, replace=True)
    assert contents(target) == backup.manifest.tables


def test_programs_that_still_run_are_named(backup, target):
    worker = conninfo_to_dict(os.environ.get("DATABASE_WORKER_URL", ""))
    if not worker:
        pytest.skip("needs the worker's own role")
    running = psycopg.connect(**{**worker, "dbname": target.keywords["dbname"]})
    with running, pytest.raises(BackupError, match=f"{WORKER} use the database: stop"):
        restore_backup(backup, target)
    assert contents(target) == {}


def test_who_does_not_own_the_tables_makes_no_backup(source, tmp_path):
    """It would see the rows of one organization at most."""
    role = {"options": f"-c role={WEB}"}
    with pytest.raises(BackupError, match="does not own"):
        made(LibpqParameters({**source.keywords, **role}), tmp_path / "one.zip")
    assert not list(tmp_path.iterdir())


def test_a_newer_schema_and_other_keys_are_refused(backup):
    keys = ["key two", "another", "key one"]
    fits = partial(
        ensure_backup_compatible, backup, known=known_migrations(), apps=project_app_labels()
    )
    fits(keys=keys)
    fits(keys=None)
    with pytest.raises(BackupError, match="Update Patchbay first"):
        fits(keys=keys, known=known_migrations() - {("organizations", "0001_initial")})
    fits(keys=keys, known=known_migrations() - {("sessions", "0001_initial")})
    with pytest.raises(BackupError, match="PATCHBAY_ENCRYPTION_KEYS does not hold"):
        fits(keys=keys[:2])


def test_the_programs_reach_the_database_as_django_does_and_show_no_password():
    """TLS, timeouts, whatever the URL says; nothing of Django's own."""
    url = "postgresql://me:secret@one,two/name?sslmode=verify-full&target_session_attrs=read-write"
    database = LibpqParameters.of_django(DatabaseWrapper(connection.settings_dict | parsed(url)))
    shown = conninfo_to_dict(database.argument().removeprefix("--dbname="))
    assert {"sslmode": "verify-full", "target_session_attrs": "read-write"}.items() <= shown.items()
    assert {"host": "one,two", "dbname": "name", "user": "me"}.items() <= shown.items()
    assert "tcp_user_timeout" in shown
    assert "secret" not in f"{database} {database.argument()}"
    assert database.environment()["PGPASSWORD"] == "secret"


def test_programs_of_another_version_are_refused_by_name(tmp_path):
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(BackupError, match=f"postgresql-client-18.*|found: 14 in {tmp_path}"):
        find_program_directory(tmp_path, 18)
    assert find_program_directory(tmp_path, 14) == tmp_path


def test_of_the_backups_in_a_folder_the_newest_are_kept(tmp_path):
    names = [f"patchbay-2026112{day}T023000Z.zip" for day in range(5)]
    broken = [f"patchbay-2026112{day}T023000Z.zip.unfinished" for day in (0, 4)]
    for name in [*names, *broken, "patchbay.zip", "notes"]:
        (tmp_path / name).touch()
    os.utime(tmp_path / broken[0], (0, 0))  # the other one may be at work
    assert [path.name for path in remove_old_backups(tmp_path, 2)] == [*names[:3], broken[0]]
    left = [*names[3:], broken[1], "notes", "patchbay.zip"]
    assert sorted(os.listdir(tmp_path)) == sorted(left)


def test_a_series_of_backups_survives_failures(source, tmp_path, monkeypatch):
    """As while the database is away: told, and made again."""
    pauses, really_sleep = [], time.sleep
    outcomes = iter([psycopg.OperationalError("away"), None, OSError("no space"), None])

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise KeyboardInterrupt
        really_sleep(1)  # names have seconds

    def sometimes(*given, **options):
        if error := next(outcomes):
            raise error
        return create_backup(*given, **options)

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("organizations.management.commands.backup.create_backup", sometimes)
    said = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        call_command("backup", tmp_path, "--every", "24", "--keep", "1", stdout=said, stderr=said)
    assert pauses == [600, 86400, 600, 86400]
    assert ("No backup: away" in said.getvalue(), len(list(tmp_path.iterdir()))) == (True, 1)


def test_a_full_disk_leaves_no_file(source, tmp_path):
    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # bytes

    done = manage(source, "backup", tmp_path / "one.zip", preexec_fn=allow_little)
    assert (done.returncode, "cannot be written: File too large" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def manage(database: LibpqParameters, *arguments: object, **manner) -> subprocess.CompletedProcess:
    url = (
        f"{database.argument().removeprefix('--dbname=')} password={database.keywords['password']}"
    )
    keys = ",".join(settings.PATCHBAY_ENCRYPTION_KEYS)
    env = {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url}
    env |= {"PATCHBAY_ENCRYPTION_KEYS": keys}
    command = [sys.executable, "manage.py", *map(str, arguments)]
    manner |= {"cwd": BASE_DIR, "env": env, "capture_output": True, "text": True}
    return subprocess.run(command, **manner)


def test_the_commands(source, target, tmp_path):
    """Rights and policies are there afterwards, and the audit log is as it was sealed."""
    done = manage(source, "backup", tmp_path, "--keep", 3)
    assert "without encryption keys" in done.stdout, done.stderr
    (path,) = tmp_path.iterdir()
    assert json.loads(zipfile.ZipFile(path).read(MANIFEST_ENTRY))["version"] == VERSION
    assert "whole" in manage(target, "restore", path, "--check").stdout
    done = manage(target, "restore", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("chain intact") == Organization.objects.count() == 2
    with source.connect() as one, target.connect() as other:
        assert one.execute(POLICIES).fetchone() == other.execute(POLICIES).fetchone()
        may = f"SELECT has_table_privilege('{WEB}', 'organizations_event', 'INSERT')"
        assert other.execute(may).fetchone() == (True,)
    refused = manage(target, "restore", path)
    assert (refused.returncode, "not empty" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.stderr
