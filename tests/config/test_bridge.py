"""The WSGI application behind an ASGI server: what it is given, and how its answer goes out."""

import asyncio
import threading
import time

import pytest

from config.web import asgi_bridge as bridge_module
from config.web.asgi_bridge import AsgiBridge, environ_header_name
from organizations.web.request_bodies import IncompleteBody

WHOLE = [("http.request", b"first ", True), ("http.request", b"second", False)]
CUT = [("http.request", b"first ", True), ("http.disconnect", b"", False)]


def scope(*headers: tuple[bytes, bytes], **more) -> dict:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "raw_path": b"/a%20b/%ff",
        "query_string": b"q=%C3%A9",
        "headers": [(b"host", b"patchbay.example"), *headers],
        "server": ("127.0.0.1", "8000"),
        "client": ("192.0.2.1", "4711"),
        **more,
    }


CHUNKED = (b"transfer-encoding", b"chunked")


class Answer(list):
    """As Django's responses: chunks that are closed in the end."""

    closed, streaming = None, False

    def close(self) -> None:
        self.closed = threading.current_thread()


def taking(sent: list[dict]):
    async def send(message: dict) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    return send


def exchange(
    application, scope, messages=(), bridge=None, slow_client=0.0, unread=None
) -> list[dict]:
    """What is sent. A client that says no more is gone. `unread` is what nobody asked for."""
    waiting, sent = list(messages), []

    async def receive() -> dict:
        if not waiting:
            await asyncio.sleep(slow_client)
            return {"type": "http.disconnect"}
        kind, body, more = waiting.pop(0)
        return {"type": kind, "body": body, "more_body": more}

    asyncio.run((bridge or AsgiBridge(application))(scope, receive, taking(sent)))
    assert unread is None or waiting == unread
    return sent


def until(true) -> None:
    """What a thread does after the answer has gone out."""
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def answering(look) -> tuple:
    """An application that answers with what `look` says of the environ."""

    def application(environ, start_response):
        start_response("201 Created", [("Content-Type", "text/plain"), ("Set-Cookie", "a=é")])
        return Answer([str(look(environ)).encode()])

    return application


def answering_with(body: bytes):
    def application(_environ, start_response):
        start_response("200 OK", [])
        return Answer([body])

    return application


def test_the_answer_goes_out_with_status_headers_and_body():
    start, body = exchange(answering(lambda environ: "there"), scope())
    assert (start["type"], start["status"]) == ("http.response.start", 201)
    assert start["headers"] == [(b"content-type", b"text/plain"), (b"set-cookie", b"a=\xe9")]
    assert (body["type"], body["body"], body.get("more_body", False)) == (
        "http.response.body",
        b"there",
        False,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("REQUEST_METHOD", "POST"),
        ("PATH_INFO", "/a b/\xff"),
        ("QUERY_STRING", "q=%C3%A9"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "127.0.0.1"),
        ("SERVER_PORT", "8000"),
        ("REMOTE_ADDR", "192.0.2.1"),
        ("HTTP_HOST", "patchbay.example"),
        ("HTTP_X_REAL_NAME", "é,b"),
        ("HTTP_COOKIE", "a=1; b=2"),
        ("CONTENT_LENGTH", "5"),
        ("CONTENT_TYPE", "text/csv"),
        ("HTTP_X_FORWARDED_PROTO", "http"),
    ],
)
def test_the_environ_says_what_the_request_said(key, value):
    headers = [
        (b"x-real-name", b"\xe9"),
        (b"x-real-name", b"b"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"content-length", b"5"),
        (b"content-length", b"5"),
        (b"content-type", b"text/csv"),
        (b"x-forwarded-proto", b"http"),
        (b"x_forwarded_proto", b"https"),
    ]
    seen = {}
    exchange(answering(seen.update), scope(*headers))
    assert seen[key] == value


def test_a_name_with_an_underscore_does_not_pass_for_one_with_a_hyphen():
    assert (
        environ_header_name(b"x-forwarded-proto"),
        environ_header_name(b"x_forwarded_proto"),
    ) == (
        "HTTP_X_FORWARDED_PROTO",
        "",
    )


def reading(*sizes: int):
    return answering(lambda environ: [environ["wsgi.input"].read(size) for size in sizes])


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([-1], [b"first second"]),
        ([3, 100], [b"fir", b"st second"]),
        ([6, 6, 6], [b"first ", b"second", b""]),
        ([0, 12, 1], [b"", b"first second", b""]),
    ],
)
def test_the_body_is_read_across_messages(sizes, parts):
    (_start, body) = exchange(reading(*sizes), scope(CHUNKED), WHOLE)
    assert body["body"] == str(parts).encode()


@pytest.mark.parametrize("sizes", [[-1], [7], [6, 1], [100]])
def test_a_body_that_is_cut_off_raises(sizes):
    with pytest.raises(IncompleteBody):
        exchange(reading(*sizes), scope(CHUNKED), CUT)


def test_who_does_not_read_the_body_need_not_know_that_it_was_cut_off():
    (_start, body) = exchange(answering(lambda environ: "unread"), scope(CHUNKED), CUT)
    assert body["body"] == b"unread"


def test_a_body_that_is_not_wanted_is_not_received():
    bridge = AsgiBridge(answering(lambda environ: "unread"), limits=lambda *_request: None)
    (_start, body) = exchange(None, scope(CHUNKED), WHOLE, bridge=bridge, unread=WHOLE)
    assert body["body"] == b"unread"


def test_the_body_is_there_before_a_thread_is_taken():
    """As many bodies as there are threads never come; another request is answered."""
    bridge = AsgiBridge(answering(lambda environ: "answered"), threads=1)
    sent = []

    async def never() -> dict:
        await asyncio.sleep(60)

    async def send(message: dict) -> None:
        sent.append(message)

    async def both() -> None:
        slow = [asyncio.create_task(bridge(scope(CHUNKED), never, send)) for _each in range(2)]
        await asyncio.sleep(0)
        await bridge(scope(), never, send)
        assert all(task.cancel() for task in slow)

    asyncio.run(both())
    assert [message.get("body") for message in sent] == [None, b"answered"]


def test_without_a_body_there_is_nothing_to_wait_for():
    (_start, body) = exchange(reading(-1), scope())
    assert body["body"] == b"[b'']"


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_http_2_need_not_announce_a_body(version):
    (_start, body) = exchange(reading(-1), scope(http_version=version), WHOLE)
    assert body["body"] == (b"[b'first second']" if version == "2" else b"[b'']")


class Stream(Answer):
    """A response of many chunks, made while they are sent."""

    streaming = True

    def __init__(self, chunks: int = 3, pause: float = 0.001):
        super().__init__()
        self.pause = pause
        self.chunks, self.made = chunks, 0

    def __iter__(self):
        for chunk in range(1, self.chunks + 1):
            self.made = chunk
            yield b"%d," % chunk
            time.sleep(self.pause)

    def __call__(self, _environ, start_response):
        start_response("200 OK", [])
        return self


def parts_of(bodies: list[dict]) -> list[tuple[bytes, bool]]:
    return [(body["body"], body.get("more_body", False)) for body in bodies]


def test_a_stream_goes_out_as_it_is_made_and_is_closed():
    stream = Stream(pause=bridge_module.CHUNK_SECONDS)
    start, *bodies = exchange(stream, scope(), slow_client=5)
    assert start["status"] == 200
    assert parts_of(bodies) == [(b"1,2,", True), (b"3,", True), (b"", False)]
    until(lambda: stream.closed)


def test_a_short_stream_is_sent_whole():
    stream = Stream()
    _start, *bodies = exchange(stream, scope(), slow_client=5)
    assert parts_of(bodies) == [(b"1,2,3,", False)]
    until(lambda: stream.closed)


def test_a_long_answer_goes_out_in_portions():
    long = bytes(bridge_module.STREAM_THRESHOLD + 1)
    _start, *bodies = exchange(answering_with(long), scope(), slow_client=5)
    assert [len(body["body"]) for body in bodies] == [bridge_module.CHUNK_BYTES] * 2 + [1, 0]
    assert b"".join(body["body"] for body in bodies) == long


def test_who_reads_a_long_answer_holds_no_thread():
    bridge = AsgiBridge(Stream(chunks=5, pause=bridge_module.CHUNK_SECONDS), threads=1)

    async def forever(*_message: dict) -> None:
        await asyncio.sleep(60)

    async def both() -> None:
        readers = [asyncio.create_task(bridge(scope(), forever, forever)) for _each in range(2)]
        await asyncio.sleep(2.5 * bridge_module.CHUNK_SECONDS)
        bridge.application = answering(lambda _environ: "answered")
        sent = []
        await bridge(scope(), forever, taking(sent))
        assert sent[1]["body"] == b"answered"
        assert [reader.done() for reader in readers] == [False, False]
        for reader in readers:
            reader.cancel()

    asyncio.run(both())


@pytest.mark.parametrize("readers", [0, bridge_module.MAX_STREAMING_CLIENTS])
def test_only_so_many_read_long_answers_at_the_same_time(readers):
    stream = Stream(pause=bridge_module.CHUNK_SECONDS)
    bridge = AsgiBridge(stream)
    bridge.readers = readers
    start, *_bodies = exchange(None, scope(), bridge=bridge, slow_client=5)
    assert start["status"] == (503 if readers else 200)
    until(lambda: stream.closed)
    assert bridge.readers == readers


def test_a_client_that_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(bridge_module, "STALL_TIMEOUT", 0.01)
    stream, cut = Stream(chunks=1000), []
    monkeypatch.setattr(bridge_module, "abort_connection", cut.append)

    async def forever(message: dict) -> None:
        await asyncio.sleep(0 if message["type"] == "http.response.start" else 60)

    async def hear_nothing() -> dict:
        await asyncio.sleep(60)

    asyncio.run(AsgiBridge(stream)(scope(), hear_nothing, forever))
    until(lambda: stream.closed)
    assert (len(cut), stream.made < 1000) == (1, True)


def test_an_answer_that_breaks_off_does_not_look_complete(monkeypatch):
    cut = []
    monkeypatch.setattr(bridge_module, "abort_connection", cut.append)

    class Broken(Stream):
        def __iter__(self):
            yield bytes(bridge_module.CHUNK_BYTES)
            raise TimeoutError("an error of ours, not of the client's")

    broken = Broken()
    with pytest.raises(TimeoutError, match="of ours"):
        exchange(broken, scope(), slow_client=5)
    until(lambda: broken.closed)
    assert len(cut) == 1


def test_nothing_is_made_for_a_client_that_has_gone():
    stream = Stream(chunks=100_000)
    exchange(stream, scope(), slow_client=0.01)
    assert stream.made < 1000


@pytest.mark.parametrize(
    ("raised", "reported"),
    [(ValueError, ValueError), (StopIteration, RuntimeError), (SystemExit, RuntimeError)],
)
def test_an_error_reaches_the_server_and_the_thread_goes_on(raised, reported):
    def application(_environ, _start_response):
        raise raised

    bridge = AsgiBridge(application, threads=1)
    for _time in range(2):
        with pytest.raises(reported):
            exchange(None, scope(), bridge=bridge)


def test_an_answer_that_cannot_be_closed_is_sent_all_the_same_and_logged(caplog):
    class Stuck(Answer):
        def close(self) -> None:
            raise ValueError("stuck")

    def application(_environ, start_response):
        start_response("200 OK", [])
        return Stuck([b"sent"])

    assert exchange(application, scope())[1]["body"] == b"sent"
    until(lambda: "stuck" in caplog.text)


def test_as_many_requests_at_a_time_as_there_are_threads():
    together = threading.Barrier(3, timeout=5)

    async def all_at_once(bridge) -> None:
        async def receive() -> dict:
            return {"type": "http.disconnect"}

        async def send(_message: dict) -> None:
            return None

        await asyncio.gather(*(bridge(scope(), receive, send) for _each in range(3)))

    asyncio.run(all_at_once(AsgiBridge(answering(lambda _environ: together.wait()), threads=3)))
