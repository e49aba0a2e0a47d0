"""manage.py backup: the whole database in one file."""

from argparse import ArgumentTypeError
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import VERSION
from organizations.backups import BackupError
from organizations.backups.making import make, named, remove_old
from organizations.backups.programs import Database
from organizations.management.commands._owner import become_owner

HELP = """Write a backup of the whole database to FILE, mode 0600; into a folder, under a name with
the time. Nothing need be stopped. To be run as the owner of the tables, like migrate, where pg_dump
of the server's version is. The file has a checksum of every table and, without --with-keys, none of
the encryption keys: keep a copy of them elsewhere."""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put PATCHBAY_ENCRYPTION_KEYS into the file: who has it can read all credentials",
        )
        parser.add_argument(
            "--keep", type=positive, metavar="N", help="of the backups in a folder, the newest N"
        )
        parser.add_argument(
            "--programs", type=Path, metavar="FOLDER", help="with pg_dump, pg_restore and psql"
        )

    def handle(self, *, file: Path, with_keys: bool, keep: int | None, programs, **options) -> None:
        folder = file if file.is_dir() else None
        if keep and not folder:
            raise CommandError("--keep is for a folder of backups.")
        become_owner()
        path = named(folder) if folder else file
        keys = settings.PATCHBAY_ENCRYPTION_KEYS
        given = {"version": VERSION, "keys": keys, "with_keys": with_keys, "programs": programs}
        try:
            manifest = make(Database.of_django(connection), path, **given)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{path}: {len(manifest.tables)} tables, {manifest.rows} rows, "
            f"{path.stat().st_size} bytes, {'with' if with_keys else 'without'} encryption keys."
        )
        for old in remove_old(folder, keep) if keep else ():
            self.stdout.write(f"{old} was removed.")


def positive(text: str) -> int:
    if text.isdecimal() and int(text):
        return int(text)
    raise ArgumentTypeError("a number of backups, at least 1")
