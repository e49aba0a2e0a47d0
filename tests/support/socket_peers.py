"""Doors for tests, and peers on the wire that do to them what peers do."""

import socket
import struct
import threading
import time
from contextlib import contextmanager
from ipaddress import ip_network

import httpx

from integrations.http.platform_client import PlatformHttpClient

LOOPBACK = [ip_network("127.0.0.0/8")]
OPEN_CLIENTS = []
TOKEN = 'tök/en+"1'
OK_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class ScriptedPeer:
    """A peer that speaks by script: one function per connection, called with its socket."""

    def __init__(self, *scripts, tls=None):
        self.scripts, self.heard, self.tls = list(scripts), [], tls
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        for script in self.scripts:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                try:
                    self.play(script, connection)
                except OSError:
                    continue

    def play(self, script, connection):
        if self.tls:
            with self.tls.wrap_socket(connection, server_side=True) as wrapped:
                script(self, wrapped)
        else:
            script(self, connection)

    def hear(self, connection):
        """One request, headers and body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536) or b"\r\n\r\n"
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(x[15:]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")),
            0,
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.heard.append((head, body))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.close()


def reply_script(data, *more):
    def script(peer, connection):
        for part in (data, *more):
            peer.hear(connection)
            connection.sendall(part)

    return script


def close_without_reply(peer, connection):
    """Takes the request and closes without a word."""
    peer.hear(connection)


def reset_connection(peer, connection):
    peer.hear(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def never_reply(peer, connection):
    peer.hear(connection)
    time.sleep(3)


def drip_reply(peer, connection):
    peer.hear(connection)
    for byte in OK_RESPONSE * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def open_client(url, **options):
    options = {"headers": {}, "secrets": (TOKEN,), "allowed_private": LOOPBACK, **options}
    records = []
    opened = PlatformHttpClient(url, record=records.append, **options)
    opened.records = records
    OPEN_CLIENTS.append(opened)
    return opened


@contextmanager
def scripted_client(*scripts, path="", **options):
    with ScriptedPeer(*scripts) as peer, open_client(peer.url + path, **options) as opened:
        yield opened, peer


def mocked_client(handler, url="https://platform.example/api/v1", **options):
    return open_client(url, transport=httpx.MockTransport(handler), **options)


def close_clients():
    while OPEN_CLIENTS:
        OPEN_CLIENTS.pop().close()
