"""Batches whose worker is killed, or takes longer than its lease."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from integrations.ledger.worker import call_advisory_lock
from numbers.bulk import actions, jobs, runner
from numbers.bulk.imports import check as imports
from numbers.models import Batch, BatchRow
from tests.support.bulk_jobs import (
    STATUS_BY_NUMBER,
    create_number_per_status,
    propose_bulk_change,
    results_by_number,
)

LABELLED = dict.fromkeys(STATUS_BY_NUMBER, "done")


class Killed(BaseException):
    """As if by a signal: nothing is caught, nothing is let go."""


def die(*args) -> None:
    raise Killed


@pytest.fixture
def batch(alice) -> Batch:
    create_number_per_status(alice)
    return jobs.start_bulk_job(
        alice.by, propose_bulk_change(alice, "label", list(STATUS_BY_NUMBER), label="x").pk
    )


def tried(batch: Batch) -> None:
    """The lease of who was killed is over."""
    Batch.objects.filter(pk=batch.pk).update(lease_until=None)
    with contextlib.suppress(Killed):
        runner.run_bulk_job(batch.pk)


def kill_at(monkeypatch, *places: int) -> None:
    """Whoever does one of these lines of the batch."""
    label = actions.ROW_ACTIONS["label"]
    monkeypatch.setitem(
        actions.ROW_ACTIONS,
        "label",
        lambda by, batch, row: die() if row.line in places else label(by, batch, row),
    )


@pytest.mark.django_db
class TestARow:
    def test_that_kills_its_workers_fails(self, batch, monkeypatch):
        kill_at(monkeypatch, 2)
        for _time in range(runner.MAX_ROW_ATTEMPTS + 1):
            tried(batch)
        batch.refresh_from_db()
        assert (batch.state, batch.done, batch.failed, batch.left) == ("done", 2, 1, 0)
        (row,) = batch.rows.filter(fate="failed")
        assert (row.line, "Its worker ended" in row.message) == (2, True)

    def test_each_that_does_has_its_own_tries(self, batch, monkeypatch):
        kill_at(monkeypatch, 1, 3)
        for _time in range(2 * runner.MAX_ROW_ATTEMPTS + 1):
            tried(batch)
        batch.refresh_from_db()
        assert (batch.state, batch.done, batch.failed) == ("done", 1, 2)

    def test_is_not_given_up_on_for_workers_that_end_elsewhere(self, batch, monkeypatch, settings):
        """A restart now and then, and slices that end as they should, are no reason."""
        settings.BATCH_SLICE = timedelta(0)
        for _time in range(2 * runner.MAX_ROW_ATTEMPTS):
            tried(batch)
        assert set(results_by_number(batch).values()) == {"todo"}
        kill_at(monkeypatch, 1)
        tried(batch)
        monkeypatch.undo()
        settings.BATCH_SLICE = timedelta(seconds=10)
        tried(batch)
        assert results_by_number(batch) == LABELLED


@pytest.mark.django_db(transaction=True)
class TestALongReading:
    def test_is_not_begun_twice(self, alice, monkeypatch, settings):
        """Even when the lease is over while it goes on."""
        settings.JOB_LEASE = timedelta(seconds=-1)
        second = []

        def read(check):
            with ThreadPoolExecutor(1) as other:
                second.append(other.submit(elsewhere, check.batch.pk).result())
            yield BatchRow(line=1, text="+14155550101")

        monkeypatch.setattr(imports.ImportCheck, "rows", read)
        rows = [{"number": "+14155550101"}]
        batch = jobs.create_import_job(alice.by, title="Slow", options={}, rows=rows)
        assert runner.run_bulk_job(batch.pk)
        batch.refresh_from_db()
        assert (second, batch.state, batch.fence) == ([None], "ready", 1)

    def test_ends_with_its_lock(self, batch):
        assert runner.run_bulk_job(batch.pk)
        with ThreadPoolExecutor(1) as other:
            assert other.submit(is_free, batch.pk).result()


def elsewhere(batch_id) -> Batch | None:
    try:
        return runner.run_bulk_job(batch_id)
    finally:
        connection.close()


def is_free(batch_id) -> bool:
    try:
        return call_advisory_lock("pg_try_advisory_lock", batch_id)
    finally:
        connection.close()
