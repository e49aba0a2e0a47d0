"""The id of the request being answered: in every answer, every problem, every audit line it
wrote."""

import uuid
from contextvars import ContextVar

_current: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)


def current_request_id() -> uuid.UUID | None:
    """None outside a web request (workers, commands)."""
    return _current.get()


def begin_request() -> uuid.UUID:
    request_id = uuid.uuid4()
    _current.set(request_id)
    return request_id


def end_request() -> None:
    _current.set(None)
