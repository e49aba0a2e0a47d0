"""Reading a body: one JSON object, in UTF-8, of at most a megabyte, and nothing ambiguous in it."""

import json
from collections import Counter
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext as _

from organizations.api.problems import Problem

MAX_DEPTH = 32


def parse_json(request: HttpRequest) -> dict[str, Any]:
    """The body as a dict. No body at all is {}: a DELETE, or an action without parameters."""
    return parse_object(request, read_body(request))


def parse_object(request: HttpRequest, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    refuse_other_types(request)
    data = parse(body)
    if not isinstance(data, dict):
        raise Problem("malformed-json", _("The body must be a JSON object."))
    return data


def read_body(request: HttpRequest) -> bytes:
    """The body's bytes; afterwards `request.body` has them too."""
    try:
        if is_chunked(request):
            request._body = read_chunked(request)
        return request.body
    except RequestDataTooBig:
        raise Problem("payload-too-large") from None
    except UnreadablePostError:
        raise Problem("malformed-json", _("The body ended before its announced length.")) from None


def read_large_body(request: HttpRequest, most: int) -> bytes:
    """Likewise, up to a limit of the view's own."""
    try:
        stream = request.environ["wsgi.input"] if is_chunked(request) else request
        body = stream.read(most + 1)
    except UnreadablePostError:
        raise Problem("malformed-json", _("The body ended before its announced length.")) from None
    if len(body) > most:
        raise Problem("payload-too-large")
    request._body = body
    return body


def is_chunked(request: HttpRequest) -> bool:
    return not request.META.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" in request.META


def read_chunked(request: HttpRequest) -> bytes:
    """Without a Content-Length Django sees an empty body, so we read up to the limit ourselves."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = request.environ["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body


def refuse_other_types(request: HttpRequest, wanted: str = "application/json") -> None:
    charset = request.content_params.get("charset", "utf-8").strip('"').lower()
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if (request.content_type, charset, encoding) != (wanted, "utf-8", "identity"):
        raise Problem("unsupported-media-type")


def parse(body: bytes) -> Any:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed-json", str(error)) from None
    refuse_depth(data)
    refuse_repeated_names(body)
    return data


def refuse_depth(data: Any) -> None:
    level = [data]
    for _level in range(MAX_DEPTH + 1):
        level = [child for value in level for child in children(value)]
        if not level:
            return
    raise Problem("malformed-json", _("The body is nested too deeply."))


def children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def refuse_repeated_names(body: bytes) -> None:
    """orjson keeps the last of two equal names, other readers the first: we take neither."""
    json.loads(body, object_pairs_hook=unique, parse_int=str, parse_float=str)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, count), *_rest = Counter(name for name, _value in pairs).most_common(1)
        message = _("The name “%(name)s” stands %(count)d times in one object.")
        raise Problem("malformed-json", message % {"name": twice[:50], "count": count})
    return found
