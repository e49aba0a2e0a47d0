"""A transport that spoils a platform's real replies, in the ways that proxies and strangers do."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

HOSTILE_TEXT = "\ud800 a\0b\r\nINFO forged line\x1b[2J\u202e\u2028"
# What may stand where something else is expected. Its own JSON, as dumps() makes it.
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 7,
    "negative": -1,
    "huge": 10**30,
    "float": 1.5,
    "empty": "",
    "nasty": HOSTILE_TEXT,
    "long": "x" * 100_000,
    "path": "../../admin/x?y=z#",
    "slash": "a/b",
    "foreign": "AC00000000000000000000000000000000",
    "list": ["x", {"sid": 5}],
    "object": {"sid": "x", "name": ["y"]},
    "deep": json.loads("[" * 50 + "]" * 50),
}
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda body: body[: len(body) // 2],
    "nothing": lambda body: b"",
    "latin": lambda body: b'{"x":"\xe9"}',
    "page": lambda body: b"<!DOCTYPE html><p>Sign in</p>",
    "abyss": lambda body: b"[" * 100_000,
    "deep": lambda body: b"[" * 500 + b"]" * 500,
    "nan": lambda body: b'[{"sid": NaN}]',
    "infinite": lambda body: b'{"items": [1e999]}',
    "digits": lambda body: b"[" + b"9" * 5000 + b"]",
    "twice": lambda body: b'{"sid": "a", "sid": "b"}',
    "text": lambda body: b'"OK"',
    "list": lambda body: b"[]",
    "lists": lambda body: b"[[], null, 5]",
    "object": lambda body: b"{}",
    "wrapped": lambda body: b'{"data":' + (body or b"null") + b"}",
}
HEADERS: dict[str, tuple[int | None, dict[str, str]]] = {
    "other success": (299, {}),
    "no content": (204, {}),
    "no status": (600, {}),
    "last status": (999, {}),
    "moved": (302, {"location": "//[::1\r x"}),
    "moved away": (308, {"location": f"https://x/{'y' * 5000}"}),
    "wait for ever": (429, {"retry-after": "9" * 300}),
    "wait to the end": (503, {"retry-after": "Fri, 31 Dec 9999 23:59:59 -9959"}),
    "wait backwards": (429, {"retry-after": "-NaN"}),
    "quota": (
        None,
        {"ratelimit-limit": "0", "ratelimit-remaining": "0", "ratelimit-reset": "999999999"},
    ),
    "packed": (None, {"content-encoding": "gzip"}),
    "cookie": (None, {"set-cookie": f"a={'b' * 3000}; Domain=.example; Max-Age=99999999999999"}),
    "xml": (None, {"content-type": "text/xml; charset=utf-99"}),
    "refused": (400, {}),
    "missing": (404, {}),
    "broken": (500, {}),
}
# Refused in words that forge a line of the log, in all three platforms' shapes.
ERROR_BODY = {
    "msg": HOSTILE_TEXT,
    "message": HOSTILE_TEXT,
    "code": HOSTILE_TEXT,
    "detail": [HOSTILE_TEXT],
}
CORRUPTIONS = [
    "drop",
    "error",
    *(f"value {name}" for name in VALUES),
    *(f"body {name}" for name in BODIES),
    *(f"head {name}" for name in HEADERS),
]


@dataclass
class CorruptingTransport(httpx.BaseTransport):
    """From the reply number `first` on, or that one alone, `way` is done to the place numbered
    `place` (modulo the places that there are)."""

    way: str
    place: int = 0
    first: int = 0
    once: bool = False
    replies: int = 0
    inner: httpx.HTTPTransport = field(default_factory=lambda: httpx.HTTPTransport(verify=False))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        body = response.read()
        response.close()
        number, self.replies = self.replies, self.replies + 1
        status, headers = response.status_code, dict(response.headers)
        if number == self.first or (number > self.first and not self.once):
            status, headers, body = self._spoiled(status, headers, body)
        headers.pop("content-length", None)
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    def _spoiled(self, status: int, headers: dict, body: bytes) -> tuple[int, dict, bytes]:
        kind, _, name = self.way.partition(" ")
        if kind == "head":
            instead, more = HEADERS[name]
            return instead or status, {**headers, **more}, body
        if kind == "error":
            return 400, headers, json.dumps(ERROR_BODY).encode()
        if kind == "body":
            return status, headers, BODIES[name](body)
        return status, headers, corrupt_json(body, self.place, name if kind == "value" else None)

    def close(self) -> None:
        self.inner.close()


def corrupt_json(body: bytes, place: int, name: str | None) -> bytes:
    """With the value of that name at the place, or without what is there."""
    try:
        whole = [json.loads(body)]
    except ValueError:
        return body
    places = list(json_locations(whole))
    container, key = places[place % len(places)]
    if name is None and container is not whole:
        del container[key]
    else:
        container[key] = VALUES[name or "null"]
    return json.dumps(whole[0]).encode()


def json_locations(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every value in a JSON value, as its container and the key or index there."""
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, list | dict):
            yield from json_locations(inner)
