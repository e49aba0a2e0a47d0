"""manage.py backup: writes the whole database to one file."""

import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import VERSION
from organizations.backups import BACKUP_ERRORS
from organizations.backups.making import create_backup, new_backup_path, remove_old_backups
from organizations.backups.programs import LibpqParameters
from organizations.management.commands._owner import connect_as_owner

HELP = """Write a backup of the whole database to FILE, mode 0600; into a folder, under a name with
the time. Nothing need be stopped. To be run as the owner of the tables, like migrate, where pg_dump
of the server's version is. The file has a checksum of every table and, without --with-keys, none of
the encryption keys: keep a copy of them elsewhere."""

RETRY_SECONDS = 600  # seconds after a failed backup


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
            "--keep",
            type=parse_positive_integer,
            metavar="N",
            help="of the backups in a folder, the newest N",
        )
        parser.add_argument(
            "--every",
            type=parse_positive_integer,
            metavar="HOURS",
            help="go on for ever, with a backup now and after so many hours; one that failed is "
            "made again after ten minutes",
        )
        parser.add_argument(
            "--programs", type=Path, metavar="FOLDER", help="with pg_dump, pg_restore and psql"
        )

    def handle(self, *, file: Path, keep: int | None, every: int | None, **options) -> None:
        if (keep or every) and not file.is_dir():
            raise CommandError("--keep and --every are for a folder of backups.")
        connect_as_owner()
        if every:
            self.go_on(file, keep, every, options)
        self.make(file, keep, options)

    def go_on(self, folder: Path, keep: int | None, every: int, options: dict) -> NoReturn:
        while True:
            pause = every * 3600
            try:
                self.make(folder, keep, options)
            except CommandError as error:
                self.stderr.write(f"No backup: {error}")
                pause = RETRY_SECONDS
            time.sleep(pause)

    def make(self, file: Path, keep: int | None, options: dict) -> None:
        folder = file if file.is_dir() else None
        path = new_backup_path(folder) if folder else file
        keys, with_keys = settings.PATCHBAY_ENCRYPTION_KEYS, options["with_keys"]
        given = {"version": VERSION, "keys": keys, "with_keys": with_keys}
        given |= {"programs": options["programs"]}
        try:
            manifest = create_backup(LibpqParameters.of_django(connection), path, **given)
        except BACKUP_ERRORS as error:
            raise CommandError(str(error).strip()) from error
        self.stdout.write(
            f"{path}: {len(manifest.tables)} tables, {manifest.rows} rows, "
            f"{path.stat().st_size} bytes, {'with' if with_keys else 'without'} encryption keys."
        )
        for old in remove_old_backups(folder, keep) if keep else ():
            self.stdout.write(f"{old} was removed.")


def parse_positive_integer(text: str) -> int:
    if text.isdecimal() and int(text):
        return int(text)
    raise ArgumentTypeError("give a whole number of at least 1")
