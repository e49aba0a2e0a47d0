"""Request bodies are complete or refused: none that was cut off looks like a whole one.

`wsgi.input` raises an OSError where others would just end; Django makes an UnreadablePostError of
it, and we a 400 (docs/decisions/0015).
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Environ = dict[str, Any]
Application = Callable[[Environ, Callable], Iterable[bytes]]

MAX_TRAILING_WHITESPACE = (
    64  # bytes of white space that may follow the closing boundary of a multipart form
)


class IncompleteBody(OSError):
    """The body ended before its announced length, its last chunk or its closing boundary."""


class SlowBody(IncompleteBody):
    """The body was given up: the client sent it too slowly."""


class TooManyLargeBodies(IncompleteBody):
    """The body was given up: too many large ones are arriving at the same time."""


class CompleteBody(io.RawIOBase):
    """A body of which nothing is missing: every read raises IncompleteBody once something is.

    `stream` is the server's `wsgi.input`. Where the length is not announced (`length` is None) it
    must raise by itself when the body is cut off, and say so by `raises_when_cut`; of any other
    stream nobody knows whether it is complete. A multipart form must end with its `boundary`.
    """

    def __init__(self, stream: Any, length: int | None, boundary: bytes = b""):
        self.stream, self.remaining = stream, length
        self.broken: type[Exception] | None = None  # what every further read raises
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
        """How many bytes to take from the stream; -1 for all there are."""
        size = -1 if size is None else size
        if self.remaining is None:
            return size
        return self.remaining if size < 0 else min(size, self.remaining)

    def is_cut(self, data: bytes, wanted: int) -> bool:
        """Whether the body turns out to be incomplete with these bytes, the next ones of it."""
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
    """The application, with a `wsgi.input` that raises when the body is incomplete."""

    def checked(environ: Environ, start_response: Callable) -> Iterable[bytes]:
        length = declared_content_length(environ)
        if length or has_unknown_length(environ):
            boundary = multipart_boundary(environ.get("CONTENT_TYPE", ""))
            environ["wsgi.input"] = CompleteBody(environ["wsgi.input"], length, boundary)
        return application(environ, start_response)

    return checked


def declared_content_length(environ: Environ) -> int | None:
    """The Content-Length. None without one, or where it is no number of bytes."""
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def has_unknown_length(environ: Environ) -> bool:
    """Whether there may be a body whose end shows only when it has come: chunked, or in HTTP/2."""
    is_open = "HTTP_TRANSFER_ENCODING" in environ or environ.get("SERVER_PROTOCOL") == "HTTP/2"
    return is_open and declared_content_length(environ) is None


def multipart_boundary(content_type: str) -> bytes:
    """What separates the parts of a multipart form; empty for any other body."""
    kind, parameters = parse_header_parameters(content_type)
    if not kind.startswith("multipart/"):
        return b""
    return parameters.get("boundary", "").encode("latin-1", "replace")
