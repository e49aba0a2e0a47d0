"""Archives of the audit log. Older events are moved into files, never just deleted.

First the file is written, read again and verified; then the log records that it was archived; then
the events are deleted in small batches. If a process dies on the way, the next run continues: until
the events are deleted they are in both places. The chain continues after the last seal in the file,
which stays in the database.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from organizations.access.principals import system_principal
from organizations.audit.archive_files import (
    ArchivedLine,
    CorruptArchive,
    file_sha256,
    verify_archive_file,
    write_archive_file,
)
from organizations.audit.chain import FIELD_NAMES, iterate_seals, last_archived_seal, verify_chain
from organizations.models import EventArchive, Organization
from organizations.operations import record_event

LINES_PER_FILE = 100_000  # lines
DELETE_BATCH_SIZE = 500  # lines deleted by one transaction
ADVISORY_LOCK_ID = 0x617263  # "arc"; part of the advisory lock's key, with the organization's id
MICROSECONDS_INDEX = FIELD_NAMES.index("at_microseconds")

DELETE_ARCHIVED_LINES = """
WITH old AS (
    SELECT s.event_id, s.position FROM organizations_seal s
    WHERE s.organization_id = %(organization)s AND s.position <= %(last)s
      AND (s.position < %(last)s OR EXISTS (SELECT FROM organizations_event e
                                            WHERE e.id = s.event_id))
    ORDER BY s.position LIMIT %(most)s
), events AS (
    DELETE FROM organizations_event e USING old WHERE e.id = old.event_id
), seals AS (
    DELETE FROM organizations_seal s USING old
    WHERE s.event_id = old.event_id AND old.position < %(last)s
) SELECT count(*) FROM old
"""


class ArchiveError(Exception):
    """Nothing was deleted; the text says why."""


def archive_organization_events(
    organization: Organization, folder: Path, before: datetime
) -> list[EventArchive]:
    """Moves all events that are older than `before` (and than now) into files, and returns the new
    archives. Raises ArchiveError, and OSError if the folder is not writable."""
    if not acquire_archive_lock(organization):
        raise ArchiveError(f"{organization.public_id}: another archive_events is at work.")
    try:
        for part in EventArchive.objects.filter(organization=organization, deleted_at=None):
            delete_archived_lines(organization, folder, part)
        if broken := verify_chain(organization).broken:
            raise ArchiveError(f"{organization.public_id}: the audit log is broken: {broken}.")
        made, before = [], min(before, timezone.now())  # later events are about the archive itself
        while part := write_archive_part(organization, folder, before):
            delete_archived_lines(organization, folder, part)
            made.append(part)
        return made
    finally:
        release_archive_lock(organization)


def write_archive_part(
    organization: Organization, folder: Path, before: datetime
) -> EventArchive | None:
    _position, digest = last_archived_seal(organization)
    lines = islice(iterate_old_lines(organization, before), LINES_PER_FILE)
    place = write_archive_file(folder, organization.public_id, digest.hex(), lines)
    return place and record_archive(organization, place)


def iterate_old_lines(organization: Organization, before: datetime) -> Iterator[ArchivedLine]:
    """Yields the oldest events in the log, up to the first one that is not older than `before`."""
    limit = int(before.timestamp() * 1_000_000)
    for position, _event_id, digest, _found, *texts in iterate_seals(organization):
        if int(texts[MICROSECONDS_INDEX]) >= limit:
            return
        yield ArchivedLine(position, digest.hex(), texts)


@transaction.atomic
def record_archive(organization: Organization, place: Path) -> EventArchive:
    """Verifies the file and records it as an archive. Raises CorruptArchive if it cannot be read
    again."""
    part = verify_archive_file(place)
    digest, checksum = bytes.fromhex(part.digest), file_sha256(place)
    told = {"file": place.name, "sha256": checksum}
    places = {"first": part.first, "last": part.last}
    by = system_principal(organization, "manage.py archive_events")
    label = organization.name
    record_event(
        by, "audit_log.archived", organization, kind="organization", label=label, after=told
    )
    return EventArchive.objects.create(organization=organization, digest=digest, **places, **told)


def delete_archived_lines(organization: Organization, folder: Path, part: EventArchive) -> None:
    """Deletes from the log the events that are in the file, after verifying the file. Raises
    ArchiveError if the file is missing or damaged."""
    try:
        if file_sha256(folder / part.file) != part.sha256:
            raise ArchiveError(f"{part.file} in {folder} is not the file that was written.")
        verify_archive_file(folder / part.file)
    except (OSError, CorruptArchive) as error:
        raise ArchiveError(f"{part.file} cannot be read: {error}") from error
    while delete_line_batch(organization, part):
        pass
    EventArchive.objects.filter(pk=part.pk).update(deleted_at=Now())


def delete_line_batch(organization: Organization, part: EventArchive) -> int:
    values = {"organization": organization.pk, "last": part.last, "most": DELETE_BATCH_SIZE}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DELETE_ARCHIVED_LINES, values)
        return cursor.fetchone()[0]


def acquire_archive_lock(organization: Organization) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, %s))", archive_lock_key(organization)
        )
        return cursor.fetchone()[0]


def release_archive_lock(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_unlock(hashtextextended(%s, %s))", archive_lock_key(organization)
        )


def archive_lock_key(organization: Organization) -> list[object]:
    return [str(organization.pk), ADVISORY_LOCK_ID]
