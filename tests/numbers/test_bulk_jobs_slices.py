"""Checking an import in slices: put aside where others wait, and the same in the end."""

from contextlib import suppress
from datetime import timedelta

import pytest

from numbers.bulk import jobs, runner
from numbers.bulk.imports import check
from numbers.models import Batch
from tests.support import factories

pytestmark = pytest.mark.django_db
LINES = [
    "number;number to;label",
    "+14155550100;;first",
    "+14155550101;+14155550105;a range",
    "nonsense;;bad",
    "+14155550100;;again",
    "+14155550103;;in the range",
    "4155550107;;no plus",
    "+14155550108;+14155550109;another",
    "+14155550110;;last",
]


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch, settings):
    monkeypatch.setattr(check, "ROWS_PER_CHUNK", 2)
    monkeypatch.setattr(runner, "ROWS_PER_CHUNK", 1)
    settings.BATCH_SLICE = timedelta(0)


def propose(alice, **options) -> Batch:
    file = "\n".join(LINES).encode()
    return jobs.create_import_job(
        alice.by, title="File", options={"destination": "record", **options}, file=file
    )


def rows_of(batch: Batch) -> list[tuple]:
    named = ("line", "text", "fate", "message", "values")
    return list(batch.rows.order_by("line").values_list(*named))


def somebody_waits(monkeypatch, waits=True) -> None:
    monkeypatch.setattr(runner, "has_waiting_organizations", lambda batch: waits)


@pytest.fixture
def in_one_piece(alice, monkeypatch) -> list[tuple]:
    somebody_waits(monkeypatch, False)
    batch = propose(alice)
    runner.run_bulk_job(batch.pk)
    rows = rows_of(batch)
    assert len(rows) > len(LINES)
    Batch.objects.all().delete()
    return rows


@pytest.mark.parametrize("is_killed", [False, True])
def test_it_comes_out_as_in_one_piece(alice, monkeypatch, in_one_piece, is_killed):
    somebody_waits(monkeypatch)
    batch, slices = propose(alice), 0
    while Batch.objects.get(pk=batch.pk).state == "checking":
        if is_killed and slices:
            kill_after_a_row(monkeypatch, batch)
        runner.run_bulk_job(batch.pk)
        slices += 1
    batch.refresh_from_db()
    assert slices > 4
    assert rows_of(batch) == in_one_piece
    assert (batch.state, batch.total) == ("ready", len(in_one_piece))
    assert "progress" not in batch.layout


class Killed(BaseException):
    """As if by a signal."""


def kill_after_a_row(monkeypatch, batch: Batch) -> None:
    """A slice whose worker is killed leaves rows that its progress does not tell of."""
    keep_portion = runner.store_row_chunk

    def once(*arguments) -> None:
        keep_portion(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(runner, "store_row_chunk", once)
        with suppress(Killed):  # the last slice has no rows any more
            runner.run_bulk_job(batch.pk)
    Batch.objects.filter(pk=batch.pk).update(lease_until=None)


def test_it_goes_on_in_one_piece_where_nobody_waits(alice):
    batch = propose(alice)
    assert runner.run_bulk_job(batch.pk)
    assert Batch.objects.get(pk=batch.pk).state == "ready"


def test_others_are_other_organizations_whose_jobs_nobody_has(alice, mallory):
    batch = propose(alice)
    propose(alice)
    assert not runner.has_waiting_organizations(batch)
    theirs = jobs.create_import_job(mallory.by, title="x", options={}, rows=[{"number": "+1"}])
    assert runner.has_waiting_organizations(batch)
    factories.run_due_bulk_jobs()
    assert Batch.objects.get(pk=theirs.pk).state != "checking"
    assert not runner.has_waiting_organizations(batch)
