"""A platform's reply that ends each worker's child that reads it, as one that takes too much memory
does: the operation ends with a reason, and the worker goes on."""

import os
import signal
from pathlib import Path

import pytest

from integrations.ledger.leases import MAX_FAULTS
from integrations.models import Operation
from numbers.models import PhoneNumber
from tests.chaos.processes import wait_until
from tests.support import factories

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def child_pids(pid: int) -> list[int]:
    """The pool's processes; /proc tells them without another package."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


def test_an_operation_ends_its_workers_a_few_times_only(alice, jambonz, processes):
    processes.env |= {"PATCHBAY_LEASE_SECONDS": "1", "PATCHBAY_JOB_LEASE_SECONDS": "1"}
    processes.env |= {"PATCHBAY_REDISPATCH_SECONDS": "2"}
    carrier = factories.create_carrier(alice.by, name="SIP")
    number = factories.create_number(
        alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid
    )
    operation = factories.find_open_operation("placement", number.placements.get().id)
    for _ in range(MAX_FAULTS):
        jambonz.hang("GET", "/PhoneNumbers")
    processes.start_dispatcher()
    worker = processes.start_worker()
    for count in range(1, MAX_FAULTS + 1):
        asked = len(jambonz.requests)
        wait_until(lambda asked=asked: len(jambonz.requests) > asked)
        assert Operation.objects.get(pk=operation.pk).attempts == count
        for child in child_pids(worker.pid):
            os.kill(child, signal.SIGKILL)
    wait_until(lambda: PhoneNumber.objects.get(pk=number.pk).status == "failed")
    assert "worker ended" in Operation.objects.get(pk=operation.pk).reason
    other = factories.create_number(alice.by, "+18005550000", settled=False)
    wait_until(lambda: PhoneNumber.objects.get(pk=other.pk).status == "active")
    assert worker.poll() is None
