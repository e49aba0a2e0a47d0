"""Many numbers at once: what a batch would do, does, and leaves behind."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from numbers.bulk import actions as batch_kinds
from numbers.bulk import jobs
from numbers.bulk.jobs import CannotBatch
from numbers.models import Batch, PhoneNumber
from organizations.access.principals import of_key, of_member
from organizations.models import Event
from organizations.operations import change_role, remove_member
from tests.support import factories
from tests.support.bulk_jobs import (
    ACTIVE,
    COMING,
    DELETED,
    FAILED,
    INACTIVE,
    RECORDED,
    done,
    fates,
    one_of_each,
    propose,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(alice) -> dict[str, PhoneNumber]:
    return one_of_each(alice)


class TestProposing:
    @pytest.mark.parametrize(
        ("action", "options", "todo", "errors"),
        [
            ("activate", {}, [INACTIVE], [FAILED, RECORDED, DELETED]),
            ("deactivate", {}, [ACTIVE], [FAILED, DELETED, COMING]),
            ("label", {"label": "x"}, [ACTIVE, INACTIVE, FAILED, RECORDED, COMING], [DELETED]),
            ("assign", {}, [], [DELETED]),
            ("retry", {}, [FAILED, RECORDED, COMING], [DELETED]),
            ("delete", {}, [ACTIVE, INACTIVE, FAILED, RECORDED, COMING], []),
        ],
    )
    def test_each_number_gets_its_fate(self, alice, numbers, action, options, todo, errors):
        batch = propose(alice, action, **options)
        found = fates(batch)
        assert {text for text, fate in found.items() if fate == "todo"} == set(todo)
        assert {text for text, fate in found.items() if fate == "error"} == set(errors)
        assert (batch.state, batch.total, batch.left) == ("ready", 6, len(todo))
        assert all(row.message for row in batch.rows.filter(fate="error"))

    def test_the_preview_is_what_happens(self, alice, numbers):
        for action in ("activate", "deactivate"):
            batch = done(alice, action)
            assert (batch.state, batch.failed, batch.left) == ("done", 0, 0)

    def test_nothing_changes_before_the_start(self, alice, numbers):
        propose(alice, "label", label="x")
        factories.work_batches()
        assert not PhoneNumber.objects.filter(label="x").exists()

    def test_the_selection_is_frozen(self, alice, numbers):
        rows = alice.organization.phone_numbers.filter(label=None).order_by("-created_at")
        batch = jobs.propose_change(alice.by, action="label", options={"label": "x"}, numbers=rows)
        late = factories.number(alice.by, "+14155550107", settled=False)
        jobs.start(alice.by, batch.pk)
        factories.work_batches()
        late.refresh_from_db()
        assert late.label is None
        assert batch.rows.count() == 6

    def test_a_strangers_numbers_are_not_in_it(self, alice, mallory, numbers):
        hers = factories.number(mallory.by, "+14155550199")
        everything = PhoneNumber.objects.all()
        batch = jobs.propose_change(
            alice.by, action="label", options={"label": "x"}, numbers=everything
        )
        assert hers.e164 not in fates(batch)

    def test_lines_follow_the_numbers(self, alice, numbers):
        rows = propose(alice, "delete").rows.order_by("line").values_list("line", "text")
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
        with pytest.raises(CannotBatch, match=words):
            propose(alice, action, **options)
        assert not Batch.objects.exists()

    def test_an_empty_selection_is_refused(self, alice):
        with pytest.raises(CannotBatch, match="No number"):
            propose(alice, "retry")

    def test_too_many_are_refused(self, alice, numbers, monkeypatch):
        monkeypatch.setattr(jobs, "MOST_ROWS", 5)
        with pytest.raises(CannotBatch, match="More than 5"):
            propose(alice, "retry")

    @pytest.mark.parametrize(("action", "may"), [("label", True), ("delete", False)])
    def test_a_key_without_the_scope_proposes_nothing(self, alice, numbers, action, may):
        alice.key.scopes = ["phone_numbers:read"]
        by = of_key(alice.key, owner_role="admin")
        rows = alice.organization.phone_numbers.all()
        with pytest.raises(PermissionDenied):
            jobs.propose_change(by, action=action, options={}, numbers=rows)


class TestDoing:
    def test_labels(self, alice, numbers):
        batch = done(alice, "label", [ACTIVE, DELETED], label=" Front desk ")
        assert PhoneNumber.objects.get(e164=ACTIVE).label == "Front desk"
        assert (batch.state, batch.done, batch.skipped, batch.total) == ("done", 1, 1, 2)

    def test_an_agent(self, alice, numbers):
        alice.organization.agents.create(agent_id="agent_front", name="Front")
        done(alice, "assign", [ACTIVE], agent_id="agent_front")
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id == "agent_front"
        done(alice, "assign", [ACTIVE], agent_id="")
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id is None

    def test_switching(self, alice, numbers):
        done(alice, "deactivate", [ACTIVE])
        factories.work_all()
        assert PhoneNumber.objects.get(e164=ACTIVE).status == "inactive"

    def test_trying_again(self, alice, numbers):
        done(alice, "retry", [FAILED])
        factories.work_all()
        assert PhoneNumber.objects.get(e164=FAILED).status == "active"

    def test_deleting(self, alice, numbers):
        batch = done(alice, "delete", [ACTIVE, RECORDED])
        assert PhoneNumber.objects.filter(status="deleted").count() == 3
        assert batch.rows.get(text=ACTIVE).before["platforms"] == ["Sandbox"]

    def test_only_what_is_supplied_is_given_back(self, alice, numbers):
        number = numbers[INACTIVE]
        number.placements.update(role="supply")
        batch = propose(alice, "delete", [ACTIVE, INACTIVE])
        jobs.start(alice.by, batch.pk, release=True)
        factories.work_batches()
        batch.refresh_from_db()
        assert (batch.done, batch.failed) == (2, 0)
        assert number.placements.get().release
        assert not numbers[ACTIVE].placements.get().release

    def test_one_refusal_is_one_rows_failure(self, alice, numbers):
        batch = propose(alice, "deactivate", [ACTIVE, INACTIVE, COMING])
        batch.rows.filter(text=COMING).update(fate="todo")
        Batch.objects.filter(pk=batch.pk).update(skipped=1)
        jobs.start(alice.by, batch.pk)
        factories.work_batches()
        batch.refresh_from_db()
        assert (batch.state, batch.done, batch.failed) == ("done", 1, 1)
        assert "pending" in batch.rows.get(text=COMING).message

    def test_a_fault_of_ours_is_logged_and_fails_one_row(self, alice, numbers, monkeypatch, caplog):
        batch = propose(alice, "retry", [FAILED, RECORDED])
        monkeypatch.setitem(batch_kinds.DOING, "retry", lambda *given: 1 / 0)
        jobs.start(alice.by, batch.pk)
        factories.work_batches()
        batch.refresh_from_db()
        assert (batch.state, batch.failed) == ("done", 2)
        assert "ZeroDivisionError" in caplog.text
        assert "log" in batch.rows.first().message

    def test_a_number_that_changed_meanwhile_is_left_as_it_is(self, alice, numbers):
        batch = propose(alice, "label", [ACTIVE], label="x")
        PhoneNumber.objects.filter(e164=ACTIVE).update(label="x")
        jobs.start(alice.by, batch.pk)
        factories.work_batches()
        assert fates(batch) == {ACTIVE: "unchanged"}

    def test_the_audit_log_has_one_line_per_step_and_one_per_number(self, alice, numbers):
        before = set(Event.objects.values_list("pk", flat=True))
        done(alice, "label", [ACTIVE, INACTIVE], label="x")
        told = Event.objects.exclude(pk__in=before).order_by("pk").values_list("action", flat=True)
        changed = ["phone_number.changed"] * 2
        assert list(told) == ["batch.proposed", "batch.started", *changed, "batch.finished"]

    def test_a_slice_ends_and_the_next_goes_on(self, alice, numbers, settings):
        settings.BATCH_SLICE = timedelta(0.0)
        batch = propose(alice, "label", label="x")
        jobs.start(alice.by, batch.pk)
        settings.BATCH_SLICE = timedelta(microseconds=1500)
        for _turn in range(20):
            factories.work_batches()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("done", 5)
        assert batch.fence > 1


class TestStartingAndStopping:
    def test_starting_twice_does_no_harm(self, alice, numbers):
        batch = propose(alice, "label", label="x")
        assert jobs.start(alice.by, batch.pk) == jobs.start(alice.by, batch.pk)
        assert Event.objects.filter(action="batch.started").count() == 1

    def test_what_is_done_is_not_stopped(self, alice, numbers):
        batch = done(alice, "label", label="x")
        with pytest.raises(CannotBatch, match="it is done"):
            jobs.stop(alice.by, batch.pk)

    def test_nothing_to_do_is_nothing_to_start(self, alice, numbers):
        batch = propose(alice, "label", [DELETED], label="x")
        with pytest.raises(CannotBatch, match="nothing to do"):
            jobs.start(alice.by, batch.pk)

    def test_a_stop_between_two_rows_leaves_the_rest(self, alice, numbers, monkeypatch):
        batch = propose(alice, "label", label="x")
        jobs.start(alice.by, batch.pk)
        label, seen = batch_kinds.DOING["label"], []

        def stop_at_the_third(by, given, row):
            seen.append(row)
            if len(seen) == 3:
                jobs.stop(alice.by, batch.pk)
            return label(by, given, row)

        monkeypatch.setitem(batch_kinds.DOING, "label", stop_at_the_third)
        factories.work_batches()
        batch.refresh_from_db()
        assert PhoneNumber.objects.filter(label="x").count() == batch.done == 2
        assert sorted(fates(batch).values()) == ["done", "done", "error", "todo", "todo", "todo"]

    def test_a_viewer_may_nothing(self, alice, carol, numbers):
        by = of_member(carol.user.memberships.select_related("organization", "user").get())
        batch = propose(alice, "label", label="x")
        for act in (jobs.start, jobs.stop, jobs.undo, jobs.retry_failed):
            with pytest.raises(PermissionDenied):
                act(by, batch.pk)

    def test_a_stranger_finds_none(self, alice, mallory, numbers):
        batch = propose(alice, "label", label="x")
        with pytest.raises(Batch.DoesNotExist):
            jobs.start(mallory.by, batch.pk)


class TestWhoAsked:
    @pytest.fixture
    def batch(self, bob, numbers) -> Batch:
        """Bob's, started."""
        membership = bob.user.memberships.select_related("organization", "user").get()
        by = of_member(membership)
        rows = bob.organization.phone_numbers.all()
        made = jobs.propose_change(by, action="label", options={"label": "x"}, numbers=rows)
        return jobs.start(by, made.pk)

    def test_works_as_long_as_they_may(self, batch):
        factories.work_batches()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("done", 5)
        assert Event.objects.filter(action="phone_number.changed").last().actor_kind == "member"

    @pytest.mark.parametrize("leaves", [True, False])
    def test_stops_when_they_may_no_more(self, alice, bob, batch, leaves):
        if leaves:
            remove_member(alice.by, user=bob.user)
        else:
            change_role(alice.by, user=bob.user, role="user")
        factories.work_batches()
        batch.refresh_from_db()
        assert (batch.state, batch.done) == ("stopped", 0)
        assert "bob@example.com may not do this any more" in batch.reason
        assert not PhoneNumber.objects.filter(label="x").exists()


class TestUndo:
    def test_labels_come_back(self, alice, numbers):
        PhoneNumber.objects.filter(e164=ACTIVE).update(label="Old")
        batch = done(alice, "label", [ACTIVE, INACTIVE], label="New")
        undone = jobs.undo(alice.by, batch.pk)
        assert (undone.state, undone.undoes, undone.left) == ("ready", batch, 2)
        jobs.start(alice.by, undone.pk)
        factories.work_batches()
        assert PhoneNumber.objects.get(e164=ACTIVE).label == "Old"
        assert PhoneNumber.objects.get(e164=INACTIVE).label is None

    def test_switches_go_back(self, alice, numbers):
        batch = done(alice, "deactivate", [ACTIVE, INACTIVE])
        factories.work_all()
        undone = jobs.undo(alice.by, batch.pk)
        assert undone.action == "activate"
        assert fates(undone) == {ACTIVE: "todo"}, "what was inactive before stays so"

    def test_agents_come_back(self, alice, numbers):
        PhoneNumber.objects.filter(e164=ACTIVE).update(inbound_agent_id="somebody.else")
        batch = done(alice, "assign", [ACTIVE])
        jobs.start(alice.by, jobs.undo(alice.by, batch.pk).pk)
        factories.work_batches()
        assert PhoneNumber.objects.get(e164=ACTIVE).inbound_agent_id == "somebody.else"

    @pytest.mark.parametrize("when", ["before the preview", "after it"])
    def test_what_somebody_has_changed_since_stays(self, alice, numbers, when):
        batch = done(alice, "label", [ACTIVE, INACTIVE], label="New")
        later = PhoneNumber.objects.filter(e164=ACTIVE)
        if when == "before the preview":
            later.update(label="Newer")
        undone = jobs.undo(alice.by, batch.pk)
        later.update(label="Newer")
        jobs.start(alice.by, undone.pk)
        factories.work_batches()
        assert later.get().label == "Newer"
        assert "changed since" in undone.rows.get(text=ACTIVE).message
        assert fates(undone)[INACTIVE] == "done"

    def test_posted_twice_is_one(self, alice, numbers):
        batch = done(alice, "label", [ACTIVE], label="New")
        assert jobs.undo(alice.by, batch.pk) == jobs.undo(alice.by, batch.pk)

    def test_undone_is_undone(self, alice, numbers):
        batch = done(alice, "label", [ACTIVE], label="New")
        jobs.start(alice.by, jobs.undo(alice.by, batch.pk).pk)
        with pytest.raises(CannotBatch, match="already"):
            jobs.undo(alice.by, batch.pk)

    @pytest.mark.parametrize("action", ["delete", "retry"])
    def test_some_changes_cannot_be_undone(self, alice, numbers, action):
        batch = done(alice, action, [FAILED])
        with pytest.raises(CannotBatch, match="cannot be undone"):
            jobs.undo(alice.by, batch.pk)

    def test_what_is_not_done_is_not_undone(self, alice, numbers):
        batch = propose(alice, "label", label="x")
        with pytest.raises(CannotBatch, match="when it is done"):
            jobs.undo(alice.by, batch.pk)


class TestAgain:
    def test_only_what_failed(self, alice, numbers):
        batch = done(alice, "label", [ACTIVE, INACTIVE], label="x")
        batch.rows.filter(text=ACTIVE).update(fate="failed")
        PhoneNumber.objects.filter(e164=ACTIVE).update(label=None)
        again = jobs.retry_failed(alice.by, batch.pk)
        assert fates(again) == {ACTIVE: "todo"}
        assert again.rows.get().values == {"label": "x"}

    def test_what_was_not_begun_when_it_was_stopped(self, alice, numbers):
        batch = propose(alice, "label", [ACTIVE, INACTIVE], label="x")
        batch.rows.filter(text=ACTIVE).update(fate="done")
        jobs.start(alice.by, batch.pk)
        jobs.stop(alice.by, batch.pk)
        again = jobs.retry_failed(alice.by, batch.pk)
        assert fates(again) == {INACTIVE: "todo"}

    def test_an_undoing_stays_one(self, alice, numbers):
        batch = done(alice, "label", [ACTIVE], label="x")
        undoing = jobs.undo(alice.by, batch.pk)
        jobs.start(alice.by, undoing.pk)
        jobs.stop(alice.by, undoing.pk)
        assert jobs.retry_failed(alice.by, undoing.pk).undoes_id == batch.pk

    def test_what_was_never_started_has_nothing_to_go_on_with(self, alice, numbers):
        batch = propose(alice, "label", [ACTIVE], label="x")
        jobs.stop(alice.by, batch.pk)
        with pytest.raises(CannotBatch, match="nothing to try"):
            jobs.retry_failed(alice.by, batch.pk)

    def test_nothing_failed(self, alice, numbers):
        batch = done(alice, "label", label="x")
        with pytest.raises(CannotBatch, match="nothing to try"):
            jobs.retry_failed(alice.by, batch.pk)
