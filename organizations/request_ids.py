"""The request being answered: its id, which is in every answer, every problem and every audit line
it wrote, and where it came from."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)
_address: ContextVar[str | None] = ContextVar("client_address", default=None)


def current_request_id() -> uuid.UUID | None:
    """None outside a web request (workers, commands)."""
    return _current.get()


def current_address() -> str | None:
    """The client's address, None outside a web request and for a local socket."""
    return _address.get()


def begin_request(address: str | None = None) -> uuid.UUID:
    request_id = uuid.uuid4()
    _current.set(request_id)
    _address.set(address)
    return request_id


@contextmanager
def resumed(request: HttpRequest) -> Iterator[None]:
    """Work for a request whose answer is out, by another thread: what it writes has the same id."""
    _current.set(getattr(request, "id", None))
    _address.set(request.META.get("REMOTE_ADDR") or None)
    try:
        yield
    finally:
        end_request()


def end_request() -> None:
    _current.set(None)
    _address.set(None)
