"""The request being answered: its id, which is in every answer, every problem and every audit line
it wrote, and where it came from."""

import uuid
from contextvars import ContextVar

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


def end_request() -> None:
    _current.set(None)
    _address.set(None)
