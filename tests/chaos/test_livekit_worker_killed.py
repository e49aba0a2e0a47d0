"""kill -9 of the whole worker at every step of a number on a real LiveKit, before and after it did
what it was asked: one of each, no more; and nothing in the end."""

from collections.abc import Iterator

import httpx
import pytest

from numbers.inventory.operations import delete_number
from numbers.models import PhoneNumber
from tests.chaos.processes import Processes, wait_until
from tests.fakes.wire import FakeResponse, FakeServer, ReceivedRequest
from tests.support import factories
from tests.support.harness_livekit import LiveKitInspector
from tests.support.livekit_integration import NUMBER, connect_livekit, import_sip_number
from tests.support.livekit_server import real_livekit
from tests.support.platforms import LOOPBACK

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.peers,
    pytest.mark.django_db(transaction=True),
]
ONE_OF_EACH, NO_OBJECTS = {"in": 1, "out": 1, "rules": 1}, {"in": 0, "out": 0, "rules": 0}


class LiveKitFaultProxy(FakeServer):
    """Stands between the worker and the real server, and hands through what no accident befalls."""

    def __init__(self, url: str):
        super().__init__()
        self.client = httpx.Client(base_url=url, trust_env=False)

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        headers = {name: heard.headers[name] for name in ("authorization", "content-type")}
        answer = self.client.request(heard.method, heard.path, content=heard.raw, headers=headers)
        kind = {"Content-Type": answer.headers["content-type"]}
        return FakeResponse(answer.status_code, answer.text, kind)

    def was_asked(self, part: str) -> bool:
        return any(part in heard.path for heard in self.requests)


@pytest.fixture
def eye() -> Iterator[LiveKitInspector]:
    server = real_livekit()
    opened = LiveKitInspector(server.url, server.api_key, server.api_secret)
    yield opened
    opened.clear(NUMBER)
    opened.client.close()


@pytest.fixture
def livekit(alice, settings, eye) -> Iterator[LiveKitFaultProxy]:
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    server = real_livekit()
    with LiveKitFaultProxy(server.url) as between:
        connect_livekit(alice.by, between.url, server.api_key, server.api_secret)
        yield between
        between.client.close()


def kill_worker_at_request(
    part: str, livekit: LiveKitFaultProxy, processes: Processes, *, done: bool
) -> None:
    """A worker dies while it waits for this answer, and another one takes over."""
    livekit.hang("POST", part, then_do_after=0 if done else None)
    processes.start_dispatcher()
    worker = processes.start_worker()
    wait_until(lambda: livekit.was_asked(part))
    processes.kill(worker)
    livekit.settle()
    processes.start_worker()


def count_objects(eye: LiveKitInspector) -> dict[str, int]:
    return {kind: len(rows) for kind, rows in eye.of(NUMBER).items()}


before_or_after = pytest.mark.parametrize("done", [False, True], ids=["before", "after"])


@before_or_after
@pytest.mark.parametrize(
    "part", ["CreateSIPInboundTrunk", "CreateSIPDispatchRule", "CreateSIPOutboundTrunk"]
)
def test_killing_the_worker_makes_nothing_twice(alice, livekit, eye, processes, part, done):
    number = import_sip_number(alice.by)
    kill_worker_at_request(part, livekit, processes, done=done)
    wait_until(lambda: PhoneNumber.objects.get(pk=number.pk).status == "active")
    assert count_objects(eye) == ONE_OF_EACH


@before_or_after
@pytest.mark.parametrize("part", ["DeleteSIPDispatchRule", "DeleteSIPTrunk"])
def test_killing_the_worker_leaves_nothing(alice, livekit, eye, processes, part, done):
    number = import_sip_number(alice.by)
    factories.run_number_operations(number)
    assert count_objects(eye) == ONE_OF_EACH
    delete_number(alice.by, number.id)
    kill_worker_at_request(part, livekit, processes, done=done)
    wait_until(lambda: PhoneNumber.objects.get(pk=number.pk).released_at is not None)
    assert count_objects(eye) == NO_OBJECTS
