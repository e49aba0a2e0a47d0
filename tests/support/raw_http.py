"""HTTP as bytes on a socket, to a web server of our own: requests cut off, and whole ones."""

import os
import re
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from config.supervisor import programs
from config.supervisor.address import WebAddress
from config.supervisor.processes import kill_process_group, spawn_program
from tests.bench.installation import free_port

CutRequest = tuple[str, bytes]  # what is missing, and what is sent


@dataclass(frozen=True)
class RawRequest:
    """A request; `method_and_path` as in "POST /v1/phone-numbers"."""

    method_and_path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def head(self, **more: str | int) -> bytes:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        lines = [f"{self.method_and_path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **named}.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def whole(self) -> bytes:
        return self.head(Content_Length=len(self.body), Connection="close") + self.body

    def chunks(self) -> list[bytes]:
        """The body in about four chunks, and the last one."""
        size = max(1, len(self.body) // 3)
        parts = [self.body[at : at + size] for at in range(0, len(self.body), size)]
        return [b"%x\r\n%s\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]

    def whole_in_chunks(self) -> bytes:
        head = self.head(Transfer_Encoding="chunked", Connection="close")
        return head + b"".join(self.chunks())

    def cut_by_length(self) -> list[CutRequest]:
        head, length = self.head(Content_Length=len(self.body)), len(self.body)
        return [
            ("all of the body", head),
            ("half of the body", head + self.body[: length // 2]),
            ("the last byte", head + self.body[:-1]),
        ]

    def cut_in_chunks(self) -> list[CutRequest]:
        head, chunks = self.head(Transfer_Encoding="chunked"), self.chunks()
        data = b"".join(chunks[:-1])
        return [
            ("all of the body", head),
            ("all but half a chunk header", head + chunks[0][:1]),
            ("half of a chunk", head + chunks[0][: len(chunks[0]) // 2 + 1]),
            ("all but the first chunk", head + chunks[0]),
            ("the last line end of the data", head + data[:-2]),
            ("the last chunk", head + data),
            ("the last line end", head + data + b"0\r\n"),
            ("the last byte", head + data + b"0\r\n\r"),
            ("a size that can be read", head + data + b"zz\r\n\r\n"),
        ]


@dataclass(frozen=True)
class RawResponse:
    """The first answer on a connection; `rest` is what came after its head."""

    status: int
    head: str
    rest: str


class WebServer:
    """The web as `make up` starts it, on the test's database; `env` is told to it besides."""

    def __init__(self, folder: Path, **env: str):
        self.address = WebAddress("127.0.0.1", free_port())
        self.log = folder / "web.log"
        database = make_conninfo(
            os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"]
        )
        env = {"DATABASE_URL": database, "PATCHBAY_RATE_LIMIT_PER_SECOND": "0", **env}
        with self.log.open("wb") as log:
            self.process: subprocess.Popen = spawn_program(
                programs.build_web_program(env, self.address), log
            )

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while not self.address.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def end(self) -> None:
        kill_process_group(self.process)

    def send(self, data: bytes) -> RawResponse:
        """Send what is whole, and read until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            return parse_response(receive_all(client))

    def send_and_end(self, data: bytes) -> RawResponse:
        """Send all there is, say that no more comes, and read the answer."""
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return parse_response(receive_all(client))

    def reset(self, data: bytes) -> None:
        """Send all there is, and vanish."""
        with self.connect() as client:
            client.sendall(data)
            time.sleep(0.02)  # or the server would not even see the head
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def connect(self) -> socket.socket:
        return socket.create_connection((self.address.host, self.address.port), timeout=20)


def receive_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def parse_response(answer: bytes) -> RawResponse:
    head, _, rest = answer.decode("latin-1").partition("\r\n\r\n")
    match = re.match(r"HTTP/1\.1 (\d+)", head)
    assert match, answer
    return RawResponse(int(match[1]), head, rest)


def build_multipart_body(boundary: str, fields: dict[str, str], file: tuple[str, bytes]) -> bytes:
    """A form with a file in the field `file`, as browsers send it."""
    named = 'Content-Disposition: form-data; name="{}"'
    parts = [f"{named.format(name)}\r\n\r\n{value}".encode() for name, value in fields.items()]
    head = f'{named.format("file")}; filename="{file[0]}"\r\nContent-Type: text/csv\r\n\r\n'
    parts.append(head.encode() + file[1])
    start = f"--{boundary}\r\n".encode()
    return b"".join(start + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
