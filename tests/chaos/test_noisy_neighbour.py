"""A noisy organization, with fifty integrations on a server that drips and a hundred imports, and a
quiet one beside it, whose number is active and whose import is checked at once.

PATCHBAY_NOISY_RUNS says how many numbers and imports the quiet one tries; CI tries a few.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from django.utils import timezone

from integrations.models import Integration, Operation
from numbers.bulk import jobs
from numbers.models import Batch, PhoneNumber
from tests.chaos.processes import LOOPBACK, Processes, wait_until
from tests.support import factories

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
RUN_COUNT = int(os.environ.get("PATCHBAY_NOISY_RUNS", "4"))
INTEGRATIONS, IMPORTS, QUEUED, ROWS = 50, 100, 20, 2_000
MAX_DELAY = 3.0  # seconds
RECORD_OPTIONS = {"destination": "record"}


class DrippingHandler(BaseHTTPRequestHandler):
    """A byte now and then, so that no read times out."""

    def do_GET(self) -> None:  # noqa: N802
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            while True:
                self.wfile.write(b" ")
                time.sleep(1)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_) -> None:
        """Silence."""


@pytest.fixture
def dripping() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), DrippingHandler) as server:
        server.daemon_threads, server.block_on_close = True, False
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def create_noisy_load(member: factories.Member, url: str) -> None:
    """Numbers on all the integrations and imports of many rows, all due now."""
    for count in range(INTEGRATIONS):
        integration = Integration(
            organization=member.organization,
            kind="jambonz",
            name=f"Dripping {count}",
            state="connected",
            settings={"base_url": url, "account_sid": str(uuid4())},
            max_in_flight=4,
        )
        integration.keep_secrets({"token": "x"})
        integration.save()
        Operation.objects.bulk_create(
            Operation(
                organization=member.organization,
                integration=integration,
                subject_kind="integration",
                subject_id=uuid4(),
                subject_label="noise",
                wish=Operation.Wish.CHECK,
                created_at=timezone.now(),
            )
            for _ in range(QUEUED)
        )
    for count in range(IMPORTS):
        rows = [{"number": f"+1415{count:03}{line:04}"} for line in range(2000, 2000 + ROWS)]
        options = {**RECORD_OPTIONS, "start": True}
        jobs.create_import_job(member.by, title=f"Noise {count}", options=options, rows=rows)


def seconds_until(true) -> float:
    began = time.monotonic()
    wait_until(true, 120)
    return time.monotonic() - began


@pytest.fixture
def noise(mallory, dripping, processes: Processes) -> None:
    processes.env["PATCHBAY_ALLOWED_PRIVATE_CIDRS"] = ",".join(LOOPBACK)
    for name in ("LEASE", "JOB_LEASE", "REDISPATCH"):
        del processes.env[f"PATCHBAY_{name}_SECONDS"]
    create_noisy_load(mallory, dripping)
    processes.start_dispatcher()
    processes.start("-m", "celery", "-A", "config", "worker", "--without-mingle")
    wait_until(Batch.objects.filter(lease_until__isnull=False).exists)
    time.sleep(2)


def test_the_quiet_one_is_served_at_once(alice, noise):
    took = []
    for count in range(RUN_COUNT):
        number = factories.create_number(alice.by, f"+1800555{count:04}", settled=False)
        row = PhoneNumber.objects.filter(pk=number.pk, status="active")
        number_took = seconds_until(row.exists)
        rows = [{"number": f"+1212555{count:04}"}]
        batch = jobs.create_import_job(alice.by, title="One row", options=RECORD_OPTIONS, rows=rows)
        checked = Batch.objects.filter(pk=batch.pk, state="ready")
        took.append((round(number_took, 2), round(seconds_until(checked.exists), 2)))
        time.sleep(1)
    print(f"seconds to an active number, and to a checked import: {took}")
    assert all(number < MAX_DELAY and checked < MAX_DELAY for number, checked in took), took
    assert Operation.objects.filter(organization__name="Mallory's", status="open").exists()
