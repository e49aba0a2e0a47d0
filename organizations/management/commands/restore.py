"""manage.py restore: restores a backup."""

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.schema_guard import known_migrations, project_app_labels
from organizations.backups import BACKUP_ERRORS
from organizations.backups.archive import Backup
from organizations.backups.programs import LibpqParameters
from organizations.backups.restoring import (
    analyze_database,
    ensure_backup_compatible,
    restore_backup,
)
from organizations.management.commands._owner import connect_as_owner

HELP = """Put the backup in FILE into the empty database of DATABASE_URL, as the owner of its
tables, while web, dispatcher and workers are stopped. All tables are compared with the checksums of
the backup before anything is committed: whatever fails leaves the database as it was. Then migrate,
grant_roles and verify_audit follow."""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--replace", action="store_true", help="remove what is in the database before"
        )
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="although the encryption keys are others, so that no credentials can be read",
        )
        parser.add_argument("--check", action="store_true", help="read the file, change nothing")
        parser.add_argument(
            "--programs", type=Path, metavar="FOLDER", help="with pg_dump, pg_restore and psql"
        )

    def handle(self, *, file: Path, check: bool, verbosity: int, **options) -> None:
        try:
            backup = Backup(file)
            keys = None if options["without_keys"] else settings.PATCHBAY_ENCRYPTION_KEYS
            ensure_backup_compatible(
                backup, known=known_migrations(), apps=project_app_labels(), keys=keys
            )
            if not check:
                self.restore(backup, options["replace"], options["programs"])
        except BACKUP_ERRORS as error:
            raise CommandError(str(error).strip()) from error
        manifest = backup.manifest
        self.stdout.write(
            f"{file}: Patchbay {manifest.version}, {manifest.made_at}, {len(manifest.tables)} "
            f"tables, {manifest.rows} rows: {'whole' if check else 'restored as they were'}."
        )
        if not check:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("grant_roles", verbosity=verbosity)
            call_command("verify_audit")

    def restore(self, backup: Backup, replace: bool, programs: Path | None) -> None:
        connect_as_owner()
        connection.close()  # an open connection would block the restore
        database = LibpqParameters.of_django(connection)
        restore_backup(backup, database, replace=replace, programs=programs)
        analyze_database(database)
