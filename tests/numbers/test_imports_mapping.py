"""A file whose columns are not certain waits until somebody says what they mean, and the next one
with the same headings does not."""

import io
from datetime import timedelta

import pytest
import xlsxwriter
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from integrations.retention import cleanup
from numbers.bulk import jobs, schedule
from numbers.bulk.imports.mapping_confirmation import (
    InvalidMapping,
    choose_import_sheet,
    confirm_mapping,
    reopen_mapping,
)
from numbers.bulk.imports.options import clean_import_options
from numbers.bulk.imports.readings import choose_row_numbers
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch, ColumnMapping, PhoneNumber
from organizations.access.principals import Principal, reload_member_principal
from tests.support import factories

pytestmark = pytest.mark.django_db

UNCLEAR = b"DID,Site,Owner\n+14155550100,Berlin,Ann\n+14155550101,Paris,Bob\n"
NUMBER, LABEL = {0: "number", 1: "", 2: "label"}, {0: "number", 1: "label", 2: ""}


def handed_in(member, file: bytes, *, ask=True, **options) -> Batch:
    """The batch of a file from the screens (or of a program), once a worker has looked at it."""
    place = clean_import_options(member.by, {"destination": "record"})
    options = {**place, **({"ask": True} if ask else {}), **options}
    batch = jobs.create_import_job(member.by, title="dids.csv", options=options, file=file)
    return worked(batch)


def member(person) -> Principal:
    """With what their role allows."""
    return reload_member_principal(person.organization, str(person.user.pk))


def worked(batch: Batch) -> Batch:
    factories.run_due_bulk_jobs()
    return Batch.objects.get(pk=batch.pk)


def confirmed(member, batch: Batch, mapping=LABEL, **more) -> Batch:
    return worked(confirm_mapping(member.by, batch.pk, mapping=mapping, **more))


def labels(batch: Batch) -> list[tuple[str, str | None]]:
    return list(batch.rows.order_by("line").values_list("text", "values__label"))


def workbook(**sheets: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_numbers": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
    return file.getvalue()


class TestAsking:
    def test_columns_that_are_not_certain_wait_for_somebody(self, alice):
        batch = handed_in(alice, UNCLEAR)
        assert (batch.state, batch.rows.count()) == ("mapping", 0)
        columns = batch.layout["columns"]
        assert [column["heading"] for column in columns] == ["DID", "Site", "Owner"]
        assert columns[1]["samples"] == ["Berlin", "Paris"]
        assert columns[0]["meaning"] == "number"

    def test_nobody_works_on_it_meanwhile(self, alice):
        batch = handed_in(alice, UNCLEAR)
        assert (batch.lease_until, schedule.BULK_JOB_QUEUE.due()) == (None, [])

    def test_columns_that_are_certain_do_not_wait(self, alice):
        batch = handed_in(alice, b"number,label\n+14155550100,Desk\n")
        assert (batch.state, labels(batch)) == ("ready", [("+14155550100", "Desk")])
        assert not ColumnMapping.objects.exists()

    def test_a_program_is_not_asked_and_its_unknown_columns_are_ignored(self, alice):
        batch = handed_in(alice, b"number,Gibberish\n+14155550100,x\n", ask=False)
        assert (batch.state, labels(batch)) == ("ready", [("+14155550100", None)])
        assert "Gibberish" in batch.reason
        assert batch.layout["notices"] == batch.reason.split("\n")

    def test_a_program_whose_number_column_is_unknown_is_refused_with_the_headings(self, alice):
        batch = handed_in(alice, b"label,Gibberish\nAnn,+14155550100\n", ask=False)
        assert (batch.state, batch.total) == ("refused", 0)
        for words in ("label", "Gibberish", "`mapping`"):
            assert words in batch.reason

    def test_a_program_says_what_the_columns_mean(self, alice):
        mapping = {"owner": "label", "1": "number", "Site": ""}
        batch = handed_in(alice, UNCLEAR, ask=False, mapping=mapping)
        assert (batch.state, labels(batch)[0]) == ("ready", ("+14155550100", "Ann"))

    def test_a_mapping_of_columns_that_are_not_there_refuses_the_file(self, alice):
        batch = handed_in(alice, UNCLEAR, ask=False, mapping={"Phone": "number"})
        assert (batch.state, "“Phone”" in batch.reason) == ("refused", True)


class TestConfirming:
    def test_the_rows_are_read_as_it_was_said(self, alice):
        batch = confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        assert (batch.state, labels(batch)[0]) == ("ready", ("+14155550100", "Ann"))
        assert batch.options["mapping"] == {"DID": "number", "Site": "", "Owner": "label"}

    def test_columns_left_out_keep_what_is_proposed(self, alice):
        batch = confirmed(alice, handed_in(alice, UNCLEAR), {1: "label", 2: ""})
        assert labels(batch)[0] == ("+14155550100", "Berlin")

    def test_twice_is_harmless(self, alice):
        batch = handed_in(alice, UNCLEAR)
        confirm_mapping(alice.by, batch.pk, mapping=LABEL)
        confirm_mapping(alice.by, batch.pk, mapping=LABEL)
        batch = worked(batch)
        assert confirm_mapping(alice.by, batch.pk, mapping=LABEL).state == "ready"
        assert alice.organization.events.filter(action="batch.columns_confirmed").count() == 1

    @pytest.mark.parametrize(
        ("mapping", "wrong"),
        [
            ({0: "label", 1: "", 2: ""}, {-1: "phone numbers"}),
            ({0: "number", 1: "label", 2: "label"}, {1: "“Site”", 2: "“Owner”"}),
            ({0: "number", 1: "colour", 2: ""}, {1: "“Site”"}),
            ({0: "number", 1: "", 2: "", 7: "label"}, {7: "8"}),
        ],
    )
    def test_what_cannot_be_names_the_column(self, alice, mapping, wrong):
        batch = handed_in(alice, UNCLEAR)
        with pytest.raises(InvalidMapping) as caught:
            confirm_mapping(alice.by, batch.pk, mapping=mapping)
        assert caught.value.errors.keys() == wrong.keys()
        assert all(words in caught.value.errors[index] for index, words in wrong.items())
        assert Batch.objects.get(pk=batch.pk).state == "mapping"
        assert not ColumnMapping.objects.exists()

    def test_who_may_not_add_numbers_may_not_confirm(self, alice):
        batch = handed_in(alice, UNCLEAR)
        carol = factories.create_member("Carol", organization=alice.organization, role="user")
        with pytest.raises(PermissionDenied):
            confirm_mapping(member(carol), batch.pk, mapping=LABEL)

    def test_it_goes_on_in_the_name_of_who_confirms(self, alice):
        bob = factories.create_member("Bob", organization=alice.organization)
        batch = handed_in(alice, UNCLEAR)
        confirm_mapping(member(bob), batch.pk, mapping=LABEL)
        assert worked(batch).actor_id == str(bob.user.pk)

    def test_what_was_discarded_is_not_confirmed(self, alice):
        batch = handed_in(alice, UNCLEAR)
        assert jobs.stop_bulk_job(alice.by, batch.pk).state == "stopped"
        assert Batch.objects.get(pk=batch.pk).file is None
        with pytest.raises(BulkJobError, match="stopped"):
            confirm_mapping(alice.by, batch.pk, mapping=LABEL)

    def test_blank_and_equal_headings_are_told_apart(self, alice):
        file = b"Tel,,Tel\n+14155550100,Berlin,x\n"
        batch = confirmed(alice, handed_in(alice, file), {0: "", 1: "label", 2: "number"})
        assert labels(batch) == [("x", "Berlin")]

    def test_headings_that_look_like_positions_are_told_apart(self, alice):
        file = b"Telefon,3,\n+14155550100,Berlin,Paris\n+14155550101,Oslo,Rome\n"
        batch = handed_in(alice, file)
        batch = confirmed(alice, batch, {0: "number", 1: "", 2: "label"})
        assert labels(batch)[0] == ("+14155550100", "Paris")

    def test_it_can_be_started_and_its_failures_tried_again(self, alice, mallory):
        batch = confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        factories.create_number(mallory.by, "+14155550100")
        jobs.start_bulk_job(alice.by, batch.pk)
        assert Batch.objects.get(pk=batch.pk).file is None
        worked(batch)
        PhoneNumber.objects.filter(e164="+14155550100").delete()
        again = worked(jobs.create_retry_job(alice.by, batch.pk))
        assert (again.state, labels(again)) == ("ready", [("+14155550100", "Ann")])


class TestRemembering:
    def test_the_same_headings_are_not_asked_about_twice(self, alice):
        confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        batch = handed_in(alice, b"did, site ,OWNER\n+14155550109,Rome,Cem\n")
        assert (batch.state, labels(batch)) == ("ready", [("+14155550109", "Cem")])
        assert alice.by.label in batch.reason
        mapping = {"did": "number", "site": "", "OWNER": "label"}
        assert {
            column["heading"]: column["meaning"] for column in batch.layout["columns"]
        } == mapping

    def test_a_program_profits_too(self, alice):
        confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        assert labels(handed_in(alice, UNCLEAR, ask=False))[0] == ("+14155550100", "Ann")

    def test_what_a_program_says_goes_before(self, alice):
        confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        mapping = {"DID": "number", "Site": "label"}
        batch = handed_in(alice, UNCLEAR, ask=False, mapping=mapping)
        assert labels(batch)[0] == ("+14155550100", "Berlin")

    def test_nobody_else_profits(self, alice, mallory):
        confirmed(alice, handed_in(alice, UNCLEAR))
        assert handed_in(mallory, UNCLEAR).state == "mapping"

    def test_other_headings_are_asked_about(self, alice):
        confirmed(alice, handed_in(alice, UNCLEAR))
        assert handed_in(alice, UNCLEAR.replace(b"Owner", b"Room")).state == "mapping"

    def test_a_list_without_headings_is_never_remembered(self, alice):
        file = b"+14155550100,Berlin,Ann\n"
        confirmed(alice, handed_in(alice, file))
        assert not ColumnMapping.objects.exists()
        assert handed_in(alice, file).state == "mapping"

    def test_the_newest_choice_counts(self, alice):
        confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        again = handed_in(alice, UNCLEAR)
        assert reopen_mapping(alice.by, again.pk).state == "mapping"
        confirmed(alice, again, LABEL)
        assert labels(handed_in(alice, UNCLEAR))[0] == ("+14155550100", "Berlin")
        assert ColumnMapping.objects.count() == 1


KNOWN = [["number", "label"], ["+14155550100", "Berlin"]]
OTHER = [["number", "label"], ["+14155550105", "Rome"], ["+14155550106", "Oslo"]]
UNKNOWN = [["DID", "Gibberish"], ["+14155550107", "Ann"], ["+14155550108", "Bob"]]


class TestSheets:
    def test_one_that_holds_all_rows_is_read_at_once(self, alice):
        cover = [["Numbers of ACME"], ["as of May"]]
        batch = handed_in(alice, workbook(Cover=cover, DIDs=KNOWN))
        assert (batch.state, labels(batch)) == ("ready", [("+14155550100", "Berlin")])

    def test_several_with_rows_are_asked_about(self, alice):
        batch = handed_in(alice, workbook(Berlin=KNOWN, Rome=OTHER))
        assert (batch.state, batch.layout["sheets"]) == ("mapping", ["Berlin", "Rome"])

    def test_another_is_looked_at_before_it_is_read(self, alice):
        batch = handed_in(alice, workbook(Berlin=KNOWN, Rome=OTHER))
        first = batch.layout["sheet"]
        other = {"Berlin": "Rome", "Rome": "Berlin"}[first]
        batch = worked(choose_import_sheet(alice.by, batch.pk, sheet=other))
        assert (batch.state, batch.layout["sheet"]) == ("mapping", other)
        assert batch.rows.count() == 0

    def test_the_choice_is_remembered(self, alice):
        file = workbook(Berlin=KNOWN, Rome=UNKNOWN)
        batch = handed_in(alice, file)
        for sheet in ("Berlin", "Rome"):  # whichever is first
            batch = worked(choose_import_sheet(alice.by, batch.pk, sheet=sheet))
        batch = confirmed(alice, batch, {0: "number", 1: "label"})
        assert labels(batch) == [("+14155550107", "Ann"), ("+14155550108", "Bob")]
        again = handed_in(alice, file)
        assert (again.state, labels(again)) == ("ready", labels(batch))
        assert again.layout["sheet"] == "Rome"

    def test_what_was_confirmed_for_a_text_says_nothing_about_the_sheets(self, alice):
        file = "\n".join(",".join(row) for row in UNKNOWN).encode()
        confirmed(alice, handed_in(alice, file), {0: "number", 1: "label"})
        assert handed_in(alice, workbook(Rome=UNKNOWN)).state == "ready"
        batch = handed_in(alice, workbook(Rome=UNKNOWN, Oslo=UNKNOWN))
        assert batch.state == "mapping"
        assert batch.layout["columns"][1]["meaning"] == "label"

    def test_a_program_names_its_sheet(self, alice):
        batch = handed_in(alice, workbook(Berlin=KNOWN, Rome=OTHER), ask=False, sheet="Rome")
        assert labels(batch) == [("+14155550105", "Rome"), ("+14155550106", "Oslo")]

    @pytest.mark.parametrize("file", [UNCLEAR, workbook(Berlin=KNOWN)])
    def test_a_sheet_that_is_not_there_refuses_the_file(self, alice, file):
        batch = handed_in(alice, file, ask=False, sheet="Nowhere")
        assert (batch.state, "“Nowhere”" in batch.reason) == ("refused", True)


class TestChanging:
    def test_the_rows_are_read_anew(self, alice):
        batch = confirmed(alice, handed_in(alice, UNCLEAR), NUMBER)
        reopen_mapping(alice.by, batch.pk)
        assert reopen_mapping(alice.by, batch.pk).state == "mapping"  # twice is harmless
        batch = confirmed(alice, batch, LABEL)
        assert (batch.state, batch.total, labels(batch)[0][1]) == ("ready", 2, "Berlin")

    def test_where_every_row_is_wrong_the_columns_can_still_be_changed(self, alice):
        batch = confirmed(alice, handed_in(alice, UNCLEAR), {0: "label", 1: "number", 2: ""})
        assert (batch.state, batch.left) == ("ready", 0)
        reopen_mapping(alice.by, batch.pk)
        assert confirmed(alice, batch, LABEL).left == 2

    def test_choices_of_rows_are_made_anew(self, alice):
        batch = handed_in(alice, b"number,other\n4917612345678,x\n", country="DE")
        batch = confirmed(alice, batch, {0: "number", 1: ""})
        row = batch.rows.get()
        assert row.fate == "ambiguous"
        choose_row_numbers(
            alice.by, batch.pk, choices={row.line: row.values["readings"][0]["number"]}
        )
        batch = worked(batch)
        assert (batch.rows.get().fate, len(batch.options["choices"])) == ("todo", 1)
        reopen_mapping(alice.by, batch.pk)
        batch = confirmed(alice, batch, {0: "number", 1: "label"})
        assert (batch.rows.get().fate, "choices" in batch.options) == ("ambiguous", False)

    def test_not_once_it_runs(self, alice):
        batch = handed_in(alice, b"number\n+14155550100\n")
        jobs.start_bulk_job(alice.by, batch.pk)
        with pytest.raises(BulkJobError):
            reopen_mapping(alice.by, batch.pk)

    def test_not_what_a_program_has_handed_in(self, alice):
        batch = handed_in(alice, b"number\n+14155550100\n", ask=False)
        assert batch.file is None
        with pytest.raises(BulkJobError, match="hand the file in again"):
            reopen_mapping(alice.by, batch.pk)

    def test_nor_rows_of_a_request(self, alice):
        options = {**clean_import_options(alice.by, {"destination": "record"}), "ask": True}
        rows = [{"number": "+14155550100"}]
        batch = jobs.create_import_job(alice.by, title="x", options=options, rows=rows)
        with pytest.raises(BulkJobError):
            reopen_mapping(alice.by, worked(batch).pk)


class TestRetention:
    def test_a_file_that_nobody_confirmed_is_not_kept(self, alice, settings):
        batch = handed_in(alice, UNCLEAR)
        old = timezone.now() - settings.BATCH_RETENTION - timedelta(days=1)
        Batch.objects.filter(pk=batch.pk).update(created_at=old)
        cleanup.run_cleanup()
        batch.refresh_from_db()
        assert (batch.state, batch.file) == ("stopped", None)

    def test_one_that_is_waiting_is_kept(self, alice):
        batch = handed_in(alice, UNCLEAR)
        cleanup.run_cleanup()
        batch.refresh_from_db()
        assert batch.state == "mapping"
        assert bytes(batch.file) == UNCLEAR


class TestNotices:
    @pytest.mark.parametrize("destination", ["record", "account"])
    def test_a_carrier_of_numbers_that_go_on_none_is_said_once(self, alice, destination):
        options = clean_import_options(alice.by, {"destination": destination})
        rows = [{"number": f"+1415555010{n}", "carrier": "Acme Trunk"} for n in range(3)]
        batch = jobs.create_import_job(alice.by, title="x", options=options, rows=rows)
        batch = worked(batch)
        assert (batch.state, batch.left) == ("ready", 3)
        assert batch.reason.count("The column carrier is ignored") == 1
        assert set(batch.rows.values_list("message", flat=True)) == {""}
