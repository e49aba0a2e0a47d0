"""The HTTP load: some connections kept alive, on each one request after the other, in one process.

Run by `load` as a process of its own that is light, so that it is not what is measured.
"""

import json
import pickle
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from config import BASE_DIR

CONNECTIONS = 8
LENGTH_HEADER = b"content-length: "
HttpCall = tuple[bytes, bytes, bytes]  # the request, how its answer begins, what else is in it


@dataclass
class LoadResult:
    """What came back, and how long each answer took, in seconds."""

    seconds: float = 0
    wrong: str = ""
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds


def run_http_load(port: int, calls: list[HttpCall], seconds: float) -> LoadResult:
    """Send the calls, over and over, for some seconds; or once, where `seconds` is 0."""
    command = [sys.executable, "-m", __name__]
    orders = pickle.dumps((port, calls, seconds))
    done = subprocess.run(command, input=orders, stdout=subprocess.PIPE, cwd=BASE_DIR, check=True)
    return LoadResult(**json.loads(done.stdout))


class Connection:
    """One connection and the call that is under way on it."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, call: HttpCall) -> None:
        self.call, self.answer, self.began = call, b"", time.perf_counter()
        self.socket.sendall(call[0])

    def receive(self) -> bool:
        """Whether the answer is whole."""
        data = self.socket.recv(262_144)
        self.answer = self.answer + data if self.answer else data
        return not data or is_complete_response(self.answer)

    def complaint(self) -> str:
        _request, head, needle = self.call
        right = self.answer.startswith(head) and needle in self.answer
        return "" if right else repr((self.call[0][:200], self.answer[:600]))


def is_complete_response(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = answer.find(LENGTH_HEADER, 0, end)
    if at < 0:
        return answer.endswith(b"\r\n0\r\n\r\n")  # chunked
    at += len(LENGTH_HEADER)
    return len(answer) >= end + 4 + int(answer[at : answer.index(b"\r", at)])


def run_connections(port: int, calls: list[HttpCall], seconds: float) -> LoadResult:
    load = LoadResult()
    upcoming = repeat_calls(calls) if seconds else iter(calls)
    began = time.perf_counter()
    deadline = began + seconds if seconds else float("inf")
    with selectors.DefaultSelector() as selector:
        for call in [call for _, call in zip(range(CONNECTIONS), upcoming, strict=False)]:
            connection = Connection(port)
            connection.send(call)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map() and not load.wrong:
            for key, _events in selector.select(30):
                advance_connection(key.data, selector, upcoming, deadline, load)
    load.seconds = time.perf_counter() - began
    return load


def repeat_calls(calls: list[HttpCall]) -> Iterator[HttpCall]:
    while True:
        yield from calls


def advance_connection(
    connection, selector, upcoming: Iterator[HttpCall], deadline: float, load: LoadResult
) -> None:
    if not connection.receive():
        return
    now = time.perf_counter()
    load.times.append(now - connection.began)
    load.wrong = load.wrong or connection.complaint()
    call = next(upcoming, None) if now < deadline else None
    if call:
        connection.send(call)
    else:
        selector.unregister(connection.socket)
        connection.socket.close()


if __name__ == "__main__":
    print(json.dumps(run_connections(*pickle.load(sys.stdin.buffer)).__dict__))
