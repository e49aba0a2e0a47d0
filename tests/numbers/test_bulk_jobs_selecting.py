"""A change of very many numbers is selected by a worker, not in the request."""

import pytest

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.bulk_jobs import run_bulk_change

pytestmark = pytest.mark.django_db
NUMBERS = [f"+1415555010{n}" for n in range(4)]
RECORDED = {"destination": "record", "start": True}


@pytest.fixture(autouse=True)
def _two_are_many(monkeypatch):
    monkeypatch.setattr(jobs, "MAX_SYNCHRONOUS_ROWS", 1)


@pytest.fixture
def numbers(alice) -> None:
    for number in NUMBERS:
        factories.create_number(alice.by, number)
    factories.create_number(alice.by, "+442071838750")


def propose(browser, member, **form: str) -> Batch:
    browser.post(screen_url(member.organization, "batches_propose"), {"action": "label", **form})
    return member.organization.batches.defer("file").latest("created_at")


def test_the_request_selects_nothing(alice, browse, numbers):
    browser = browse(alice)
    batch = propose(browser, alice, all="1", query="?q=415", label="Desk")
    assert (batch.state, batch.total, batch.rows.count()) == ("checking", 0, 0)
    page = browser.get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text
    assert "are checked so far" in page
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.total, batch.left) == ("ready", 4, 4)
    assert sorted(batch.rows.values_list("text", flat=True)) == NUMBERS
    jobs.start_bulk_job(alice.by, batch.pk)
    factories.run_due_bulk_jobs()
    assert PhoneNumber.objects.filter(label="Desk").count() == 4


def test_those_that_are_marked_are_frozen_at_once(alice, browse, numbers):
    ids = list(alice.organization.phone_numbers.values_list("pk", flat=True))
    batch = propose(browse(alice), alice, number=ids, label="Desk")
    assert (batch.state, batch.total) == ("ready", 5)


def test_the_days_of_a_filter_are_the_readers(alice, browse, numbers):
    batch = propose(browse(alice), alice, all="1", query="after=2000-01-01", label="Desk")
    assert batch.options["zone"]
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    assert batch.total == 5


def test_what_matches_nothing_by_then_is_refused_with_the_reason(alice, browse, numbers):
    batch = propose(browse(alice), alice, all="1", query="q=415", label="Desk")
    PhoneNumber.objects.all().update(label="x")
    alice.organization.phone_numbers.all().delete()
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.reason) == ("refused", "No number is selected.")


def test_it_can_be_stopped_while_it_is_selected(alice, browse, numbers):
    batch = propose(browse(alice), alice, all="1", query="q=415", label="Desk")
    jobs.stop_bulk_job(alice.by, batch.pk)
    factories.run_due_bulk_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.rows.count()) == ("stopped", 0)


def test_an_undo_of_many_is_selected_by_a_worker_too(alice, numbers):
    first = run_bulk_change(alice, "label", NUMBERS, label="Desk")
    undoing = jobs.create_undo_job(alice.by, first.pk)
    assert undoing.state == "checking"
    assert jobs.create_undo_job(alice.by, first.pk) == undoing  # posted twice
    factories.run_due_bulk_jobs()
    undoing.refresh_from_db()
    assert (undoing.state, undoing.left) == ("ready", 4)
    jobs.start_bulk_job(alice.by, undoing.pk)
    factories.run_due_bulk_jobs()
    assert not PhoneNumber.objects.filter(label="Desk").exists()


def test_so_is_trying_many_again(alice, numbers):
    first = run_bulk_change(alice, "label", NUMBERS, label="Desk")
    first.rows.update(fate="failed")
    Batch.objects.filter(pk=first.pk).update(done=0, failed=4)
    again = jobs.create_retry_job(alice.by, first.pk)
    assert again.state == "checking"
    factories.run_due_bulk_jobs()
    again.refresh_from_db()
    assert (again.state, again.total) == ("ready", 4)


def test_an_import_is_tried_again_without_its_rows_in_the_request(alice):
    rows = [{"number": number, "label": "Desk"} for number in NUMBERS]
    first = jobs.create_import_job(alice.by, title="x", options=RECORDED, rows=rows)
    factories.run_due_bulk_jobs()
    first.refresh_from_db()
    first.rows.update(fate="failed")
    PhoneNumber.objects.all().delete()
    again = jobs.create_retry_job(alice.by, first.pk)
    assert (again.file, again.state) == (None, "checking")
    factories.run_due_bulk_jobs()
    again.refresh_from_db()
    assert (again.state, again.total) == ("ready", 4)
    assert {row.values["label"] for row in again.rows.all()} == {"Desk"}
