"""kill -9 of the whole worker in the midst of a batch: every row is done exactly once."""

import pytest
from django.db.models import Count

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from organizations.models import Event
from tests.chaos.processes import Processes, wait_until
from tests.support.spreadsheets import build_workbook

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
COUNT, LARGE = 300, 20_000
RECORD_OPTIONS = {"destination": "record"}


@pytest.fixture
def numbers(alice):
    """Recorded ones, which are nowhere."""
    organization = alice.organization
    PhoneNumber.objects.bulk_create(
        PhoneNumber(
            organization=organization,
            e164=f"+1415555{line:04}",
            source="manual",
            status="inactive",
            wanted="inactive",
        )
        for line in range(COUNT)
    )
    return organization.phone_numbers.all()


def reload_bulk_job(batch: Batch) -> Batch:
    return Batch.objects.defer("file").get(pk=batch.pk)


def kill_worker_midway(processes: Processes, batch: Batch, is_midway) -> None:
    """Twice: the first worker, and the one that took over."""
    processes.start_dispatcher()
    for share in (1, 2):
        worker = processes.start_worker()
        wait_until(lambda share=share: is_midway(reload_bulk_job(batch), share))
        processes.kill(worker)
    processes.start_worker()


def test_every_number_is_changed_once(alice, numbers, processes):
    batch = jobs.create_change_job(
        alice.by, action="label", options={"label": "x"}, numbers=numbers
    )
    jobs.start_bulk_job(alice.by, batch.pk)
    kill_worker_midway(processes, batch, lambda now, share: now.done >= share * COUNT / 6)
    assert reload_bulk_job(batch).done < COUNT, "it was too quick to be killed"
    wait_until(lambda: reload_bulk_job(batch).state == "done")
    batch = reload_bulk_job(batch)
    assert (batch.done, batch.failed, batch.left) == (COUNT, 0, 0)
    assert numbers.filter(label="x", version=2).count() == COUNT
    told = Event.objects.filter(action="phone_number.changed").values("subject_id")
    assert not told.annotate(times=Count("pk")).exclude(times=1).exists()
    assert told.count() == COUNT
    assert Event.objects.filter(action="batch.finished").count() == 1


def test_every_line_is_checked_once(alice, processes):
    rows = [{"number": f"+1415{line:07}"} for line in range(2_000_000, 2_000_000 + LARGE)]
    batch = jobs.create_import_job(alice.by, title="Large", options=RECORD_OPTIONS, rows=rows)
    kill_worker_midway(processes, batch, lambda now, share: now.total >= share * LARGE / 8)
    assert reload_bulk_job(batch).state == "checking", "it was too quick to be killed"
    wait_until(lambda: reload_bulk_job(batch).state == "ready")
    lines = batch.rows.values_list("line", flat=True)
    assert (lines.count(), len(set(lines))) == (LARGE, LARGE)
    assert reload_bulk_job(batch).total == LARGE


def test_a_workbook_is_read_by_a_process_of_the_workers(alice, processes):
    """Celery's own are daemons, which may not have children of every kind."""
    file = build_workbook(
        ["Number"], *[[f"+1415{line:07}"] for line in range(2_000_000, 2_000_500)]
    )
    batch = jobs.create_import_job(alice.by, title="Excel", options=RECORD_OPTIONS, file=file)
    processes.start_dispatcher()
    processes.start_worker()
    wait_until(lambda: reload_bulk_job(batch).state != "checking")
    assert (reload_bulk_job(batch).state, batch.rows.filter(fate="todo").count()) == ("ready", 500)
