"""Batches that are asked for twice, have nothing to do, or come after somebody else's wish."""

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.bulk.jobs import BulkJobError
from numbers.inventory.operations import change_number
from numbers.models import Batch, PhoneNumber
from organizations.models import Event
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.bulk_jobs import (
    ACTIVE,
    DELETED,
    INACTIVE,
    create_number_per_status,
    propose_bulk_change,
    results_by_number,
    run_bulk_change,
)

pytestmark = pytest.mark.django_db

NEW, HELD = "+14155550100", "+14155550199"


@pytest.fixture
def numbers(alice) -> dict[str, PhoneNumber]:
    return create_number_per_status(alice)


def imported(member, *rows: str, **options) -> Batch:
    given = {"rows": [{"number": row} for row in rows]}
    options = {**clean_import_options(member.by, {}), **options}
    batch = jobs.create_import_job(member.by, title="Pasted", options=options, **given)
    return worked(batch)


def worked(batch: Batch) -> Batch:
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    return batch


class TestStartingTwice:
    def test_after_a_fast_finish_it_is_what_was_done(self, alice, numbers):
        batch = run_bulk_change(alice, "label", label="x")
        assert jobs.start_bulk_job(alice.by, batch.pk) == batch
        assert Event.objects.filter(action="batch.started").count() == 1

    def test_so_it_is_for_programs(self, alice, api):
        batch = imported(alice, NEW)
        url = f"/v1/imports/{batch.pk}/start"
        api(alice).post(url)
        worked(batch)
        answer = api(alice).post(url)
        assert (answer.status_code, answer.json()["state"]) == (202, "done")

    def test_what_was_stopped_stays_so(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", label="x")
        jobs.stop_bulk_job(alice.by, batch.pk)
        with pytest.raises(BulkJobError, match="it is stopped"):
            jobs.start_bulk_job(alice.by, batch.pk)


class TestNothingToDo:
    @pytest.fixture
    def held(self, alice) -> Batch:
        factories.create_number(alice.by, HELD)
        return imported(alice, HELD)

    def test_an_import_of_what_is_held_is_done_with_its_check(self, held):
        assert (held.state, held.total, held.skipped) == ("done", 1, 1)
        assert held.reason == "There is nothing to add: each row says why."
        assert held.settled_at
        assert held.file is None

    def test_an_import_without_a_number(self, alice):
        batch = jobs.create_import_job(alice.by, title="x", options={}, file=b"number,label\n")
        worked(batch)
        assert (batch.state, batch.reason) == ("done", "There is no number in it.")

    def test_nor_does_one_begin_by_itself(self, alice):
        factories.create_number(alice.by, HELD)
        batch = imported(alice, HELD, start=True)
        assert (batch.state, batch.started_at) == ("done", None)

    def test_programs_read_and_start_it_as_any(self, alice, held, api):
        found = api(alice).get(f"/v1/imports/{held.pk}").json()
        assert (found["state"], found["reason"]) == ("done", held.reason)
        assert api(alice).post(f"/v1/imports/{held.pk}/start").status_code == 202

    def test_its_page_says_why(self, alice, held, browse):
        page = browse(alice).get(screen_url(alice.organization, "batch", batch_id=held.pk))
        assert held.reason in page.text
        assert "It is here already, and active." in page.text

    def test_a_change_without_work_needs_nobody(self, alice, numbers, browse):
        propose_bulk_change(alice, "label", [DELETED], label="Nothing to do")
        propose_bulk_change(alice, "label", [ACTIVE], label="Something to do")
        page = browse(alice).get(screen_url(alice.organization, "dashboard"))
        titles = " ".join(task.title for task in page.context["tasks"])
        assert "Something to do" in titles
        assert "Nothing to do" not in titles


class TestUndoOfSwitches:
    @pytest.fixture
    def batch(self, alice, numbers) -> Batch:
        """INACTIVE is active by it, on its platform too."""
        batch = run_bulk_change(alice, "activate", [INACTIVE])
        factories.run_due_operations()
        assert PhoneNumber.objects.get(e164=INACTIVE).status == "active"
        return batch

    def undone(self, alice, batch) -> PhoneNumber:
        jobs.start_bulk_job(alice.by, jobs.create_undo_job(alice.by, batch.pk).pk)
        factories.run_due_operations()
        return PhoneNumber.objects.get(e164=INACTIVE)

    def switch_twice(self, alice, numbers) -> None:
        for status in ("inactive", "active"):
            change_number(alice.by, numbers[INACTIVE].pk, status=status)
            factories.run_due_operations()

    def test_what_the_platform_settled_does_not_stand_in_the_way(self, alice, batch):
        assert self.undone(alice, batch).status == "inactive"

    def test_nor_does_another_change(self, alice, numbers, batch):
        change_number(alice.by, numbers[INACTIVE].pk, label="Desk", inbound_agent_id="a")
        assert self.undone(alice, batch).status == "inactive"

    def test_a_newer_wish_for_the_same_stays(self, alice, numbers, batch):
        self.switch_twice(alice, numbers)
        undoing = jobs.create_undo_job(alice.by, batch.pk)
        assert results_by_number(undoing) == {INACTIVE: "error"}
        assert "changed since" in undoing.rows.get().message

    def test_one_that_comes_after_the_preview_stays_too(self, alice, numbers, batch):
        undoing = jobs.create_undo_job(alice.by, batch.pk)
        assert results_by_number(undoing) == {INACTIVE: "todo"}
        self.switch_twice(alice, numbers)
        jobs.start_bulk_job(alice.by, undoing.pk)
        factories.run_due_operations()
        assert results_by_number(undoing) == {INACTIVE: "failed"}
        assert "changed since" in undoing.rows.get().message
        assert PhoneNumber.objects.get(e164=INACTIVE).wanted == "active"

    def test_the_other_way_round(self, alice, numbers):
        batch = run_bulk_change(alice, "deactivate", [ACTIVE])
        for status in ("active", "inactive"):
            factories.run_due_operations()
            change_number(alice.by, numbers[ACTIVE].pk, status=status)
        factories.run_due_operations()
        assert results_by_number(jobs.create_undo_job(alice.by, batch.pk)) == {ACTIVE: "error"}


class TestAgainTwice:
    def test_a_change_is_proposed_once(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="x")
        batch.rows.filter(text=ACTIVE).update(fate="failed")
        PhoneNumber.objects.filter(e164=ACTIVE).update(label=None)
        again = jobs.create_retry_job(alice.by, batch.pk)
        assert jobs.create_retry_job(alice.by, batch.pk) == again
        jobs.start_bulk_job(alice.by, again.pk)
        assert jobs.create_retry_job(alice.by, batch.pk) == again
        worked(again)
        assert jobs.create_retry_job(alice.by, batch.pk) != again

    def test_another_batch_s_is_another(self, alice, numbers):
        made = []
        for label in ("x", "y"):
            batch = run_bulk_change(alice, "label", [ACTIVE], label=label)
            batch.rows.update(fate="failed")
            made.append(jobs.create_retry_job(alice.by, batch.pk))
        assert made[0] != made[1]

    def test_an_import_is_checked_once(self, alice, api):
        batch = imported(alice, NEW)
        jobs.start_bulk_job(alice.by, batch.pk)
        worked(batch)
        batch.rows.update(fate="failed")
        again = jobs.create_retry_job(alice.by, batch.pk)
        assert jobs.create_retry_job(alice.by, batch.pk) == again
        options = api(alice).get(f"/v1/imports/{again.pk}").json()["options"]
        assert "repeats" not in options
