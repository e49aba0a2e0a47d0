"""Parsing of request bodies: complete, one JSON object in UTF-8, and nothing ambiguous in it."""

import json
from collections import Counter
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext as _

from organizations.web.api.problems import Problem, body_too_large_problem
from organizations.web.request_bodies import declared_content_length, has_unknown_length

MAX_DEPTH = 32


def parse_json_body(request: HttpRequest) -> dict[str, Any]:
    """Returns the body as a dict, or {} without a body (a DELETE, or an action without parameters).
    Raises Problem."""
    return parse_object_body(request, read_body(request))


def parse_object_body(request: HttpRequest, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    ensure_content_type(request)
    data = parse_strict_json(body)
    if not isinstance(data, dict):
        raise Problem("malformed-json", _("The body must be a JSON object."))
    return data


def read_body(request: HttpRequest, most: int | None = None) -> bytes:
    """Returns all bytes of the body, and stores them in `request.body`.

    Raises UnreadablePostError if the body is incomplete, and a Problem if it has more than `most`
    bytes (DATA_UPLOAD_MAX_MEMORY_SIZE by default) or an unknown transfer coding.
    """
    if hasattr(request, "_body"):
        return request._body
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if most is None else most
    if (declared_content_length(request.META) or 0) > most:
        raise body_too_large_problem(most)
    try:
        body = read_limited_body(request, most + 1)
    except RequestDataTooBig:
        raise body_too_large_problem(most) from None
    if len(body) > most:
        raise body_too_large_problem(most)
    request._body = body
    return body


def read_limited_body(request: HttpRequest, size: int) -> bytes:
    """Reads at most `size` bytes. Django sees no body if no length is announced, so such a body is
    read from the server's stream."""
    if not has_unknown_length(request.META):
        return request.read(size)
    if request.META.get("HTTP_TRANSFER_ENCODING", "chunked").lower() != "chunked":
        raise Problem("unsupported-media-type", _("The only Transfer-Encoding is `chunked`."))
    try:
        return request.environ["wsgi.input"].read(size)
    except OSError as error:
        raise UnreadablePostError(*error.args) from error


def ensure_content_type(request: HttpRequest, wanted: str = "application/json") -> None:
    charset = request.content_params.get("charset", "utf-8").strip('"').lower()
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if (request.content_type, charset, encoding) != (wanted, "utf-8", "identity"):
        raise Problem("unsupported-media-type")


def parse_strict_json(body: bytes) -> Any:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed-json", str(error)) from None
    ensure_max_depth(data)
    ensure_unique_names(body)
    return data


def ensure_max_depth(data: Any) -> None:
    level = [data]
    for _level in range(MAX_DEPTH + 1):
        level = [child for value in level for child in child_values(value)]
        if not level:
            return
    raise Problem("malformed-json", _("The body is nested too deeply."))


def child_values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def ensure_unique_names(body: bytes) -> None:
    """Raises a Problem if an object has the same name twice. orjson keeps the last of them and
    other parsers the first, so neither is accepted."""
    json.loads(body, object_pairs_hook=build_unique_object, parse_int=str, parse_float=str)


def build_unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, count), *_rest = Counter(name for name, _value in pairs).most_common(1)
        message = _("The name “%(name)s” stands %(count)d times in one object.")
        raise Problem("malformed-json", message % {"name": twice[:50], "count": count})
    return found
