"""Request bodies are complete or refused, so that a truncated one never looks complete.

`wsgi.input` raises an OSError where it would otherwise just end. Django turns the error into an
UnreadablePostError, and Patchbay into a 400 (docs/decisions/0015).
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Environ = dict[str, Any]
Application = Callable[[Environ, Callable], Iterable[bytes]]

# Bytes of white space that may follow the closing boundary of a multipart form.
MAX_TRAILING_WHITESPACE = 64


class IncompleteBody(OSError):
    """The body ended before its announced length, its last chunk or its closing boundary."""


class SlowBody(IncompleteBody):
    """Reading was aborted, because the client sent the body too slowly."""


class TooManyLargeBodies(IncompleteBody):
    """Reading was aborted, because too many large bodies are arriving at the same time."""


class CompleteBody(io.RawIOBase):
    """A body that is known to be complete: once something is missing, every read raises
    IncompleteBody.

    `stream` is the server's `wsgi.input`. If no length is announced (`length` is None), the stream
    must raise by itself when the body is truncated, and declare so by `raises_when_cut`; nobody
    knows whether any other stream is complete. A multipart form must end with its `boundary`.
    """

    def __init__(self, stream: Any, length: int | None, boundary: bytes = b""):
        self.stream, self.remaining = stream, length
        self.broken: type[Exception] | None = None  # raised by every further read
        if length is None and not getattr(stream, "raises_when_cut", False):
            self.broken = IncompleteBody
        self.end = b"\n--" + boundary + b"--" if boundary else b""
        self.tail = b"\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self.wanted(size)
        if self.broken:
            raise self.broken
        try:
            data = self.stream.read(wanted) if wanted else b""
            if self.is_cut(data, wanted):
                raise IncompleteBody
        except Exception as error:
            self.broken = type(error)
            raise
        return data

    def wanted(self, size: int | None) -> int:
        """Returns how many bytes to read from the stream; -1 for all of them."""
        size = -1 if size is None else size
        if self.remaining is None:
            return size
        return self.remaining if size < 0 else min(size, self.remaining)

    def is_cut(self, data: bytes, wanted: int) -> bool:
        """Returns whether the body turns out to be incomplete after these bytes."""
        is_last = wanted < 0 or len(data) < wanted
        if self.remaining is not None:
            if is_last:
                return True
            self.remaining -= len(data)
            is_last = bool(data) and self.remaining == 0
        if not self.end:
            return False
        self.tail = (self.tail + data)[-len(self.end) - MAX_TRAILING_WHITESPACE :]
        return is_last and not self.tail.rstrip().endswith(self.end)


def require_complete_bodies(application: Application) -> Application:
    """Returns the application with a `wsgi.input` that raises if the body is incomplete."""

    def checked(environ: Environ, start_response: Callable) -> Iterable[bytes]:
        length = declared_content_length(environ)
        if length or has_unknown_length(environ):
            boundary = multipart_boundary(environ.get("CONTENT_TYPE", ""))
            environ["wsgi.input"] = CompleteBody(environ["wsgi.input"], length, boundary)
        return application(environ, start_response)

    return checked


def declared_content_length(environ: Environ) -> int | None:
    """Returns the Content-Length, or None if it is missing or not a number."""
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def has_unknown_length(environ: Environ) -> bool:
    """Returns whether there may be a body of unknown length: chunked, or in HTTP/2."""
    is_open = "HTTP_TRANSFER_ENCODING" in environ or environ.get("SERVER_PROTOCOL") == "HTTP/2"
    return is_open and declared_content_length(environ) is None


def multipart_boundary(content_type: str) -> bytes:
    """Returns the boundary between the parts of a multipart form; empty for any other body."""
    kind, parameters = parse_header_parameters(content_type)
    if not kind.startswith("multipart/"):
        return b""
    return parameters.get("boundary", "").encode("latin-1", "replace")
