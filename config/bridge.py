"""Runs the WSGI application, in threads, behind an ASGI server.

granian has both interfaces. Through WSGI a chunked body that was cut off reads like a complete one;
through ASGI it ends with `http.disconnect` (docs/decisions/0015).
"""

import asyncio
import functools
import io
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote_to_bytes

from organizations.bodies import Application, Environ, IncompleteBody

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)

THREADS = 8  # per process; more than cores, as some requests wait for a platform
SINGLE = ("CONTENT_LENGTH", "CONTENT_TYPE")  # of several equal ones, the first


class Bridge:
    """The ASGI application. Each request occupies one of `threads` threads, as WSGI has it."""

    def __init__(self, application: Application, threads: int = THREADS):
        self.application, self.threads_to_start = application, threads
        self.requests: SimpleQueue[Exchange] = SimpleQueue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while self.threads_to_start:  # not on import: threads do not survive a fork
            self.threads_to_start -= 1
            threading.Thread(target=self.work, daemon=True).start()
        exchange = Exchange(scope, receive, send)
        self.requests.put(exchange)
        await exchange.answer()

    def work(self) -> None:
        while True:
            self.requests.get().run(self.application)


class Exchange:
    """One request and its answer: `run` in a thread, `answer` in the event loop."""

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self.scope, self.receive, self.send = scope, receive, send
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[bytes] = self.loop.create_future()
        self.start: dict[str, Any] = {}
        self.client_is_gone = False

    async def answer(self) -> None:
        """Send what the thread made of the request. Raises what the application raised."""
        last = await self.done
        if self.start:
            await self.send(self.start)
        await self.send({"type": "http.response.body", "body": last})

    def run(self, application: Application) -> None:
        chunks: Iterable[bytes] = ()
        try:
            chunks = application(environ_of(self.scope, self.body()), self.start_response)
            last = self.stream(chunks) if is_streamed(chunks) else b"".join(chunks)
            self.finish(self.done.set_result, last)
        except BaseException as error:  # the thread goes on, and the server says 500
            self.finish(self.done.set_exception, raisable(error))
        finally:
            close(chunks)

    def body(self) -> io.IOBase:
        return ReceivedBody(self.receive, self.loop) if may_have_body(self.scope) else io.BytesIO()

    def start_response(self, status: str, headers: list[tuple[str, str]], *_exc_info: Any) -> None:
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        self.start = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": encoded,
        }

    def finish(self, settle: Callable, outcome: bytes | BaseException) -> None:
        def once() -> None:
            if not self.done.done():
                settle(outcome)

        self.loop.call_soon_threadsafe(once)

    def stream(self, chunks: Iterable[bytes]) -> bytes:
        """Send chunk after chunk, each when there is room for it, until the client has gone."""
        watch = asyncio.run_coroutine_threadsafe(self.wait_for_disconnect(), self.loop)
        start, self.start = self.start, {}
        try:
            self.send_and_wait(start)
            for chunk in chunks:
                if self.client_is_gone:
                    break
                self.send_and_wait({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            watch.cancel()
        return b""

    def send_and_wait(self, message: dict[str, Any]) -> None:
        async def send() -> None:
            await self.send(message)

        asyncio.run_coroutine_threadsafe(send(), self.loop).result()

    async def wait_for_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.client_is_gone = True


class ReceivedBody(io.RawIOBase):
    """`wsgi.input`, read in a thread from what the event loop receives. Nothing is received before
    it is asked for. Raises IncompleteBody when the client ended the body early."""

    raises_when_cut = True

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop):
        self.receive, self.loop = receive, loop
        self.buffer = bytearray()
        self.is_whole = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = -1 if size is None else size
        if not self.has(size):
            asyncio.run_coroutine_threadsafe(self.fill(size), self.loop).result()
        end = len(self.buffer) if size < 0 else size
        data = bytes(self.buffer[:end])
        del self.buffer[:end]
        return data

    def has(self, size: int) -> bool:
        return self.is_whole or 0 <= size <= len(self.buffer)

    async def fill(self, size: int) -> None:
        while not self.has(size):
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise IncompleteBody
            self.buffer += message.get("body", b"")
            self.is_whole = not message.get("more_body")


def close(chunks: Iterable[bytes]) -> None:
    """The answer has been sent: an error here is for the log."""
    try:
        getattr(chunks, "close", tuple)()
    except Exception:
        logger.exception("Closing an answer failed")


def raisable(error: BaseException) -> Exception:
    """What a future takes, and what does not end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(repr(error))


def is_streamed(chunks: Iterable[bytes]) -> bool:
    """Django's responses say it; what is a list is all there."""
    return getattr(chunks, "streaming", False)


def may_have_body(scope: Scope) -> bool:
    """HTTP/1 announces a body by one of two headers, HTTP/2 need not."""
    names = {name for name, _value in scope["headers"]}
    announced = not names.isdisjoint((b"content-length", b"transfer-encoding"))
    return announced or scope["http_version"] == "2"


def environ_of(scope: Scope, body: io.IOBase) -> Environ:
    host, port = scope.get("server") or ("localhost", 80)
    client, _port = scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # `path` has lost what is not UTF-8.
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
    }
    add_headers(environ, scope["headers"])
    return environ


def add_headers(environ: Environ, headers: Iterable[tuple[bytes, bytes]]) -> None:
    for raw_name, raw_value in headers:
        name, value = key_of(raw_name), raw_value.decode("latin-1")
        if name in environ and name not in SINGLE:
            environ[name] += ("; " if name == "HTTP_COOKIE" else ",") + value
        elif name:
            environ.setdefault(name, value)


@functools.lru_cache(maxsize=256)
def key_of(raw: bytes) -> str:
    """The header's name in an environ. Empty for one with an underscore, which would pass for one
    with a hyphen: a client could say X_Forwarded_Proto past a proxy that sets X-Forwarded-Proto."""
    name = raw.decode("latin-1").upper()
    if "_" in name:
        return ""
    name = name.replace("-", "_")
    return name if name in SINGLE else f"HTTP_{name}"
