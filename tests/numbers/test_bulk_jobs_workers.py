"""Batches as the workers see them: claims, fences, fairness, and how long rows are kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.retention import cleanup
from numbers.bulk import actions as batch_kinds
from numbers.bulk import jobs, runner, schedule
from numbers.models import Batch, PhoneNumber
from tests.support.bulk_jobs import ACTIVE, done, fates, one_of_each, propose

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(alice) -> dict[str, PhoneNumber]:
    return one_of_each(alice)


class TestTheWorkers:
    @pytest.fixture
    def batch(self, alice, numbers) -> Batch:
        return jobs.start(alice.by, propose(alice, "label", label="x").pk)

    def test_what_is_claimed_is_nobody_elses(self, batch, monkeypatch):
        seen = []
        monkeypatch.setattr(runner, "do_some", lambda given, until: seen.append(given.fence))
        assert runner.run(batch.pk)
        assert runner.run(batch.pk) is None
        assert seen == [1]

    def test_an_overtaken_worker_undoes_its_row(self, alice, batch, monkeypatch):
        label = batch_kinds.DOING["label"]

        def overtaken(by, given, row):
            Batch.objects.filter(pk=batch.pk).update(fence=99)
            return label(by, given, row)

        monkeypatch.setitem(batch_kinds.DOING, "label", overtaken)
        runner.run(batch.pk)
        batch.refresh_from_db()
        assert batch.done == 0
        assert set(fates(batch).values()) == {"todo", "error"}
        assert not PhoneNumber.objects.filter(label="x").exists()

    def test_an_organization_has_half_of_the_bulk_slots_and_leaves_the_rest(
        self, alice, mallory, numbers, batch, settings
    ):
        settings.WORKER_SLOTS = 8
        for _turn in range(5):
            jobs.start(alice.by, propose(alice, "label", label="y").pk)
        assert len(schedule.QUEUE.due()) == 2
        assert schedule.QUEUE.due() == []
        rows = [{"number": "+14155550199"}]
        newcomer = jobs.propose_import(mallory.by, title="One", options={}, rows=rows)
        assert schedule.QUEUE.due() == [newcomer.pk]

    def test_a_lost_message_is_sent_again(self, batch, settings):
        assert schedule.QUEUE.due() == [batch.pk]
        assert schedule.QUEUE.due() == []
        settings.OPERATION_REDISPATCH = timedelta(seconds=-1)
        assert schedule.QUEUE.due() == [batch.pk]

    def test_what_could_not_be_sent_is_due_at_once(self, batch):
        schedule.QUEUE.unstamp(schedule.QUEUE.due())
        assert schedule.QUEUE.due() == [batch.pk]

    def test_a_small_batch_does_not_wait_for_a_large_one(self, alice, batch, settings):
        settings.WORKER_SLOTS = 2
        Batch.objects.filter(pk=batch.pk).update(fence=7)
        small = jobs.start(alice.by, propose(alice, "label", [ACTIVE], label="y").pk)
        assert schedule.QUEUE.due() == [small.pk]


class TestKeeping:
    def test_rows_go_after_a_month_and_the_batch_stays(self, alice, numbers):
        batch = done(alice, "label", label="x")
        cleanup.clean_up()
        assert batch.rows.count() == 6
        Batch.objects.update(settled_at=timezone.now() - timedelta(days=31))
        cleanup.clean_up()
        assert batch.rows.count() == 0
        assert Batch.objects.get().done == 5

    def test_what_was_never_started_ends(self, alice, numbers):
        batch = propose(alice, "label", label="x")
        Batch.objects.update(created_at=timezone.now() - timedelta(days=31))
        cleanup.clean_up()
        batch.refresh_from_db()
        assert (batch.state, batch.reason) == ("stopped", "It was never started.")
