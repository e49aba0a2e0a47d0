"""manage.py verify_audit: checks that the audit log is as it was written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from organizations.audit.archive_files import CorruptArchive, file_sha256, verify_archive_file
from organizations.audit.chain import Anchor, ChainVerification, verify_chain
from organizations.models import EventArchive, Organization

HELP = """Follow the seals of each organization's audit log from the first line to the last, and
name the first line that was changed, taken away, put in or moved since it was written. Ends with 0
when all is as it was sealed, else with 1.

Whoever could write the whole log anew, or cut off its end, is found by an anchor: --write-anchor
keeps the ends of all logs in a file, to be stored elsewhere, for example daily; --anchor compares
with such a file.

Lines that `archive_events` has moved into files are verified there: --archive follows the seals in
a file, and compares its end with the log of its organization."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser) -> None:
        parser.add_argument("--organization", help="its public id, org_…; otherwise all")
        parser.add_argument("--anchor", type=Path, action="append", default=[], metavar="FILE")
        parser.add_argument("--write-anchor", type=Path, metavar="FILE")
        parser.add_argument("--archive", type=Path, action="append", default=[], metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON list, for programs")

    def handle(self, *, organization, anchor, archive, write_anchor, json, **options) -> None:
        ensure_archives_intact(archive)
        anchors = [each for path in anchor for each in read_anchors(path)]
        found = [verify_chain(each, anchors) for each in select_organizations(organization)]
        self.stdout.write(
            verifications_json(found) if json else "\n".join(map(describe_verification, found))
        )
        broken = [each for each in found if each.broken]
        unknown = {each.organization for each in anchors} - {
            each.organization.public_id for each in found
        }
        if broken or (unknown and not organization):
            raise CommandError(broken_chain_message(len(broken), sorted(unknown)), returncode=1)
        if write_anchor:
            write_anchors(write_anchor, found)


def ensure_archives_intact(archives: list[Path]) -> None:
    """Raises CommandError for the first file that is not as it was written, or not the one that the
    log recorded."""
    for place in archives:
        try:
            part = verify_archive_file(place)
        except CorruptArchive as error:
            raise CommandError(f"BROKEN: {error}", returncode=1) from error
        own = {"organization__public_id": part.organization, "first": part.first, "last": part.last}
        known = EventArchive.objects.filter(**own).first()
        if known and known.sha256 != file_sha256(place):
            raise CommandError(f"BROKEN: {place.name} is not the file of the log.", returncode=1)


def select_organizations(public_id: str | None) -> Iterator[Organization]:
    rows = Organization.objects.order_by("pk")
    if public_id is None:
        return rows.iterator()
    rows = rows.filter(public_id=public_id)
    if not rows:
        raise CommandError(f"There is no organization {public_id}.")
    return iter(rows)


def describe_verification(found: ChainVerification) -> str:
    place = f"{found.organization.public_id} ({found.organization.name})"
    if found.broken:
        return f"{place}: BROKEN at position {found.sealed}: {found.broken}"
    archived = f" (the first {found.archived} are archived)" if found.archived else ""
    return f"{place}: {found.sealed} events{archived}, chain intact"


def broken_chain_message(broken: int, unknown: list[str]) -> str:
    gone = f" Organizations of the anchor that are gone: {', '.join(unknown)}." if unknown else ""
    return f"Audit logs with a broken chain: {broken}.{gone}"


def verifications_json(found: list[ChainVerification]) -> str:
    return json.dumps([each.as_dict() for each in found], indent=2, ensure_ascii=False)


def read_anchors(path: Path) -> list[Anchor]:
    try:
        return [Anchor(**each) for each in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} is no file of anchors: {error}") from error


def write_anchors(path: Path, found: list[ChainVerification]) -> None:
    ends: list[dict[str, Any]] = [each.as_dict()["last"] for each in found if each.last]
    path.write_text(json.dumps(ends, indent=2) + "\n")
