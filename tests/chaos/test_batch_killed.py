"""kill -9 of the whole worker in the midst of a batch: every row is done exactly once."""

import pytest
from django.db.models import Count

from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from organizations.models import Event
from tests.chaos.processes import Processes, until
from tests.support.spreadsheets import workbook

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
COUNT, LARGE = 300, 20_000
RECORDED = {"destination": "record"}


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


def state_of(batch: Batch) -> Batch:
    return Batch.objects.defer("file").get(pk=batch.pk)


def kill_in_the_midst(processes: Processes, batch: Batch, is_midway) -> None:
    """Twice: the first worker, and the one that took over."""
    processes.start_dispatcher()
    for share in (1, 2):
        worker = processes.start_worker()
        until(lambda share=share: is_midway(state_of(batch), share))
        processes.kill(worker)
    processes.start_worker()


def test_every_number_is_changed_once(alice, numbers, processes):
    batch = jobs.propose_change(alice.by, action="label", options={"label": "x"}, numbers=numbers)
    jobs.start(alice.by, batch.pk)
    kill_in_the_midst(processes, batch, lambda now, share: now.done >= share * COUNT / 6)
    assert state_of(batch).done < COUNT, "it was too quick to be killed"
    until(lambda: state_of(batch).state == "done")
    batch = state_of(batch)
    assert (batch.done, batch.failed, batch.left) == (COUNT, 0, 0)
    assert numbers.filter(label="x", version=2).count() == COUNT
    told = Event.objects.filter(action="phone_number.changed").values("subject_id")
    assert not told.annotate(times=Count("pk")).exclude(times=1).exists()
    assert told.count() == COUNT
    assert Event.objects.filter(action="batch.finished").count() == 1


def test_every_line_is_checked_once(alice, processes):
    rows = [{"number": f"+1415{line:07}"} for line in range(2_000_000, 2_000_000 + LARGE)]
    batch = jobs.propose_import(alice.by, title="Large", options=RECORDED, rows=rows)
    kill_in_the_midst(processes, batch, lambda now, share: now.total >= share * LARGE / 8)
    assert state_of(batch).state == "checking", "it was too quick to be killed"
    until(lambda: state_of(batch).state == "ready")
    lines = batch.rows.values_list("line", flat=True)
    assert (lines.count(), len(set(lines))) == (LARGE, LARGE)
    assert state_of(batch).total == LARGE


def test_a_workbook_is_read_by_a_process_of_the_workers(alice, processes):
    """Celery's own are daemons, which may not have children of every kind."""
    file = workbook(["Number"], *[[f"+1415{line:07}"] for line in range(2_000_000, 2_000_500)])
    batch = jobs.propose_import(alice.by, title="Excel", options=RECORDED, file=file)
    processes.start_dispatcher()
    processes.start_worker()
    until(lambda: state_of(batch).state != "checking")
    assert (state_of(batch).state, batch.rows.filter(fate="todo").count()) == ("ready", 500)
