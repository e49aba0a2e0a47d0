"""Clients that send or read a byte now and then, in hundreds, and others that are served meanwhile.

The web is the real one, with the options of `make up`.
"""

import contextlib
import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.raw_http import RawRequest, WebServer, parse_response, receive_all

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CLIENT_COUNT = 500
SECONDS = 12  # longer than the grace of a body
LONG_FILE_BYTES = 20_000_000  # bytes; more than the kernel takes off the server's hands
MAX_LATENCY = 1.0  # seconds that another client may wait
NEW_NUMBER = "+14155550188"


@pytest.fixture(scope="module")
def web(tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[WebServer]:
    static = tmp_path_factory.mktemp("static")
    (static / "long.js").write_bytes(bytes(LONG_FILE_BYTES))
    with django_db_blocker.unblock():
        server = WebServer(tmp_path_factory.mktemp("web"), STATIC_ROOT=str(static))
    try:
        server.wait()
        yield server
    finally:
        server.end()


class SlowClients:
    """Many connections. Each sends `head` at once, then one byte of `rest` a second, and reads
    `reads` bytes of the answer a second."""

    def __init__(self, web: WebServer, head: bytes, rest: Callable[[int], bytes], reads: int):
        self.rest, self.reads, self.ended = rest, reads, 0
        self.over = threading.Event()
        self.sockets = [self.connect(web, head) for _each in range(CLIENT_COUNT)]
        self.thread = threading.Thread(target=self.drip)

    def connect(self, web: WebServer, head: bytes) -> socket.socket:
        client = socket.socket()
        if self.reads:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect((web.address.host, web.address.port))
        client.sendall(head)
        client.setblocking(False)
        return client

    def drip(self) -> None:
        for second in range(10_000):
            for client in list(self.sockets):
                try:
                    self.move(client, second)
                except BlockingIOError:
                    continue
                except OSError:
                    self.end(client)
            if self.over.wait(1):
                return

    def move(self, client: socket.socket, second: int) -> None:
        if data := self.rest(second):
            client.send(data)
        if client.recv(self.reads or 65_536) == b"":
            self.end(client)

    def end(self, client: socket.socket) -> None:
        self.sockets.remove(client)
        self.ended += 1
        client.close()

    def __enter__(self) -> "SlowClients":
        self.thread.start()
        return self

    def __exit__(self, *_error) -> None:
        self.over.set()
        self.thread.join()
        for client in self.sockets:
            client.close()


class SlowClientScenario:
    """Alice's key, a number of hers, and the requests of a client in a hurry."""

    def __init__(self, web: WebServer, alice: factories.Member):
        self.web = web
        self.headers = {**DIALECTS["v1"].headers(alice), "Content-Type": "application/json"}
        self.number = factories.create_number(alice.by)

    def quick(self) -> list[float]:
        """Seconds that each request took: a look at the health, a read and a change."""
        change = json.dumps({"label": "Desk"}).encode()
        path = f"/v1/phone-numbers/{self.number.pk}"
        return [
            self.ask("GET", "/healthz"),
            self.ask("GET", path),
            self.ask("GET", "/v1/phone-numbers"),
            self.ask("PATCH", path, change),
        ]

    def ask(self, method: str, path: str, body: bytes | None = None) -> float:
        began = time.monotonic()
        address = self.web.address
        connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, self.headers)
            answer = connection.getresponse()
            answer.read()
        assert answer.status == 200, (method, path, answer.status)
        return time.monotonic() - began

    def times(self) -> list[float]:
        """Of requests one after the other, for as long as slow clients are to be borne."""
        until, times = time.monotonic() + SECONDS, []
        while time.monotonic() < until:
            times += self.quick()
            time.sleep(0.05)
        return times


@pytest.fixture
def world(web, alice) -> SlowClientScenario:
    world = SlowClientScenario(web, alice)
    for _each in range(30):  # each thread of each process makes its connection to PostgreSQL
        world.quick()
    return world


def send_nothing(_second: int) -> bytes:
    return b""


def send_byte(_second: int) -> bytes:
    return b"x"


def send_chunk(_second: int) -> bytes:
    return b"1\r\nx\r\n"


def send_header(second: int) -> bytes:
    return b"X-%d: x\r\n" % second


def slow_headers(world: SlowClientScenario):
    return RawRequest("GET /healthz").head().removesuffix(b"\r\n"), send_header, 0


def silent_clients(world: SlowClientScenario):
    return b"", send_nothing, 0


def slow_body(world: SlowClientScenario):
    return (
        RawRequest("POST /v1/phone-numbers", b"", world.headers).head(Content_Length=9999),
        send_byte,
        0,
    )


def slow_chunks(world: SlowClientScenario):
    head = RawRequest("POST /v1/imports", b"", world.headers).head(Transfer_Encoding="chunked")
    return head, send_chunk, 0


def slow_form(world: SlowClientScenario):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return RawRequest("POST /accounts/login/", b"", headers).head(Content_Length=9999), send_byte, 0


def slow_readers(world: SlowClientScenario):
    return RawRequest("GET /static/long.js").head(), send_nothing, 1


CLIENT_TYPES = [slow_headers, silent_clients, slow_body, slow_chunks, slow_form, slow_readers]


@pytest.mark.parametrize("sort", CLIENT_TYPES, ids=lambda sort: sort.__name__)
def test_slow_clients_keep_nobody_waiting(web, world, sort):
    with SlowClients(web, *sort(world)) as slow:
        times = world.times()
        ended = slow.ended
    print(
        f"{len(times)} requests, median {statistics.median(times):.3f} s; {ended} slow ones ended"
    )
    assert max(times) < MAX_LATENCY


def test_a_slow_body_is_answered_408_in_the_words_of_the_place(web, alice):
    json_type = {"Content-Type": "application/json"}
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    places = {
        "POST /v1/phone-numbers": ("v1", '/v1/problems/request-timeout"'),
        "POST /api/phone-numbers": ("butter", '{"detail":"The body came too slowly'),
        "POST /api/phone-numbers/create": ("zudu", '"error":"request-timeout"'),
        "POST /accounts/login/": ("", "The form came too slowly"),
    }
    waiting = []
    for path, (dialect, words) in places.items():
        headers = {**DIALECTS[dialect].headers(alice), **json_type} if dialect else form_type
        client = web.connect()
        client.sendall(RawRequest(path, b"", headers).head(Content_Length=9) + b"x")
        waiting.append((client, words))
    answers = [(parse_response(receive_all(client)), words) for client, words in waiting]
    for client, _words in waiting:
        client.close()
    for answer, words in answers:
        assert (answer.status, words in answer.rest) == (408, True), answer
        assert "connection: close" in answer.head
