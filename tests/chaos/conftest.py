"""The processes that are killed: a dispatcher and workers on the test's database."""

from collections.abc import Iterator

import pytest

from tests.chaos.processes import Processes
from tests.fakes.jambonz import FakeJambonz
from tests.support.platforms import LOOPBACK, connect_jambonz


@pytest.fixture
def processes(tmp_path) -> Iterator[Processes]:
    started = Processes(tmp_path / "output.log")
    yield started
    for process in started.running:
        started.kill(process)
    print(started.log.read_text())  # pytest shows it when the test fails


@pytest.fixture
def jambonz(alice, settings) -> Iterator[FakeJambonz]:
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeJambonz() as fake:
        connect_jambonz(alice.by, fake)
        yield fake
