"""Responses of API handlers, and their rendering."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.functional import Promise

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class ApiResponse:
    """One response. `after_commit` may wait for a platform: it runs outside the transaction, after
    the commit; its response is sent instead and is what a replay returns from then on. `kept` is
    what a replay returns if the response itself contains a secret, which is never stored in
    plaintext. `is_void` says that the request had no effect after all, so that a repetition is
    executed again."""

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after_commit: Callable[[], "ApiResponse"] | None = None
    kept: "ApiResponse | None" = None
    is_void: bool = False


def render(reply: ApiResponse) -> HttpResponse:
    """Renders the bare object as JSON. A 204 has no body."""
    if reply.status == 204:
        return HttpResponse(status=204, headers=reply.headers, content_type=JSON_TYPE)
    return json_response(reply.data, status=reply.status, headers=reply.headers)


def json_response(
    data: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON_TYPE,
) -> HttpResponse:
    return HttpResponse(
        encode_json(data), content_type=content_type, status=status, headers=headers
    )


def encode_json(data: Any) -> bytes:
    """Encodes JSON in UTF-8: UUIDs as text, times in ISO 8601 with `Z`, lazy translations as
    text."""
    return orjson.dumps(data, default=json_default, option=orjson.OPT_UTC_Z)


def json_default(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
