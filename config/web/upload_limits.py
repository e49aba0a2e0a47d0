"""Limits of request bodies and forms: files and long texts. A body that is too large is read to its
end, so that the sender reads the response, but it is not stored."""

from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import FIELD, ChunkIter, LazyStream, Parser, exhaust
from django.urls import Resolver404, resolve
from django.utils.datastructures import MultiValueDict

from config.web.body_receiver import BodyLimits
from organizations.web.api.credentials import KEY_HEADERS
from organizations.web.api.error_handlers import is_api_path
from organizations.web.client_address import resolve_client_address
from organizations.web.request_bodies import Environ, declared_content_length

MAX_UPLOAD_BYTES = 10_000_000
MAX_DISCARDED_BYTES = (
    200_000_000  # bytes of a form that are received, although it is too large to be stored
)
CHUNK_BYTES = 65_536  # bytes


def body_limits(environ: Environ) -> BodyLimits | None:
    """Returns how much of a body is received before a view runs, or None for an API request without
    a key, whose response does not depend on the body.

    These limits are higher than those of the views, which report what is wrong with a body beyond
    their own. A view that accepts more than others has `longest_body`.
    """
    path, announced = environ["PATH_INFO"], declared_content_length(environ)
    if is_api_path(path) and KEY_HEADERS.isdisjoint(environ):
        return None
    ordinary = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    client = environ["REMOTE_ADDR"]
    client = resolve_client_address(
        client, environ.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES
    )
    if announced is not None and announced <= ordinary:
        return BodyLimits(ordinary, ordinary, client)
    kept = getattr(resolve_view_class(path), "longest_body", ordinary)
    return BodyLimits(kept, kept if is_api_path(path) else max(kept, MAX_DISCARDED_BYTES), client)


def resolve_view_class(path: str) -> type | None:
    try:
        return getattr(resolve(path).func, "view_class", None)
    except Resolver404:
        return None


class LimitedUploadHandler(FileUploadHandler):
    """Stops storing at the limit, and sets `request.upload_is_too_large` for the view."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MAX_UPLOAD_BYTES:
            self.request.upload_is_too_large = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class LongFormHandler(FileUploadHandler):
    """Reads the form of a view that has `longest_form`, the bytes that all of its fields may have
    together, instead of DATA_UPLOAD_MAX_MEMORY_SIZE. A larger form is not refused unread but
    truncated, with `request.form_was_cut` set. Files are ignored."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: bytes,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict] | None:
        most = max_form_bytes(self.request)
        if most is None:
            return None
        post, self.request.form_was_cut = parse_form_fields(input_data, boundary, encoding, most)
        return post, MultiValueDict()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def max_form_bytes(request: HttpRequest) -> int | None:
    view = getattr(request.resolver_match, "func", None)
    return getattr(getattr(view, "view_class", None), "longest_form", None)


def parse_form_fields(
    stream: Any, boundary: bytes, encoding: str | None, most: int
) -> tuple[QueryDict, bool]:
    """Returns the fields of a multipart form, and whether they were truncated."""
    post, was_cut = QueryDict(mutable=True, encoding=encoding), False
    parts = Parser(LazyStream(ChunkIter(stream, CHUNK_BYTES)), boundary)
    for count, (kind, meta, part) in enumerate(parts):
        if count > settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
            raise TooManyFieldsSent
        if kind == FIELD and (name := meta["content-disposition"][1].get("name")):
            data = part.read(most)
            most -= len(data)
            was_cut = was_cut or bool(part.read(1))
            post.appendlist(name, data.decode(encoding or "utf-8", "replace"))
        exhaust(part)
    exhaust(stream)
    post._mutable = False
    return post, was_cut
