"""Older lines of the audit log are moved into files that are verified, and what stays goes on to be
verified too."""

import gzip
import json
import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from organizations.access.principals import system_principal
from organizations.audit import archive as event_archive
from organizations.audit.archive import ArchiveError, archive_organization_events
from organizations.audit.archive_files import CorruptArchive, verify_archive_file
from organizations.audit.chain import verify_chain
from organizations.models import Event, EventArchive, Organization, Seal
from organizations.operations import create_organization, record_event

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(days=400)


@pytest.fixture
def organization(transactional_db) -> Organization:
    """With six old lines in its log, one of which has all that a line can have, and two young
    ones."""
    made = create_organization(name="Sealed")
    old(made, "Zoë „quoted“ 電話", "a\nb\\", "", "four", "five")
    write(made, "young")
    write(made, "younger")
    Event.objects.filter(action="organization.created").update(at=timezone.now() - LONG_AGO)
    with connection.cursor() as cursor:  # sealed as they are now
        cursor.execute("DELETE FROM organizations_seal")
        for key in Event.objects.order_by("id").values_list("id", flat=True):
            cursor.execute(
                "INSERT INTO organizations_seal (event_id, organization_id) VALUES (%s, %s)",
                [key, made.pk],
            )
    return made


def old(organization: Organization, *names: str) -> None:
    for name in names:
        write(organization, name, before={"name": None, "n": 1.50, "list": [1, "é"]})
    organization.events.filter(subject_label__in=names).update(at=timezone.now() - LONG_AGO)


def write(organization: Organization, name: str, **fields) -> None:
    by = system_principal(organization)
    record_event(
        by, "organization.changed", organization, kind="organization", label=name, **fields
    )


def cutoff():
    return timezone.now() - timedelta(days=30)


def labels(organization: Organization) -> list[str]:
    return list(organization.events.order_by("id").values_list("subject_label", flat=True))


def lines_of(place) -> list[dict]:
    with gzip.open(place, "rt") as file:
        return [json.loads(line) for line in file]


class TestArchiving:
    def test_old_lines_are_in_the_file_and_young_ones_in_the_log(self, organization, tmp_path):
        (part,) = archive_organization_events(organization, tmp_path, cutoff())
        assert labels(organization)[:2] == ["young", "younger"]
        assert (part.first, part.last) == (1, 6)
        _heading, *rows, _end = lines_of(tmp_path / part.file)
        found = [row["event"]["subject_label"] for row in rows]
        assert found == ["Sealed", "Zoë „quoted“ 電話", "a\nb\\", "", "four", "five"]
        assert verify_archive_file(tmp_path / part.file).last == 6
        assert os.stat(tmp_path / part.file).st_mode & 0o777 == 0o600

    def test_the_log_says_so(self, organization, tmp_path):
        (part,) = archive_organization_events(organization, tmp_path, cutoff())
        told = organization.events.get(action="audit_log.archived")
        assert told.after == {"file": part.file, "sha256": part.sha256}

    def test_the_chain_goes_on(self, organization, tmp_path):
        archive_organization_events(organization, tmp_path, cutoff())
        write(organization, "afterwards")
        found = verify_chain(organization)
        assert (found.sealed, found.archived, found.broken) == (10, 6, "")

    def test_it_goes_on_when_nothing_is_left(self, organization, tmp_path):
        tomorrow = timezone.now() + timedelta(days=1)
        archive_organization_events(organization, tmp_path, tomorrow)
        assert verify_chain(organization).archived == 8
        write(organization, "afterwards")
        assert not verify_chain(organization).broken

    def test_the_next_archive_goes_on_behind_the_last(self, organization, tmp_path):
        (first,) = archive_organization_events(organization, tmp_path, cutoff())
        (second,) = archive_organization_events(organization, tmp_path, timezone.now())
        assert second.first == 7
        part = verify_archive_file(tmp_path / second.file)
        assert part.before == bytes(first.digest).hex()
        assert not verify_chain(organization).broken

    def test_nothing_old_is_nothing_to_do(self, organization, tmp_path):
        archive_organization_events(organization, tmp_path, cutoff())
        assert archive_organization_events(organization, tmp_path, cutoff()) == []
        assert len(list(tmp_path.iterdir())) == 2  # the file and its checksum

    def test_a_long_log_is_several_files(self, organization, tmp_path, monkeypatch):
        monkeypatch.setattr(event_archive, "LINES_PER_FILE", 4)
        parts = archive_organization_events(organization, tmp_path, cutoff())
        assert [(part.first, part.last) for part in parts] == [(1, 4), (5, 6)]
        assert not verify_chain(organization).broken

    def test_others_keep_theirs(self, organization, tmp_path):
        other = create_organization(name="Other")
        archive_organization_events(organization, tmp_path, timezone.now() + timedelta(days=1))
        assert other.events.count() == 1
        assert not verify_chain(other).broken


class TestDying:
    """Whatever dies on the way: each line is in the file, in the log, or in both."""

    def test_while_lines_are_deleted(self, organization, tmp_path, monkeypatch):
        monkeypatch.setattr(event_archive, "DELETE_BATCH_SIZE", 2)
        delete = event_archive.delete_line_batch
        monkeypatch.setattr(event_archive, "delete_line_batch", lambda *a: delete(*a) and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive_organization_events(organization, tmp_path, cutoff())
        assert len(labels(organization)) == 7  # six old ones but two, two young, and "archived"
        assert not verify_chain(organization).broken
        monkeypatch.undo()
        assert archive_organization_events(organization, tmp_path, cutoff()) == []
        assert len(labels(organization)) == 3
        assert not verify_chain(organization).broken
        assert not EventArchive.objects.filter(deleted_at=None).exists()

    def test_before_the_log_knows_of_the_file(self, organization, tmp_path, monkeypatch):
        monkeypatch.setattr(event_archive, "record_archive", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive_organization_events(organization, tmp_path, cutoff())
        assert len(labels(organization)) == 8
        monkeypatch.undo()
        assert len(archive_organization_events(organization, tmp_path, cutoff())) == 1
        assert not verify_chain(organization).broken

    @pytest.mark.parametrize("how", ["gone", "changed"])
    def test_without_its_file_no_line_is_deleted(self, organization, tmp_path, monkeypatch, how):
        monkeypatch.setattr(event_archive, "delete_line_batch", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive_organization_events(organization, tmp_path, cutoff())
        place = tmp_path / EventArchive.objects.get().file
        place.unlink() if how == "gone" else place.write_bytes(b"something else")
        monkeypatch.undo()
        with pytest.raises(ArchiveError, match=place.name):
            archive_organization_events(organization, tmp_path, cutoff())
        assert len(labels(organization)) == 9

    def test_a_full_disk_deletes_nothing(self, organization, tmp_path, monkeypatch):
        monkeypatch.setattr("organizations.audit.archive_files.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            archive_organization_events(organization, tmp_path, cutoff())
        assert len(labels(organization)) == 8

    def test_two_at_once_are_one_too_many(self, organization, tmp_path, monkeypatch):
        monkeypatch.setattr(event_archive, "acquire_archive_lock", lambda _organization: False)
        with pytest.raises(ArchiveError, match="another archive_events"):
            archive_organization_events(organization, tmp_path, cutoff())


def full(_descriptor):
    raise OSError(28, "No space left on device")


class TestTampering:
    def test_a_broken_log_is_not_archived(self, organization, tmp_path):
        Event.objects.filter(subject_label="four").update(actor_label="Mallory")
        with pytest.raises(ArchiveError, match="not as it was sealed"):
            archive_organization_events(organization, tmp_path, cutoff())
        assert len(labels(organization)) == 8
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda rows: rows[2]["event"].update(actor_label="Mallory"), "not as it was sealed"),
            (lambda rows: rows.pop(2), "position 2 is missing"),
            (lambda rows: rows.pop(), "is cut off"),
            (lambda rows: rows[-1]["end"].update(last=5), "does not end as it was written"),
            (lambda rows: rows[0].update(format="x"), "no part of an audit log"),
        ],
    )
    def test_a_changed_file_is_found(self, organization, tmp_path, change, told):
        (part,) = archive_organization_events(organization, tmp_path, cutoff())
        place = tmp_path / part.file
        rows = lines_of(place)
        change(rows)
        with gzip.open(place, "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        with pytest.raises(CorruptArchive, match="checksum"):
            verify_archive_file(place)
        (tmp_path / f"{part.file}.sha256").unlink()
        with pytest.raises(CorruptArchive, match=told):
            verify_archive_file(place)
        with pytest.raises(CommandError, match=told):
            call_command("verify_audit", archive=[place], stdout=StringIO())

    def test_a_file_that_is_none_is_told_without_a_traceback(self, tmp_path):
        place = tmp_path / "x.jsonl.gz"
        whole = gzip.compress(b'{"format": 1}\n' * 99)
        torn = whole[:12] + b"\xff" * 8 + whole[20:]
        objects = (gzip.compress(b"{}\n"), gzip.compress(b"[1]"))
        for content in (b"", b"\x1f\x8b", b"plain", *objects, whole[:-9], torn):
            place.write_bytes(content)
            with pytest.raises(CorruptArchive, match=place.name):
                verify_archive_file(place)

    def test_the_log_must_begin_where_the_archive_ends(self, organization, tmp_path):
        archive_organization_events(organization, tmp_path, cutoff())
        Seal.objects.filter(organization=organization, position=6).update(digest=b"x" * 32)
        assert "not that of the archive" in verify_chain(organization).broken
        Seal.objects.filter(organization=organization, position=6).delete()
        assert "position 6 is missing" in verify_chain(organization).broken

    def test_what_was_deleted_behind_the_archive_is_missed(self, organization, tmp_path):
        archive_organization_events(organization, tmp_path, cutoff())
        Event.objects.filter(subject_label="young").delete()
        assert "is missing" in verify_chain(organization).broken

    def test_anchors_of_before_and_behind(self, organization, tmp_path):
        anchors = tmp_path / "anchors.json"
        call_command("verify_audit", write_anchor=anchors, stdout=StringIO())
        archive_organization_events(organization, tmp_path, timezone.now() + timedelta(days=1))
        call_command("verify_audit", anchor=[anchors], stdout=StringIO())


class TestCommand:
    def run(self, **options) -> str:
        out = StringIO()
        call_command("archive_events", stdout=out, stderr=out, **options)
        return out.getvalue()

    def test_it_moves_what_the_settings_say(self, organization, tmp_path, settings):
        settings.ARCHIVE_FOLDER, settings.EVENT_RETENTION = str(tmp_path), timedelta(days=30)
        assert f"{organization.public_id}: lines 1 to 6 are in" in self.run()
        out = StringIO()
        files = sorted(tmp_path.glob("*.gz"))
        call_command("verify_audit", archive=files, stdout=out)
        assert "9 events (the first 6 are archived), chain intact" in out.getvalue()

    def test_by_default_the_log_is_kept_for_ever(self, organization, tmp_path):
        with pytest.raises(CommandError, match="kept for ever"):
            self.run(folder=tmp_path)
        with pytest.raises(CommandError, match="PATCHBAY_ARCHIVE_FOLDER"):
            self.run(days=30)

    def test_one_broken_log_stops_no_other(self, organization, tmp_path):
        other = create_organization(name="Other")
        Event.objects.filter(subject_label="four").update(actor_label="Mallory")
        Event.objects.filter(organization=other).update(at=timezone.now() - LONG_AGO)
        with pytest.raises(CommandError, match="were not archived: 2"):
            self.run(folder=tmp_path, days=30)

    @pytest.mark.parametrize("login", ["patchbay_web", "patchbay_worker"])
    def test_neither_web_nor_worker_may(self, organization, tmp_path, login):
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {login}")
        try:
            with pytest.raises(CommandError, match="Run this as the owner"):
                self.run(folder=tmp_path, days=30)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        assert len(labels(organization)) == 8
