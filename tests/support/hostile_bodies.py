"""What a hostile platform fills a worker's memory with.

`python -m tests.support.hostile_bodies` reads such replies in a process of its own, and prints for
each its name, what became of it, and the most memory that was taken by then, in KiB.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

MEGABYTE = 1024 * 1024
PAGE_OPENING = b'{"data":['


def fill_to_limit(opening: bytes, part: bytes, closing: bytes, most: int = 8 * MEGABYTE) -> bytes:
    """`part` as often as the bound of bytes lets it pass, or `most` times."""
    count = min(most, (8 * MEGABYTE - len(opening) - len(closing)) // len(part))
    return opening + (part * count).rstrip(b",") + closing


def endless_spaces() -> Iterator[bytes]:
    while True:
        yield b" " * MEGABYTE


def large_rows_page(_request: httpx.Request) -> bytes:
    """Fifty long rows, however many pages are asked for."""
    return json.dumps({"data": [{"number": "1" * 20, "x": "y" * 20_000}] * 50}).encode()


BODIES: dict[str, Callable[[httpx.Request], bytes | Iterator[bytes]]] = {
    "lists": lambda _: fill_to_limit(b"[", b"[],", b"]"),
    "objects": lambda _: fill_to_limit(b"[", b'{"":{}},', b"]"),
    "texts": lambda _: fill_to_limit(b"[", b'"ab",', b"]"),
    "few lists": lambda _: fill_to_limit(PAGE_OPENING, b"[],", b"]}", 140_000),
    "few objects": lambda _: fill_to_limit(PAGE_OPENING, b'{"":{}},', b"]}", 95_000),
    "few texts": lambda _: fill_to_limit(PAGE_OPENING, b'"ab",', b"]}", 290_000),
    "few long texts": lambda _: fill_to_limit(
        PAGE_OPENING, b'"%s",' % (b"\xf0\x9f\x98\x80" * 2500), b"]}", 700
    ),
    "wide text": lambda _: fill_to_limit('["\N{GRINNING FACE}'.encode(), b"a", b'"]'),
    "escapes": lambda _: fill_to_limit(b'["', b"\\ud800", b'"]'),
    "depth": lambda _: fill_to_limit(b"[" * 4 * MEGABYTE, b" ", b"]" * 4 * MEGABYTE),
    "digits": lambda _: fill_to_limit(b"[", b"1", b"]"),
    "endless": lambda _: endless_spaces(),
    "pages": large_rows_page,
}


def peak_memory() -> int:
    """In KiB. getrusage() would count the process that started this one, too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def read_hostile_body(name: str) -> str:
    from integrations.http.platform_client import PlatformHttpClient
    from integrations.providers.base import NumberSpec, ProviderError
    from integrations.providers.error_boundary import GuardedProvider
    from integrations.providers.jambonz import Jambonz

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=BODIES[name](request))

    account = {"base_url": "https://jambonz.example", "token": "x", "account_sid": "y"}
    door = PlatformHttpClient(
        account["base_url"],
        headers={},
        secrets=["x"],
        record=lambda exchange: None,
        allowed_private=[],
        transport=httpx.MockTransport(answer),
    )
    spec = NumberSpec("pb-1", "+15550001111", {"voip_carrier_sid": "z"})
    with door:
        try:
            GuardedProvider(Jambonz(account, door)).observe(spec)
        except ProviderError as error:
            return f"{type(error).__name__}: {error}"
    return "nothing"


if __name__ == "__main__":
    import config  # noqa: F401  before numbers

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    told = [[name, read_hostile_body(name), peak_memory()] for name in BODIES]
    print(json.dumps(told))
