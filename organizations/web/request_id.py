"""The id and client address of the current request. The id is in every response, problem and log
line, and in every event of the audit log that the request writes. What a worker does for a request
has the same id."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest

_current_request_id: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)
_current_client_address: ContextVar[str | None] = ContextVar("client_address", default=None)

REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@-]{0,127}")
TRACEPARENT_PATTERN = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
# The namespace of UUIDs for request ids that are not UUIDs.
REQUEST_ID_NAMESPACE = uuid.UUID("6e2f1ab0-6f0c-4b55-9d0c-0f6ab1d1d2a7")


def current_request_id() -> uuid.UUID | None:
    """Returns the request's id, or None if no request is the cause (commands, scheduled work)."""
    return _current_request_id.get()


def current_client_address() -> str | None:
    """Returns the client's address, or None outside a web request and for a local socket."""
    return _current_client_address.get()


def begin_request(address: str | None = None, given: uuid.UUID | None = None) -> uuid.UUID:
    request_id = given or uuid.uuid4()
    _current_request_id.set(request_id)
    _current_client_address.set(address)
    return request_id


def incoming_request_id(headers: Mapping[str, Any]) -> uuid.UUID | None:
    """Returns the id from `X-Request-Id`, or else from the trace in W3C's `traceparent`; None if
    both are missing or invalid. A text that is not a UUID always maps to the same UUID (version
    5)."""
    text = headers.get("HTTP_X_REQUEST_ID", "")
    if REQUEST_ID_PATTERN.fullmatch(text):
        return normalize_request_id(text)
    trace = TRACEPARENT_PATTERN.fullmatch(headers.get("HTTP_TRACEPARENT", ""))
    return uuid.UUID(trace[1]) if trace and int(trace[1], 16) else None


def normalize_request_id(text: str) -> uuid.UUID:
    if re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return uuid.UUID(text)
    return uuid.uuid5(REQUEST_ID_NAMESPACE, text)


@contextmanager
def continue_request(request: HttpRequest) -> Iterator[None]:
    """Gives another thread's work the id of the request, after the response has been sent."""
    _current_request_id.set(getattr(request, "id", None))
    _current_client_address.set(request.META.get("REMOTE_ADDR") or None)
    try:
        yield
    finally:
        end_request()


@contextmanager
def use_request_id(request_id: uuid.UUID | None) -> Iterator[None]:
    """Gives a worker's work the id of an earlier request."""
    before = _current_request_id.set(request_id)
    try:
        yield
    finally:
        _current_request_id.reset(before)


def end_request() -> None:
    _current_request_id.set(None)
    _current_client_address.set(None)
