"""Runs the WSGI application in threads, behind an ASGI server.

granian supports both interfaces. With WSGI, a chunked body that was cut off looks complete; with
ASGI it ends with `http.disconnect` (docs/decisions/0015). A thread never waits for a client: the
event loop receives the body before, and sends the response after (docs/decisions/0020).
"""

import asyncio
import functools
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote_to_bytes

from config.web.body_receiver import (
    BodyLimitsCallable,
    DiskQuota,
    Receive,
    ReceivedBody,
    receive_body,
    unlimited_body,
)
from config.web.sockets import abort_connection, limit_connection_buffers
from config.web.timeouts import CumulativeTimeout
from organizations.web.client_address import EXACT_HEADER_NAMES
from organizations.web.request_bodies import (
    Application,
    Environ,
    IncompleteBody,
    declared_content_length,
    has_unknown_length,
)

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Any]
JobQueue = SimpleQueue[Callable[[], None]]

logger = logging.getLogger(__name__)

THREAD_COUNT = 8  # per process; more than cores, as some requests wait for a platform
STREAMING_THREADS = 2  # for the rest of long responses, which so delay no other request
SINGLE_VALUE_HEADERS = ("CONTENT_LENGTH", "CONTENT_TYPE")  # the first of several equal ones counts
CHUNK_BYTES = 32_768  # bytes of a long response that are produced and sent at a time
CHUNK_SECONDS = 0.1  # seconds after which a portion is sent as it is
STREAM_THRESHOLD = 65_536  # bytes; shorter responses are sent in one message
STALL_TIMEOUT = 60.0  # seconds that a client may take for one portion,
MAX_READ_SECONDS = 1800.0  # and for all of them
MAX_STREAMING_CLIENTS = 512  # clients per process that read long responses at the same time


class AsgiBridge:
    """The ASGI application. Threads run the WSGI application and never wait for a client."""

    def __init__(
        self,
        application: Application,
        threads: int = THREAD_COUNT,
        limits: BodyLimitsCallable = unlimited_body,
    ):
        self.application, self.threads_to_start, self.limits = application, threads, limits
        self.beginnings: JobQueue = SimpleQueue()
        self.continuations: JobQueue = SimpleQueue()
        self.room = DiskQuota()
        self.readers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.threads_to_start:  # not on import, as threads do not survive a fork
            self.start_threads()
            limit_connection_buffers()
        exchange = RequestExchange(self, scope, receive, send)
        try:
            await exchange.receive_body()
            await exchange.answer()
        finally:
            exchange.body.empty()

    def start_threads(self) -> None:
        queues = [self.beginnings] * self.threads_to_start + [
            self.continuations
        ] * STREAMING_THREADS
        self.threads_to_start = 0
        for jobs in queues:
            threading.Thread(target=run_thread_jobs, args=(jobs,), daemon=True).start()


def run_thread_jobs(jobs: JobQueue) -> None:
    while True:
        jobs.get()()


class RequestExchange:
    """One request and its response. The coroutines run in the event loop. `begin`, `go_on` and
    `end` run one after the other, each in any thread."""

    def __init__(self, bridge: AsgiBridge, scope: Scope, receive: Receive, send: Send):
        self.bridge, self.scope, self.receive, self.send = bridge, scope, receive, send
        self.loop = asyncio.get_running_loop()
        self.body = ReceivedBody(bridge.room)
        self.environ = build_wsgi_environ(scope, self.body)
        self.start: dict[str, Any] = {}
        self.chunks: Iterable[bytes] = ()
        self.goes_on = False  # more of the response is to be produced
        self.patience = CumulativeTimeout()

    async def receive_body(self) -> None:
        if not can_have_body(self.environ):
            return
        if limits := self.bridge.limits(self.environ):
            announced = declared_content_length(self.environ) or 0
            await receive_body(self.receive, self.body, announced, limits)
        else:
            self.body.refuse(IncompleteBody)

    async def answer(self) -> None:
        """Sends the application's response. Raises what the application raised."""
        first = await self.in_thread(self.bridge.beginnings, self.begin)
        if not self.goes_on and len(first) <= STREAM_THRESHOLD:
            await self.send(self.start)
            await self.send({"type": "http.response.body", "body": first})
        elif self.bridge.readers < MAX_STREAMING_CLIENTS:
            await self.send_long(first)
        else:
            await self.refuse_reader()

    async def in_thread(self, jobs: JobQueue, job: Callable[[], bytes]) -> bytes:
        done: asyncio.Future[bytes] = self.loop.create_future()
        jobs.put(functools.partial(self.do, job, done))
        return await done

    def do(self, job: Callable[[], bytes], done: asyncio.Future) -> None:
        self.goes_on = False
        try:
            self.settle(done, done.set_result, job())
        except BaseException as error:  # the thread continues, and the server responds with 500
            self.settle(done, done.set_exception, wrap_future_exception(error))
        finally:
            if not self.goes_on:
                self.end()

    def settle(self, done: asyncio.Future, how: Callable, outcome: bytes | BaseException) -> None:
        def once() -> None:
            if not done.done():
                how(outcome)

        self.loop.call_soon_threadsafe(once)

    def begin(self) -> bytes:
        """Returns the whole response, or the first portion of a streamed one."""
        self.chunks = self.bridge.application(self.environ, self.start_response)
        if not is_streaming_response(self.chunks):
            return b"".join(self.chunks)
        self.rest = iter(self.chunks)
        return self.go_on()

    def go_on(self) -> bytes:
        """Returns the next portion: about CHUNK_BYTES bytes, or the chunks of CHUNK_SECONDS
        seconds."""
        portion, began = bytearray(), time.monotonic()
        for chunk in self.rest:
            portion += chunk
            if len(portion) >= CHUNK_BYTES or time.monotonic() - began > CHUNK_SECONDS:
                self.goes_on = True
                break
        return bytes(portion)

    def end(self) -> None:
        close_chunks(self.chunks)

    def start_response(self, status: str, headers: list[tuple[str, str]], *_exc_info: Any) -> None:
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if self.body.refusal:  # what follows is not a request
            encoded.append((b"connection", b"close"))
        self.start = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": encoded,
        }

    async def send_long(self, portion: bytes) -> None:
        """Sends portion after portion, and produces each after the one before it was sent.

        Stops on an error, and if the client reads too slowly or has disconnected. The connection is
        then aborted, because an incomplete response could look complete.
        """
        gone = asyncio.ensure_future(self.wait_for_disconnect())
        self.bridge.readers += 1
        try:
            await self.send(self.start)
            await self.send_portion(portion)
            while self.goes_on and not gone.done():
                portion = await self.in_thread(self.bridge.continuations, self.go_on)
                await self.send_portion(portion)
            await self.send({"type": "http.response.body", "body": b""})
        except SlowReader:
            logger.info("A client read too slowly: %s", self.environ["PATH_INFO"])
            abort_connection(self.scope)
        except BaseException:
            abort_connection(self.scope)
            raise
        finally:
            self.bridge.readers -= 1
            gone.cancel()
            self.end_early()

    async def send_portion(self, portion: bytes) -> None:
        for at in range(0, len(portion), CHUNK_BYTES):
            body = portion[at : at + CHUNK_BYTES]
            message = {"type": "http.response.body", "body": body, "more_body": True}
            seconds = min(self.patience.waited + STALL_TIMEOUT, MAX_READ_SECONDS)
            try:
                await self.patience.until(seconds, self.send(message))
            except TimeoutError:
                raise SlowReader from None

    async def refuse_reader(self) -> None:
        self.end_early()
        headers = [(b"retry-after", b"30"), (b"content-type", b"text/plain")]
        await self.send({"type": "http.response.start", "status": 503, "headers": headers})
        body = b"Too many long answers are being read. Try again in half a minute.\n"
        await self.send({"type": "http.response.body", "body": body})

    def end_early(self) -> None:
        if self.goes_on:
            self.goes_on = False
            self.bridge.continuations.put(self.end)

    async def wait_for_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


class SlowReader(Exception):
    """The client takes too long to read its response."""


def close_chunks(chunks: Iterable[bytes]) -> None:
    """Closes the response after it was sent, so an error can only be logged."""
    try:
        getattr(chunks, "close", tuple)()
    except Exception:
        logger.exception("Closing an answer failed")


def wrap_future_exception(error: BaseException) -> Exception:
    """Returns an exception that a future accepts and that does not end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(repr(error))


def is_streaming_response(chunks: Iterable[bytes]) -> bool:
    """Returns whether the response is streamed, as Django's responses say. A list is complete."""
    return getattr(chunks, "streaming", False)


def can_have_body(environ: Environ) -> bool:
    """Returns whether the request can have a body. HTTP/1 announces one in one of two headers,
    HTTP/2 need not."""
    return "CONTENT_LENGTH" in environ or has_unknown_length(environ)


def build_wsgi_environ(scope: Scope, body: ReceivedBody) -> Environ:
    host, port = scope.get("server") or ("localhost", 80)
    client, _port = scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # `path` lacks bytes that are not UTF-8.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        EXACT_HEADER_NAMES: True,
    }
    add_environ_headers(environ, scope["headers"])
    return environ


def add_environ_headers(environ: Environ, headers: Iterable[tuple[bytes, bytes]]) -> None:
    for raw_name, raw_value in headers:
        name, value = environ_header_name(raw_name), raw_value.decode("latin-1")
        if name in environ and name not in SINGLE_VALUE_HEADERS:
            environ[name] += ("; " if name == "HTTP_COOKIE" else ",") + value
        elif name:
            environ.setdefault(name, value)


@functools.lru_cache(maxsize=256)
def environ_header_name(raw: bytes) -> str:
    """Returns the header's name in an environ, or "" for a name with an underscore, which would
    look the same as one with a hyphen: clients could send X_Forwarded_Proto past a proxy that sets
    X-Forwarded-Proto."""
    name = raw.decode("latin-1").upper()
    if "_" in name:
        return ""
    name = name.replace("-", "_")
    return name if name in SINGLE_VALUE_HEADERS else f"HTTP_{name}"
