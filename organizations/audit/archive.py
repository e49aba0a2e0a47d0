"""Older lines of the audit log are moved into files, never just deleted.

First the file is written, read again and verified; then the log says that it was archived; then the
lines go, in small batches. Whatever dies on the way, the next run goes on: until the lines are gone
they are in both places. The chain goes on behind the last seal in the file, which stays.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from organizations.access.principals import system
from organizations.audit.archive_files import BrokenArchive, Line, sum_of, verify_file, write_file
from organizations.audit.chain import FIELD_NAMES, beginning, links, verify
from organizations.models import EventArchive, Organization
from organizations.operations import record

PER_FILE = 100_000  # lines
AT_ONCE = 500  # lines that one transaction deletes
LOCK = 0x617263  # "arc": of an advisory lock, with the organization's id
MICROSECONDS = FIELD_NAMES.index("at_microseconds")

DELETE = """
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


class CannotArchive(Exception):
    """Nothing was deleted; the text says why."""


def archive(organization: Organization, folder: Path, before: datetime) -> list[EventArchive]:
    """Move all lines of before that moment, and of before now. Returns the parts that were written.
    Raises CannotArchive, and OSError where the folder cannot be written to."""
    if not taken(organization):
        raise CannotArchive(f"{organization.public_id}: another archive_events is at work.")
    try:
        for part in EventArchive.objects.filter(organization=organization, deleted_at=None):
            take_away(organization, folder, part)
        if broken := verify(organization).broken:
            raise CannotArchive(f"{organization.public_id}: the audit log is broken: {broken}.")
        made, before = [], min(before, timezone.now())  # what follows tells of the archive itself
        while part := write_part(organization, folder, before):
            take_away(organization, folder, part)
            made.append(part)
        return made
    finally:
        free(organization)


def write_part(organization: Organization, folder: Path, before: datetime) -> EventArchive | None:
    _position, digest = beginning(organization)
    lines = islice(old_lines(organization, before), PER_FILE)
    place = write_file(folder, organization.public_id, digest.hex(), lines)
    return place and remember(organization, place)


def old_lines(organization: Organization, before: datetime) -> Iterator[Line]:
    """From the beginning of what is in the log until the first that is younger."""
    limit = int(before.timestamp() * 1_000_000)
    for position, _event_id, digest, _found, *texts in links(organization):
        if int(texts[MICROSECONDS]) >= limit:
            return
        yield Line(position, digest.hex(), texts)


@transaction.atomic
def remember(organization: Organization, place: Path) -> EventArchive:
    """Only what can be read again counts. Raises BrokenArchive."""
    part = verify_file(place)
    digest, checksum = bytes.fromhex(part.digest), sum_of(place)
    told = {"file": place.name, "sha256": checksum}
    places = {"first": part.first, "last": part.last}
    by = system(organization, "manage.py archive_events")
    label = organization.name
    record(by, "audit_log.archived", organization, kind="organization", label=label, after=told)
    return EventArchive.objects.create(organization=organization, digest=digest, **places, **told)


def take_away(organization: Organization, folder: Path, part: EventArchive) -> None:
    """Delete from the log what is in the file, as long as the file is there. Raises
    CannotArchive."""
    try:
        if sum_of(folder / part.file) != part.sha256:
            raise CannotArchive(f"{part.file} in {folder} is not the file that was written.")
        verify_file(folder / part.file)
    except (OSError, BrokenArchive) as error:
        raise CannotArchive(f"{part.file} cannot be read: {error}") from error
    while delete_some(organization, part):
        pass
    EventArchive.objects.filter(pk=part.pk).update(deleted_at=Now())


def delete_some(organization: Organization, part: EventArchive) -> int:
    values = {"organization": organization.pk, "last": part.last, "most": AT_ONCE}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DELETE, values)
        return cursor.fetchone()[0]


def taken(organization: Organization) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, %s))", place(organization))
        return cursor.fetchone()[0]


def free(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, %s))", place(organization))


def place(organization: Organization) -> list[object]:
    return [str(organization.pk), LOCK]
