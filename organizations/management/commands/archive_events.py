"""manage.py archive_events: moves older events of the audit log into files."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from organizations.audit.archive import ArchiveError, archive_organization_events
from organizations.audit.archive_files import CorruptArchive
from organizations.management.commands.verify_audit import select_organizations

HELP = """Move lines of the audit log that are older than PATCHBAY_EVENT_DAYS into files in
PATCHBAY_ARCHIVE_FOLDER, one or more for each organization, gzipped JSON lines with a checksum
beside each. `manage.py verify_audit` goes on to verify what stays, and with --archive a file. To be
run by the owner of the tables, for example daily. It may be interrupted and run again: a line is
deleted when the file that holds it was read again and verified. Ends with 0, or 1 if a log is
broken or a file cannot be written."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser) -> None:
        parser.add_argument("--organization", help="its public id, org_…; otherwise all")
        parser.add_argument("--folder", type=Path, help="in place of PATCHBAY_ARCHIVE_FOLDER")
        parser.add_argument("--days", type=int, help="in place of PATCHBAY_EVENT_DAYS")

    def handle(self, *, organization, folder, days, **options) -> None:
        place = ensure_archive_folder(folder or settings.ARCHIVE_FOLDER)
        before = timezone.now() - minimum_event_age(days)
        ensure_delete_privilege()
        failed = 0
        for each in select_organizations(organization):
            try:
                for part in archive_organization_events(each, place, before):
                    lines = f"lines {part.first} to {part.last}"
                    self.stdout.write(f"{each.public_id}: {lines} are in {part.file}")
            except (ArchiveError, CorruptArchive, OSError) as error:
                self.stderr.write(f"{each.public_id}: {error}")
                failed += 1
        if failed:
            raise CommandError(f"Audit logs that were not archived: {failed}.", returncode=1)


def ensure_archive_folder(path: Path | str) -> Path:
    """Returns the folder for archives. Raises CommandError if it does not exist."""
    if not path or not Path(path).is_dir():
        raise CommandError(
            f"There is no folder {str(path)!r} for archives: set PATCHBAY_ARCHIVE_FOLDER to one "
            "that is backed up."
        )
    return Path(path)


def minimum_event_age(days: int | None) -> timedelta:
    """Returns the age from which events are archived. Raises CommandError if it is less than a
    day."""
    found = settings.EVENT_RETENTION if days is None else timedelta(days=days)
    if found < timedelta(days=1):
        raise CommandError(
            "The audit log is kept for ever: set PATCHBAY_EVENT_DAYS, or name --days, at least 1."
        )
    return found


def ensure_delete_privilege() -> None:
    """Raises CommandError unless this role may delete from the audit log, which neither web nor
    worker may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege('organizations_event', 'DELETE')")
        user, may = cursor.fetchone()
    if not may:
        raise CommandError(
            f"The role {user} may not delete from the audit log. Run this as the owner of the "
            "tables: with its URL in DATABASE_URL."
        )
