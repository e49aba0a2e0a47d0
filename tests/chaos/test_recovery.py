"""How long each fault holds numbers up: the table of docs/operations.md. `make chaos ARGS="-k
recovery -s"` prints it.

A number is added twice a second. What counts is the longest time from the first request for one to
its being active.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.chaos import faults
from tests.chaos.client import NumberClient
from tests.chaos.faults import Fault
from tests.chaos.site import RedundantInstallation
from tests.fakes.jambonz import FakeJambonz

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
FAULT_SECONDS = 40.0  # seconds, of a fault that another of the same kind makes up for
SHORT_FAULT_SECONDS = 15.0  # of one that stops everything
ADD_INTERVAL = 0.5  # seconds from one number to the next
MAX_RECOVERY_SECONDS = 45.0  # seconds that a number may take

REDUNDANT = [
    *(faults.kill("web-1"), faults.freeze("web-1"), faults.silence_link("web-1", "database")),
    *(faults.kill("worker-1"), faults.kill_child("worker-1"), faults.freeze("worker-1")),
    *(faults.silence_link("worker-1", "database"), faults.silence_link("worker-1", "broker")),
    *(faults.kill("dispatcher-1"), faults.freeze("dispatcher-1")),
    *(
        faults.silence_link("dispatcher-1", "database"),
        faults.silence_link("dispatcher-1", "broker"),
    ),
]
SINGLE = [
    *(faults.kill("database"), faults.restart("database", signal.SIGINT)),
    *(faults.freeze("database"), faults.silence_all_links("database"), faults.disk_full()),
    *(faults.kill("broker"), faults.restart("broker")),
    *(faults.freeze("broker"), faults.silence_all_links("broker")),
]
TABLE_LINES = [
    *(replace(each, seconds=FAULT_SECONDS if each.seconds > 1 else 1) for each in REDUNDANT),
    *(
        replace(each, seconds=SHORT_FAULT_SECONDS if each.seconds > 3 else each.seconds)
        for each in SINGLE
    ),
]


@pytest.fixture(scope="module")
def installed() -> Iterator[tuple[RedundantInstallation, NumberClient]]:
    if not os.environ.get("PATCHBAY_UNATTENDED_RUNS"):
        pytest.skip("the table takes a quarter of an hour: make chaos")
    with FakeJambonz() as jambonz, RedundantInstallation() as site:
        client = NumberClient(site)
        client.connect(jambonz)
        yield site, client
        client.close()


@pytest.mark.parametrize("fault", TABLE_LINES, ids=str)
def test_recovery(installed, fault: Fault):
    site, client = installed
    make_leader(site, fault)
    added: dict[str, float] = {}
    fault_began = time.time()
    fault.begin(site)
    has_ended, end_at = False, time.monotonic() + fault.seconds
    while not has_ended or time.monotonic() < end_at + 5:
        if len(added) * ADD_INTERVAL <= time.time() - fault_began:
            added[client.add()] = time.time()
        if not has_ended and time.monotonic() >= end_at:
            fault.end(site)
            has_ended = True
        site.tend()
    waits = {
        number: at - added[number] for number, at in wait_for_activation_times(site, added).items()
    }
    longest = max(waits.values())
    lasted = f"{fault.seconds:.0f} s" if fault.seconds > 1 else "at once"
    print(f"\n| {fault} | {lasted} | {longest:.1f} s |")
    assert longest <= MAX_RECOVERY_SECONDS


def make_leader(site: RedundantInstallation, fault: Fault) -> None:
    """The dispatcher that the fault befalls leads."""
    if not fault.target.startswith("dispatcher"):
        return
    other = site.services["dispatcher-2"]
    other.is_held = True
    other.signal(signal.SIGTERM)
    site.until(lambda: other.process is None and reported(site, "leading") == 1, 60)
    other.is_held = False
    site.until(lambda: reported(site, "standing by") == 1, 30)


REPORTED = """
SELECT count(*) FROM integrations_process
WHERE kind = 'dispatcher' AND state = %s AND seen_at > now() - interval '12 seconds'
"""


def reported(site: RedundantInstallation, state: str) -> int:
    """Dispatchers in this state. The row of one that was killed stays for a while."""
    return site.sql(REPORTED, state)[0][0]


SETTLED_TIMES_SQL = """
SELECT n.e164, extract(epoch FROM max(o.settled_at))::float FROM numbers_phonenumber n
JOIN numbers_placement p ON p.phone_number_id = n.id
JOIN integrations_operation o ON o.subject_id = p.id AND o.status = 'done'
WHERE n.status = 'active' AND n.e164 = ANY(%s) GROUP BY n.e164
"""


def wait_for_activation_times(
    site: RedundantInstallation, added: dict[str, float]
) -> dict[str, float]:
    """When each number became active, once all are."""
    found: dict[str, float] = {}

    def all_are() -> bool:
        found.update(site.sql(SETTLED_TIMES_SQL, list(added)))
        return len(found) == len(added)

    site.until(all_are, MAX_RECOVERY_SECONDS + 30)
    return found
