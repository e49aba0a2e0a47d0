"""An import's rows are checked by the worker, in portions, before anything is written."""

import pytest

from numbers.bulk import jobs, runner
from numbers.bulk.imports import check as imports
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch, BatchRow
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice) -> Batch:
    rows = [{"number": "+14155550101"}, {"number": "nonsense"}]
    return jobs.create_import_job(alice.by, title="Pasted", options={}, rows=rows)


def checks(monkeypatch, *rows: BatchRow, then: Exception | None = None) -> None:
    def checked_rows(check):
        yield from rows
        if then:
            raise then

    monkeypatch.setattr(imports.ImportCheck, "rows", checked_rows)


GOOD = {"line": 1, "text": "+14155550101"}
BAD = {"line": 2, "text": "nonsense", "fate": "error", "message": "No."}


def checked(batch: Batch) -> Batch:
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


def test_every_row_has_its_fate_before_the_start(batch, monkeypatch):
    checks(monkeypatch, BatchRow(**GOOD), BatchRow(**BAD))
    checked(batch)
    assert (batch.state, batch.total, batch.skipped, batch.left) == ("ready", 2, 1, 1)
    assert batch.file is None
    assert batch.rows.get(line=2).message == "No."


def test_a_program_may_ask_to_go_on(alice, monkeypatch):
    checks(monkeypatch, BatchRow(**BAD))
    rows = [{"number": "nonsense"}]
    batch = jobs.create_import_job(alice.by, title="API", options={"start": True}, rows=rows)
    assert checked(batch).state == "done"


def test_a_file_that_cannot_be_read_is_refused(batch, monkeypatch):
    checks(monkeypatch, then=imports.UnreadableFile("It is no file that we know."))
    checked(batch)
    assert (batch.state, batch.reason) == ("refused", "It is no file that we know.")


def test_a_fault_of_ours_refuses_it_once(batch, monkeypatch, caplog):
    checks(monkeypatch, BatchRow(**GOOD), then=ZeroDivisionError())
    checked(batch)
    assert batch.state == "refused"
    assert "ZeroDivisionError" in caplog.text


def test_a_file_that_kills_its_worker_is_not_read_forever(batch):
    Batch.objects.filter(pk=batch.pk).update(tries=runner.MAX_CHECK_ATTEMPTS)
    checked(batch)
    assert (batch.state, "too long" in batch.reason) == ("refused", True)


def test_it_begins_again_after_a_killed_worker(batch, monkeypatch):
    checks(monkeypatch, BatchRow(**GOOD))
    BatchRow.objects.create(organization=batch.organization, batch=batch, line=1, text="half")
    checked(batch)
    assert [row.text for row in batch.rows.all()] == ["+14155550101"]


def test_a_stop_while_it_is_checked_counts(alice, batch, monkeypatch):
    def checked_rows(check):
        yield BatchRow(**GOOD)
        jobs.stop_bulk_job(alice.by, batch.pk)

    monkeypatch.setattr(imports.ImportCheck, "rows", checked_rows)
    monkeypatch.setattr(runner, "ROWS_PER_CHUNK", 1)
    checked(batch)
    assert batch.state == "stopped"


def test_too_many_rows_are_refused(batch, monkeypatch):
    monkeypatch.setattr(runner, "MAX_ROWS", 1)
    checks(monkeypatch, BatchRow(**GOOD), BatchRow(**BAD))
    assert "more than 1 rows" in checked(batch).reason


@pytest.mark.parametrize("rows", [[], [{}] * 3], ids=["none", "too many"])
def test_no_rows_or_too_many_are_no_import(alice, monkeypatch, rows):
    monkeypatch.setattr(jobs, "MAX_ROWS", 2)
    with pytest.raises(BulkJobError):
        jobs.create_import_job(alice.by, title="", options={}, rows=rows)


def test_what_failed_is_checked_again_with_all_that_was_given(alice):
    rows = [{"number": "+14155550101", "label": "Sales"}, {"number": "+14155550102"}]
    options = {"carrier": "Acme Trunk"}
    batch = jobs.create_import_job(alice.by, title="Pasted", options=options, rows=rows)
    checked(batch)
    early = factories.create_number(alice.by, "+14155550101", settled=False)
    jobs.start_bulk_job(alice.by, batch.pk)
    checked(batch)
    assert (batch.state, batch.done, batch.failed) == ("done", 1, 1)
    early.delete()
    again = checked(jobs.create_retry_job(alice.by, batch.pk))
    assert [(row.text, row.fate) for row in again.rows.all()] == [("+14155550101", "todo")]
    jobs.start_bulk_job(alice.by, again.pk)
    assert checked(again).done == 1
    assert alice.organization.phone_numbers.get(e164="+14155550101").label == "Sales"
