"""A fake platform's HTTP: real sockets on loopback, and the accidents that happen on the way."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class ReceivedRequest:
    """One request, as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass(frozen=True)
class FakeResponse:
    status: int
    body: Any = None  # dict and list become JSON, text stays text
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class InjectedFault:
    """What shall happen, once, to the next request with this verb and this in its path."""

    method: str
    part: str
    befall: Callable[
        ["FakeServer", ReceivedRequest], FakeResponse | None
    ]  # None: the connection closes without a word


class FakeServer:
    """Start it with `with`; a platform is a subclass that answers `handle`."""

    keep_alive_seconds = 5.0

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.latency = 0.0
        self._accidents: list[InjectedFault] = []
        self._ghosts: list[threading.Thread] = []
        self._open: set[socket] = set()
        self._turn = threading.RLock()  # one request at a time inside the platform's own state
        self._stopped = threading.Event()

    def handle(self, heard: ReceivedRequest) -> FakeResponse:
        raise NotImplementedError

    # --------------------------------------------------------------------------- accidents

    def reply(self, method: str, part: str, status: int, body: Any = None, **headers: str) -> None:
        """Say this instead of doing it."""
        given = FakeResponse(
            status, body, {name.replace("_", "-"): v for name, v in headers.items()}
        )
        self._accidents.append(InjectedFault(method, part, lambda wire, heard: given))

    def lose_reply(self, method: str, part: str) -> None:
        """Do it, and hang up before saying so."""
        self._accidents.append(
            InjectedFault(method, part, lambda wire, heard: wire._do(heard) and None)
        )

    def hang_up(self, method: str, part: str) -> None:
        """Neither do it nor answer."""
        self._accidents.append(InjectedFault(method, part, lambda wire, heard: None))

    def reply_after(self, method: str, part: str, status: int, body: Any = None) -> None:
        """Do it, and say that it failed."""
        given = FakeResponse(status, body)
        self._accidents.append(
            InjectedFault(method, part, lambda wire, heard: wire._do(heard) and given)
        )

    def hang(self, method: str, part: str, *, then_do_after: float | None = None) -> None:
        """Never answer; with `then_do_after`, do it all the same, that many seconds later."""

        def befall(wire: FakeServer, heard: ReceivedRequest) -> None:
            if then_do_after is not None:
                ghost = threading.Timer(then_do_after, wire._do, [heard])
                wire._ghosts.append(ghost)
                ghost.start()
            wire._stopped.wait(30)

        self._accidents.append(InjectedFault(method, part, befall))

    def settle(self) -> None:
        """Wait for what was still to be done."""
        while self._ghosts:
            self._ghosts.pop().join()

    # ------------------------------------------------------------------------------ serving

    def answer(self, heard: ReceivedRequest) -> FakeResponse | None:
        self.requests.append(heard)
        if self.latency:
            time.sleep(self.latency)
        for accident in self._accidents:
            if accident.method == heard.method and accident.part in heard.path:
                self._accidents.remove(accident)
                return accident.befall(self, heard)
        return self._do(heard)

    def _do(self, heard: ReceivedRequest) -> FakeResponse:
        with self._turn:
            return self.handle(heard)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"wire": self, "timeout": self.keep_alive_seconds})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.settle()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body go out apart, and would wait for each other
    wire: FakeServer

    def setup(self) -> None:
        super().setup()
        self.wire._open.add(self.connection)

    def finish(self) -> None:
        self.wire._open.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        reply = self.wire.answer(ReceivedRequest(self.command, url.path, query, headers, raw))
        if reply is None:
            self.close_connection = True
            return
        self._say(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815

    def _say(self, reply: FakeResponse) -> None:
        kind = {} if isinstance(reply.body, str) or reply.body is None else _JSON
        self.send_response(reply.status)
        for name, value in {**kind, **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.raw)))
        self.send_header("Keep-Alive", f"timeout={self.wire.keep_alive_seconds:g}")
        self.end_headers()
        self.wfile.write(reply.raw)

    def log_message(self, *_: Any) -> None:
        """Silence."""


_JSON = {"Content-Type": "application/json; charset=utf-8"}
