"""Receives request bodies in the event loop, so that a request takes a thread only when its body is
complete.

A small body is kept in memory, a large one in an unnamed file. Each must arrive at a minimum rate,
and all large ones together have limited space (docs/decisions/0020).
"""

import asyncio
import io
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple

from django.core.exceptions import RequestDataTooBig

from config.web.timeouts import CumulativeTimeout
from organizations.web.request_bodies import Environ, IncompleteBody, SlowBody, TooManyLargeBodies

Receive = Callable[[], Awaitable[dict[str, Any]]]

logger = logging.getLogger(__name__)

MAX_IN_MEMORY = 32_768  # bytes of one body
GRACE_SECONDS = 10.0  # seconds that any body may take,
MIN_BYTE_RATE = 4_000  # bytes that add a second to that,
MAX_SECONDS = 300.0  # up to this many seconds
RESERVATION_STEP = 1_000_000  # bytes that a large body reserves at a time
MAX_DISK_BYTES = 256_000_000  # bytes for all large bodies of a process,
MAX_CLIENT_DISK_BYTES = 64_000_000  # and for those of one client address

# One thread writes the files, so that a disk that hangs delays only large bodies.
disk_executor = ThreadPoolExecutor(1, "bodies")


class BodyLimits(NamedTuple):
    """The bytes of a body that are kept, and those that are received: more, if the client would not
    read the response while it sends. The space of large bodies is counted by `client`."""

    kept: int = sys.maxsize
    received: int = sys.maxsize
    client: str = ""


BodyLimitsCallable = Callable[[Environ], BodyLimits | None]  # None refuses the body


def unlimited_body(_environ: Environ) -> BodyLimits:
    return BodyLimits()


class DiskQuota:
    """The space in bytes of large bodies in this process, in total and for each client."""

    def __init__(self, most: int = MAX_DISK_BYTES, most_of_one: int = MAX_CLIENT_DISK_BYTES):
        self.most, self.most_of_one = most, most_of_one
        self.taken: Counter[str] = Counter()

    def take(self, client: str) -> None:
        """Reserves another RESERVATION_STEP. Raises TooManyLargeBodies."""
        if (
            self.taken.total() + RESERVATION_STEP > self.most
            or self.taken[client] + RESERVATION_STEP > self.most_of_one
        ):
            raise TooManyLargeBodies
        self.taken[client] += RESERVATION_STEP

    def give_back(self, client: str, size: int) -> None:
        self.taken -= Counter({client: size})  # drops the clients that have none


class ReceivedBody(io.RawIOBase):
    """`wsgi.input`: a complete body, or one whose reads raise the reason why it is refused."""

    raises_when_cut = True

    def __init__(self, room: DiskQuota):
        self.room = room
        self.limits = BodyLimits()
        self.file: IO[bytes] = io.BytesIO()
        self.size = self.reserved = 0
        self.refusal: type[Exception] | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if self.refusal:
            raise self.refusal
        return self.file.read(size)

    async def keep(self, data: bytes) -> None:
        """Counts the data, and stores it unless the body is refused. Raises TooManyLargeBodies."""
        self.size += len(data)
        if self.size > self.limits.kept:
            self.refuse(RequestDataTooBig)
        if self.refusal:
            return
        if self.size <= MAX_IN_MEMORY:
            self.file.write(data)
        else:
            await self.keep_in_file(data)

    async def keep_in_file(self, data: bytes) -> None:
        while self.size > self.reserved:
            self.room.take(self.limits.client)
            self.reserved += RESERVATION_STEP
        try:
            await asyncio.get_running_loop().run_in_executor(disk_executor, self.write, data)
        except OSError as error:
            logger.error("A request body was not kept: %s", error)
            raise TooManyLargeBodies from error

    def write(self, data: bytes) -> None:
        if isinstance(self.file, io.BytesIO):
            head, self.file = self.file.getvalue(), tempfile.TemporaryFile()  # noqa: SIM115
            self.file.write(head)
        self.file.write(data)

    def refuse(self, refusal: type[Exception]) -> None:
        """Refuses the body and deletes its data. The first reason counts."""
        self.refusal = self.refusal or refusal
        self.empty()

    def empty(self) -> None:
        self.file.close()
        if self.reserved:
            self.room.give_back(self.limits.client, self.reserved)
        self.reserved = 0


async def receive_body(
    receive: Receive, body: ReceivedBody, announced: int, limits: BodyLimits
) -> None:
    """Receives the body, or refuses it if it is incomplete, too large or too slow, or if there is
    no space for it.

    `announced` is the Content-Length, 0 without one.
    """
    body.limits, most = limits, limits.received
    if announced > limits.kept:
        body.refuse(RequestDataTooBig)
    try:
        if announced <= most:
            await receive_all(receive, body, most)
    except TimeoutError:
        body.refuse(SlowBody)
    except IncompleteBody as error:
        body.refuse(type(error))
    if not body.refusal:
        body.file.seek(0)


async def receive_all(receive: Receive, body: ReceivedBody, most: int) -> None:
    patience, more = CumulativeTimeout(), True
    while more and body.size <= most:
        seconds = min(GRACE_SECONDS + body.size / MIN_BYTE_RATE, MAX_SECONDS)
        message = await patience.until(seconds, receive())
        if message["type"] == "http.disconnect":
            raise IncompleteBody
        await body.keep(message.get("body", b""))
        more = message.get("more_body", False)
