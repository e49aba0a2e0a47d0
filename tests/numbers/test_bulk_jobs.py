"""Many numbers at once: what a batch would do, does, and leaves behind."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from numbers.bulk import actions as batch_kinds
from numbers.bulk import jobs
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch, PhoneNumber
from organizations.access.principals import api_key_principal, member_principal
from organizations.models import Event
from organizations.operations import change_member_role, remove_member
from tests.support import factories
from tests.support.bulk_jobs import (
    ACTIVE,
    DELETED,
    FAILED,
    INACTIVE,
    PENDING,
    RECORDED,
    create_number_per_status,
    propose_bulk_change,
    results_by_number,
    run_bulk_change,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(alice) -> dict[str, PhoneNumber]:
    return create_number_per_status(alice)


class TestProposing:
    @pytest.mark.parametrize(
        ("action", "options", "todo", "errors"),
        [
            ("activate", {}, [INACTIVE], [FAILED, RECORDED, DELETED]),
            ("deactivate", {}, [ACTIVE], [FAILED, DELETED, PENDING]),
            ("label", {"label": "x"}, [ACTIVE, INACTIVE, FAILED, RECORDED, PENDING], [DELETED]),
            ("assign", {}, [], [DELETED]),
            ("retry", {}, [FAILED, RECORDED, PENDING], [DELETED]),
            ("delete", {}, [ACTIVE, INACTIVE, FAILED, RECORDED, PENDING], []),
        ],
    )
    def test_each_number_gets_its_fate(self, alice, numbers, action, options, todo, errors):
        batch = propose_bulk_change(alice, action, **options)
        found = results_by_number(batch)
        assert {text for text, fate in found.items() if fate == "todo"} == set(todo)
        assert {text for text, fate in found.items() if fate == "error"} == set(errors)
        assert (batch.state, batch.total, batch.left) == ("ready", 6, len(todo))
        assert all(row.message for row in batch.rows.filter(fate="error"))

    def test_the_preview_is_what_happens(self, alice, numbers):
        for action in ("activate", "deactivate"):
            batch = run_bulk_change(alice, action)
            assert (batch.state, batch.failed, batch.left) == ("done", 0, 0)

    def test_nothing_changes_before_the_start(self, alice, numbers):
        propose_bulk_change(alice, "label", label="x")
        factories.run_due_bulk_jobs()
        assert not PhoneNumber.objects.filter(label="x").exists()

    def test_the_selection_is_frozen(self, alice, numbers):
        rows = alice.organization.phone_numbers.filter(label=None).order_by("-created_at")
        batch = jobs.create_change_job(
            alice.by, action="label", options={"label": "x"}, numbers=rows
        )
        late = factories.create_number(alice.by, "+14155550107", settled=False)
        jobs.start_bulk_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        late.refresh_from_db()
        assert late.label is None
        assert batch.rows.count() == 6

    def test_a_strangers_numbers_are_not_in_it(self, alice, mallory, numbers):
        hers = factories.create_number(mallory.by, "+14155550199")
        everything = PhoneNumber.objects.all()
        batch = jobs.create_change_job(
            alice.by, action="label", options={"label": "x"}, numbers=everything
        )
        assert hers.e164 not in results_by_number(batch)

    def test_lines_follow_the_numbers(self, alice, numbers):
        rows = (
            propose_bulk_change(alice, "delete").rows.order_by("line").values_list("line", "text")
        )
        assert list(rows) == list(enumerate(sorted(numbers), 1))

    @pytest.mark.parametrize(
        ("action", "options", "words"),
        [
            ("label", {"label": "x" * 101}, "At most 100"),
            ("assign", {"agent_id": "nobody"}, "no agent nobody"),
            ("explode", {}, "no such change"),
        ],
    )
    def test_nonsense_is_refused(self, alice, numbers, action, options, words):
        with pytest.raises(BulkJobError, match=words):
            propose_bulk_change(alice, action, **options)
        assert not Batch.objects.exists()

    def test_an_empty_selection_is_refused(self, alice):
        with pytest.raises(BulkJobError, match="No number"):
            propose_bulk_change(alice, "retry")

    def test_too_many_are_refused(self, alice, numbers, monkeypatch):
        monkeypatch.setattr(jobs, "MAX_ROWS", 5)
        with pytest.raises(BulkJobError, match="More than 5"):
            propose_bulk_change(alice, "retry")

    @pytest.mark.parametrize(("action", "may"), [("label", True), ("delete", False)])
    def test_a_key_without_the_scope_proposes_nothing(self, alice, numbers, action, may):
        alice.key.scopes = ["phone_numbers:read"]
        by = api_key_principal(alice.key, owner_role="admin")
        rows = alice.organization.phone_numbers.all()
        with pytest.raises(PermissionDenied):
            jobs.create_change_job(by, action=action, options={}, numbers=rows)


class TestDoing:
    def test_labels(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE, DELETED], label=" Front desk ")
        assert PhoneNumber.objects.get(e164=ACTIVE).label == "Front desk"
        assert (batch.state, batch.done, batch.skipped, batch.total) == ("done", 1, 1, 2)

    def test_an_agent(self, alice, numbers):
        alice.organization.agents.create(agent_id="agent_front", name="Front")
        run_bulk_change(alice, "assign", [ACTIVE], agent_id="agent_front")
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id == "agent_front"
        run_bulk_change(alice, "assign", [ACTIVE], agent_id="")
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id is None

    def test_switching(self, alice, numbers):
        run_bulk_change(alice, "deactivate", [ACTIVE])
        factories.run_due_operations()
        assert PhoneNumber.objects.get(e164=ACTIVE).status == "inactive"

    def test_trying_again(self, alice, numbers):
        run_bulk_change(alice, "retry", [FAILED])
        factories.run_due_operations()
        assert PhoneNumber.objects.get(e164=FAILED).status == "active"

    def test_deleting(self, alice, numbers):
        batch = run_bulk_change(alice, "delete", [ACTIVE, RECORDED])
        assert PhoneNumber.objects.filter(status="deleted").count() == 3
        assert batch.rows.get(text=ACTIVE).before["platforms"] == ["Sandbox"]

    def test_only_what_is_supplied_is_given_back(self, alice, numbers):
        number = numbers[INACTIVE]
        number.placements.update(role="supply")
        batch = propose_bulk_change(alice, "delete", [ACTIVE, INACTIVE])
        jobs.start_bulk_job(alice.by, batch.pk, release=True)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.done, batch.failed) == (2, 0)
        assert number.placements.get().release
        assert not numbers[ACTIVE].placements.get().release

    def test_one_refusal_is_one_rows_failure(self, alice, numbers):
        batch = propose_bulk_change(alice, "deactivate", [ACTIVE, INACTIVE, PENDING])
        batch.rows.filter(text=PENDING).update(fate="todo")
        Batch.objects.filter(pk=batch.pk).update(skipped=1)
        jobs.start_bulk_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.done, batch.failed) == ("done", 1, 1)
        assert "pending" in batch.rows.get(text=PENDING).message

    def test_a_fault_of_ours_is_logged_and_fails_one_row(self, alice, numbers, monkeypatch, caplog):
        batch = propose_bulk_change(alice, "retry", [FAILED, RECORDED])
        monkeypatch.setitem(batch_kinds.ROW_ACTIONS, "retry", lambda *given: 1 / 0)
        jobs.start_bulk_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.failed) == ("done", 2)
        assert "ZeroDivisionError" in caplog.text
        assert "log" in batch.rows.first().message

    def test_a_number_that_changed_meanwhile_is_left_as_it_is(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", [ACTIVE], label="x")
        PhoneNumber.objects.filter(e164=ACTIVE).update(label="x")
        jobs.start_bulk_job(alice.by, batch.pk)
        factories.run_due_bulk_jobs()
        assert results_by_number(batch) == {ACTIVE: "unchanged"}

    def test_the_audit_log_has_one_line_per_step_and_one_per_number(self, alice, numbers):
        before = set(Event.objects.values_list("pk", flat=True))
        run_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="x")
        told = Event.objects.exclude(pk__in=before).order_by("pk").values_list("action", flat=True)
        changed = ["phone_number.changed"] * 2
        assert list(told) == ["batch.proposed", "batch.started", *changed, "batch.finished"]

    def test_a_slice_ends_and_the_next_goes_on(self, alice, numbers, settings):
        settings.BATCH_SLICE = timedelta(0.0)
        batch = propose_bulk_change(alice, "label", label="x")
        jobs.start_bulk_job(alice.by, batch.pk)
        settings.BATCH_SLICE = timedelta(microseconds=1500)
        for _turn in range(20):
            factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("done", 5)
        assert batch.fence > 1


class TestStartingAndStopping:
    def test_starting_twice_does_no_harm(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", label="x")
        assert jobs.start_bulk_job(alice.by, batch.pk) == jobs.start_bulk_job(alice.by, batch.pk)
        assert Event.objects.filter(action="batch.started").count() == 1

    def test_what_is_done_is_not_stopped(self, alice, numbers):
        batch = run_bulk_change(alice, "label", label="x")
        with pytest.raises(BulkJobError, match="it is done"):
            jobs.stop_bulk_job(alice.by, batch.pk)

    def test_nothing_to_do_is_nothing_to_start(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", [DELETED], label="x")
        with pytest.raises(BulkJobError, match="nothing to do"):
            jobs.start_bulk_job(alice.by, batch.pk)

    def test_a_stop_between_two_rows_leaves_the_rest(self, alice, numbers, monkeypatch):
        batch = propose_bulk_change(alice, "label", label="x")
        jobs.start_bulk_job(alice.by, batch.pk)
        label, seen = batch_kinds.ROW_ACTIONS["label"], []

        def stop_at_the_third(by, given, row):
            seen.append(row)
            if len(seen) == 3:
                jobs.stop_bulk_job(alice.by, batch.pk)
            return label(by, given, row)

        monkeypatch.setitem(batch_kinds.ROW_ACTIONS, "label", stop_at_the_third)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert PhoneNumber.objects.filter(label="x").count() == batch.done == 2
        assert sorted(results_by_number(batch).values()) == [
            "done",
            "done",
            "error",
            "todo",
            "todo",
            "todo",
        ]

    def test_a_viewer_may_nothing(self, alice, carol, numbers):
        by = member_principal(carol.user.memberships.select_related("organization", "user").get())
        batch = propose_bulk_change(alice, "label", label="x")
        for act in (
            jobs.start_bulk_job,
            jobs.stop_bulk_job,
            jobs.create_undo_job,
            jobs.create_retry_job,
        ):
            with pytest.raises(PermissionDenied):
                act(by, batch.pk)

    def test_a_stranger_finds_none(self, alice, mallory, numbers):
        batch = propose_bulk_change(alice, "label", label="x")
        with pytest.raises(Batch.DoesNotExist):
            jobs.start_bulk_job(mallory.by, batch.pk)


class TestWhoAsked:
    @pytest.fixture
    def batch(self, bob, numbers) -> Batch:
        """Bob's, started."""
        membership = bob.user.memberships.select_related("organization", "user").get()
        by = member_principal(membership)
        rows = bob.organization.phone_numbers.all()
        made = jobs.create_change_job(by, action="label", options={"label": "x"}, numbers=rows)
        return jobs.start_bulk_job(by, made.pk)

    def test_works_as_long_as_they_may(self, batch):
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("done", 5)
        assert Event.objects.filter(action="phone_number.changed").last().actor_kind == "member"

    @pytest.mark.parametrize("leaves", [True, False])
    def test_stops_when_they_may_no_more(self, alice, bob, batch, leaves):
        if leaves:
            remove_member(alice.by, user=bob.user)
        else:
            change_member_role(alice.by, user=bob.user, role="user")
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("stopped", 0)
        assert "bob@example.com may not do this any more" in batch.reason
        assert not PhoneNumber.objects.filter(label="x").exists()


class TestUndo:
    def test_labels_come_back(self, alice, numbers):
        PhoneNumber.objects.filter(e164=ACTIVE).update(label="Old")
        batch = run_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="New")
        undone = jobs.create_undo_job(alice.by, batch.pk)
        assert (undone.state, undone.undoes, undone.left) == ("ready", batch, 2)
        jobs.start_bulk_job(alice.by, undone.pk)
        factories.run_due_bulk_jobs()
        assert PhoneNumber.objects.get(e164=ACTIVE).label == "Old"
        assert PhoneNumber.objects.get(e164=INACTIVE).label is None

    def test_switches_go_back(self, alice, numbers):
        batch = run_bulk_change(alice, "deactivate", [ACTIVE, INACTIVE])
        factories.run_due_operations()
        undone = jobs.create_undo_job(alice.by, batch.pk)
        assert undone.action == "activate"
        assert results_by_number(undone) == {ACTIVE: "todo"}, "what was inactive before stays so"

    def test_agents_come_back(self, alice, numbers):
        PhoneNumber.objects.filter(e164=ACTIVE).update(inbound_agent_id="somebody.else")
        batch = run_bulk_change(alice, "assign", [ACTIVE])
        jobs.start_bulk_job(alice.by, jobs.create_undo_job(alice.by, batch.pk).pk)
        factories.run_due_bulk_jobs()
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id == "somebody.else"

    @pytest.mark.parametrize("when", ["before the preview", "after it"])
    def test_what_somebody_has_changed_since_stays(self, alice, numbers, when):
        batch = run_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="New")
        later = PhoneNumber.objects.filter(e164=ACTIVE)
        if when == "before the preview":
            later.update(label="Newer")
        undone = jobs.create_undo_job(alice.by, batch.pk)
        later.update(label="Newer")
        jobs.start_bulk_job(alice.by, undone.pk)
        factories.run_due_bulk_jobs()
        assert later.get().label == "Newer"
        assert "changed since" in undone.rows.get(text=ACTIVE).message
        assert results_by_number(undone)[INACTIVE] == "done"

    def test_posted_twice_is_one(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE], label="New")
        assert jobs.create_undo_job(alice.by, batch.pk) == jobs.create_undo_job(alice.by, batch.pk)

    def test_undone_is_undone(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE], label="New")
        jobs.start_bulk_job(alice.by, jobs.create_undo_job(alice.by, batch.pk).pk)
        with pytest.raises(BulkJobError, match="already"):
            jobs.create_undo_job(alice.by, batch.pk)

    @pytest.mark.parametrize("action", ["delete", "retry"])
    def test_some_changes_cannot_be_undone(self, alice, numbers, action):
        batch = run_bulk_change(alice, action, [FAILED])
        with pytest.raises(BulkJobError, match="cannot be undone"):
            jobs.create_undo_job(alice.by, batch.pk)

    def test_what_is_not_done_is_not_undone(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", label="x")
        with pytest.raises(BulkJobError, match="when it is done"):
            jobs.create_undo_job(alice.by, batch.pk)


class TestAgain:
    def test_only_what_failed(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="x")
        batch.rows.filter(text=ACTIVE).update(fate="failed")
        PhoneNumber.objects.filter(e164=ACTIVE).update(label=None)
        again = jobs.create_retry_job(alice.by, batch.pk)
        assert results_by_number(again) == {ACTIVE: "todo"}
        assert again.rows.get().values == {"label": "x"}

    def test_what_was_not_begun_when_it_was_stopped(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", [ACTIVE, INACTIVE], label="x")
        batch.rows.filter(text=ACTIVE).update(fate="done")
        jobs.start_bulk_job(alice.by, batch.pk)
        jobs.stop_bulk_job(alice.by, batch.pk)
        again = jobs.create_retry_job(alice.by, batch.pk)
        assert results_by_number(again) == {INACTIVE: "todo"}

    def test_an_undoing_stays_one(self, alice, numbers):
        batch = run_bulk_change(alice, "label", [ACTIVE], label="x")
        undoing = jobs.create_undo_job(alice.by, batch.pk)
        jobs.start_bulk_job(alice.by, undoing.pk)
        jobs.stop_bulk_job(alice.by, undoing.pk)
        assert jobs.create_retry_job(alice.by, undoing.pk).undoes_id == batch.pk

    def test_what_was_never_started_has_nothing_to_go_on_with(self, alice, numbers):
        batch = propose_bulk_change(alice, "label", [ACTIVE], label="x")
        jobs.stop_bulk_job(alice.by, batch.pk)
        with pytest.raises(BulkJobError, match="nothing to try"):
            jobs.create_retry_job(alice.by, batch.pk)

    def test_nothing_failed(self, alice, numbers):
        batch = run_bulk_change(alice, "label", label="x")
        with pytest.raises(BulkJobError, match="nothing to try"):
            jobs.create_retry_job(alice.by, batch.pk)
