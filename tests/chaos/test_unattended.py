"""Numbers are added while something breaks every three seconds: all of them are answered, become
active, and stand on the platform once.

PATCHBAY_UNATTENDED_RUNS says how often; `make chaos` does 20 whole runs, CI a short one.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from tests.chaos.client import NumberClient
from tests.chaos.faults import Fault, list_faults
from tests.chaos.site import RedundantInstallation
from tests.fakes.jambonz import FakeJambonz

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
RUN_COUNT = int(os.environ.get("PATCHBAY_UNATTENDED_RUNS", "0"))
NUMBERS, SECONDS = (300, 60.0) if RUN_COUNT else (90, 18.0)
FAULT_INTERVAL = 3.0  # seconds from one fault to the next
# Seconds after the last fault has ended. The short form is not about speed: it runs beside others.
MAX_RECOVERY_SECONDS = 30.0 if RUN_COUNT else 90.0


@pytest.fixture
def site() -> Iterator[RedundantInstallation]:
    with RedundantInstallation() as installed:
        yield installed


class FaultScenario:
    """The faults of one run, in an order by chance; one at a time befalls a target."""

    def __init__(self, site: RedundantInstallation, seed: int):
        self.site = site
        self.waiting = list_faults(site)
        random.Random(seed).shuffle(self.waiting)  # noqa: S311
        self.active: list[tuple[float, Fault]] = []
        self.told: list[str] = []
        self.began = time.monotonic()
        self.ended_at = self.began

    def begin_one(self) -> None:
        busy = {fault.target for _until, fault in self.active}
        fault = next(each for each in self.waiting if each.target not in busy)
        self.waiting.remove(fault)
        self.tell(str(fault))
        fault.begin(self.site)
        self.active.append((time.monotonic() + fault.seconds, fault))

    def end_some(self) -> None:
        for until, fault in list(self.active):
            if time.monotonic() >= until:
                fault.end(self.site)
                self.active.remove((until, fault))
                self.ended_at = time.monotonic()

    def tell(self, what: str) -> None:
        self.told.append(f"{time.monotonic() - self.began:5.1f} s  {what}")


@pytest.mark.parametrize("seed", range(RUN_COUNT or 1))
def test_numbers_are_neither_lost_nor_doubled(site, seed):
    with FakeJambonz() as jambonz:
        client = NumberClient(site)
        try:
            client.connect(jambonz)
            scenario = FaultScenario(site, seed)
            add_during_faults(scenario, client)
            take = await_recovery(scenario, client)
        finally:
            client.close()
        print(f"run {seed}: recovered {take:.1f} s after the last of {len(scenario.told)} faults")
        print("\n".join(scenario.told))
        assert_numbers_exist_once(jambonz, client)


def add_during_faults(scenario: FaultScenario, client: NumberClient) -> None:
    next_number = next_fault = began = time.monotonic()
    added = 0
    while scenario.active or time.monotonic() < began + SECONDS or added < NUMBERS:
        now = time.monotonic()
        if added < NUMBERS and now >= next_number:
            client.add()
            added, next_number = added + 1, next_number + SECONDS / NUMBERS
        if now >= next_fault and now < began + SECONDS:
            scenario.begin_one()
            next_fault = now + FAULT_INTERVAL
        scenario.end_some()
        scenario.site.tend()


def await_recovery(scenario: FaultScenario, client: NumberClient) -> float:
    """Seconds from the end of the last fault until all numbers are active."""
    while not are_all_active(scenario.site):
        late = time.monotonic() - scenario.ended_at
        if late > MAX_RECOVERY_SECONDS or client.refused:
            pytest.fail(build_failure_report(scenario, client))
        scenario.site.tend()
    return time.monotonic() - scenario.ended_at


def are_all_active(site: RedundantInstallation) -> bool:
    return count_numbers_by_status(site) == {"active": NUMBERS}


def count_numbers_by_status(site: RedundantInstallation) -> dict[str, int]:
    statement = """
        SELECT n.status, count(*) FROM numbers_phonenumber n
        WHERE n.e164 LIKE '+1415555%%' GROUP BY n.status"""
    try:
        return dict(site.sql(statement))
    except psycopg.OperationalError:
        return {}


OPEN_OPERATIONS_SQL = """
SELECT o.subject_label, o.wish, o.attempts, o.faults, o.reason, o.next_attempt_at - now(),
  o.lease_until - now(), now() - o.dispatched_at
FROM integrations_operation o WHERE o.status = 'open' OR o.outcome = 'refused' LIMIT 20
"""


def build_failure_report(scenario: FaultScenario, client: NumberClient) -> str:
    late = time.monotonic() - scenario.ended_at
    lines = [
        f"{late:.1f} s after the last fault: {count_numbers_by_status(scenario.site)}",
        *client.refused[:5],
    ]
    lines += [f"{len(client.answered)} answered", *scenario.told]
    try:
        lines += [str(row) for row in scenario.site.sql(OPEN_OPERATIONS_SQL)]
    except psycopg.OperationalError as error:
        lines.append(str(error))
    return "\n".join([*lines, scenario.site.tails(30)])


def assert_numbers_exist_once(jambonz: FakeJambonz, client: NumberClient) -> None:
    """On the platform, and no answered number is missing."""
    assert len(client.answered) == NUMBERS
    held = Counter(f"+{row['number'].lstrip('+')}" for row in jambonz.tables["phone_numbers"])
    assert {number: held[number] for number in client.answered} == dict.fromkeys(client.answered, 1)
    assert held.total() == NUMBERS
    assert len(jambonz.tables["voip_carriers"]) == 1
