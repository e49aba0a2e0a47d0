"""OpenAPI descriptions of Zudu's operations: the envelope, and the meanings of its errors."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer, inline_serializer
from rest_framework import serializers

from numbers.dialects.openapi import operation_decorator
from organizations.web.api.fields import Char, Choice
from organizations.web.openapi.operations import IDEMPOTENCY_KEY

STATUS_MEANINGS = {
    400: "Something in the request is not as it should be, or a platform refuses it; `message` "
    "names the field.",
    401: "One of the two headers is missing, or they are no key that may be used.",
    403: "The key may not do this.",
    404: "There is no such phone number in your organization.",
    408: "The body came too slowly.",
    409: "The number is held already, or its present state does not allow it.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body is not JSON.",
    422: "This Idempotency-Key came with another request before.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "Something went wrong here; nothing was changed.",
    503: "The database cannot be reached, or too much arrives at once; `Retry-After` says when to "
    "try again.",
    504: "A platform has not answered within ten seconds. `message` says what goes on.",
}
TAGS = ["Phone numbers"]


@extend_schema_serializer(component_name="Error")
class ErrorShape(serializers.Serializer):
    message = Char(help_text="What happened, and what to do about it.")
    status = Choice(["error"])
    error = Char(help_text="A word for programs; /v1/problems explains it.")
    data = Char(allow_null=True, help_text="Always null.")


def envelope_schema(name: str, data: Any) -> Any:
    fields = {
        "message": Char(),
        "status": Choice(["success"]),
        "error": Char(allow_null=True, help_text="Null."),
        "data": data,
    }
    return inline_serializer(name, fields)


def zudu_read_operation(**described: Any) -> Any:
    return operation_decorator(ErrorShape, STATUS_MEANINGS)(tags=TAGS, **described)


def zudu_write_operation(*, errors: tuple[int, ...] = (), **described: Any) -> Any:
    errors = {400, 408, 409, 413, 415, 422, *errors}
    describe = operation_decorator(ErrorShape, STATUS_MEANINGS, [IDEMPOTENCY_KEY])
    return describe(tags=TAGS, errors=errors, **described)
