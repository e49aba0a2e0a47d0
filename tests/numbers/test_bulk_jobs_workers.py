"""Batches as the workers see them: claims, fences, fairness, and how long rows are kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.retention import cleanup
from numbers.bulk import actions as batch_kinds
from numbers.bulk import jobs, runner, schedule
from numbers.models import Batch, PhoneNumber
from tests.support.bulk_jobs import (
    ACTIVE,
    create_number_per_status,
    propose_bulk_change,
    results_by_number,
    run_bulk_change,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(alice) -> dict[str, PhoneNumber]:
    return create_number_per_status(alice)


class TestTheWorkers:
    @pytest.fixture
    def batch(self, alice, numbers) -> Batch:
        return jobs.start_bulk_job(alice.by, propose_bulk_change(alice, "label", label="x").pk)

    def test_what_is_claimed_is_nobody_elses(self, batch, monkeypatch):
        seen = []
        monkeypatch.setattr(runner, "execute_rows", lambda given, until: seen.append(given.fence))
        assert runner.run_bulk_job(batch.pk)
        assert runner.run_bulk_job(batch.pk) is None
        assert seen == [1]

    def test_an_overtaken_worker_undoes_its_row(self, alice, batch, monkeypatch):
        label = batch_kinds.ROW_ACTIONS["label"]

        def overtaken(by, given, row):
            Batch.objects.filter(pk=batch.pk).update(fence=99)
            return label(by, given, row)

        monkeypatch.setitem(batch_kinds.ROW_ACTIONS, "label", overtaken)
        runner.run_bulk_job(batch.pk)
        batch.refresh_from_db()
        assert batch.done == 0
        assert set(results_by_number(batch).values()) == {"todo", "error"}
        assert not PhoneNumber.objects.filter(label="x").exists()

    def test_an_organization_has_half_of_the_bulk_slots_and_leaves_the_rest(
        self, alice, mallory, numbers, batch, settings
    ):
        settings.WORKER_SLOTS = 8
        for _turn in range(5):
            jobs.start_bulk_job(alice.by, propose_bulk_change(alice, "label", label="y").pk)
        assert len(schedule.BULK_JOB_QUEUE.due()) == 2
        assert schedule.BULK_JOB_QUEUE.due() == []
        rows = [{"number": "+14155550199"}]
        newcomer = jobs.create_import_job(mallory.by, title="One", options={}, rows=rows)
        assert schedule.BULK_JOB_QUEUE.due() == [newcomer.pk]

    def test_a_lost_message_is_sent_again(self, batch, settings):
        assert schedule.BULK_JOB_QUEUE.due() == [batch.pk]
        assert schedule.BULK_JOB_QUEUE.due() == []
        settings.OPERATION_REDISPATCH = timedelta(seconds=-1)
        assert schedule.BULK_JOB_QUEUE.due() == [batch.pk]

    def test_what_could_not_be_sent_is_due_at_once(self, batch):
        schedule.BULK_JOB_QUEUE.unstamp(schedule.BULK_JOB_QUEUE.due())
        assert schedule.BULK_JOB_QUEUE.due() == [batch.pk]

    def test_a_small_batch_does_not_wait_for_a_large_one(self, alice, batch, settings):
        settings.WORKER_SLOTS = 2
        Batch.objects.filter(pk=batch.pk).update(fence=7)
        small = jobs.start_bulk_job(
            alice.by, propose_bulk_change(alice, "label", [ACTIVE], label="y").pk
        )
        assert schedule.BULK_JOB_QUEUE.due() == [small.pk]


class TestKeeping:
    def test_rows_go_after_a_month_and_the_batch_stays(self, alice, numbers):
        batch = run_bulk_change(alice, "label", label="x")
        cleanup.run_cleanup()
        assert batch.rows.count() == 6
        Batch.objects.update(settled_at=timezone.now() - timedelta(days=31))
        cleanup.run_cleanup()
        assert batch.rows.count() == 0
        assert Batch.objects.get().done == 5

    def test_what_was_never_started_ends(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", label="x")
        Batch.objects.update(created_at=timezone.now() - timedelta(days=31))
        cleanup.run_cleanup()
        batch.refresh_from_db()
        assert (batch.state, batch.reason) == ("stopped", "It was never started.")
