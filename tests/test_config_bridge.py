"""The WSGI application behind an ASGI server: what it is given, and how its answer goes out."""

import asyncio
import threading
import time

import pytest

from config.bridge import Bridge, key_of
from organizations.bodies import IncompleteBody

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


def exchange(application, scope, messages=(), bridge=None, slow_client=0.0) -> list[dict]:
    """What is sent. A client that says no more is gone."""
    waiting, sent = list(messages), []

    async def receive() -> dict:
        if not waiting:
            await asyncio.sleep(slow_client)
            return {"type": "http.disconnect"}
        kind, body, more = waiting.pop(0)
        return {"type": kind, "body": body, "more_body": more}

    async def send(message: dict) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    asyncio.run((bridge or Bridge(application))(scope, receive, send))
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
    assert (key_of(b"x-forwarded-proto"), key_of(b"x_forwarded_proto")) == (
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


def test_nothing_is_received_that_is_not_read():
    (_start, body) = exchange(answering(lambda environ: "unread"), scope(CHUNKED), CUT)
    assert body["body"] == b"unread"


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

    def __init__(self, chunks: int = 3):
        super().__init__()
        self.chunks, self.made, self.threads = chunks, 0, set()

    def __iter__(self):
        for chunk in range(1, self.chunks + 1):
            self.made = chunk
            self.threads.add(threading.current_thread())
            yield b"%d," % chunk
            time.sleep(0.001)

    def __call__(self, _environ, start_response):
        start_response("200 OK", [])
        return self


def test_a_stream_goes_out_chunk_by_chunk_and_is_made_and_closed_in_one_thread():
    stream = Stream()
    start, *bodies = exchange(stream, scope(), slow_client=5)
    assert start["status"] == 200
    assert [(body["body"], body.get("more_body", False)) for body in bodies] == [
        (b"1,", True),
        (b"2,", True),
        (b"3,", True),
        (b"", False),
    ]
    until(lambda: stream.closed)
    assert stream.threads == {stream.closed}


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

    bridge = Bridge(application, threads=1)
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

    asyncio.run(all_at_once(Bridge(answering(lambda _environ: together.wait()), threads=3)))
