"""OpenAPI descriptions of Butter's operations: organization header, envelopes and errors."""

from collections.abc import Callable, Iterable
from typing import Any

from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema_field,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

from numbers.dialects.openapi import operation_decorator
from organizations.web.api.fields import Char
from organizations.web.openapi.operations import IDEMPOTENCY_KEY, IF_MATCH

ORGANIZATION_HEADER = OpenApiParameter(
    "X-Organization-Id",
    location=OpenApiParameter.HEADER,
    required=True,
    description="The API key's organization: `org_…`, or its UUID.",
)
STATUS_MEANINGS = {
    400: "A required field or header is missing, or a value is not as it should be.",
    401: "No API key that may be used.",
    403: "The key may not do this, or something belongs to a different organization.",
    404: "There is no such thing in your organization.",
    408: "The body came too slowly.",
    409: "The present state of things does not allow it.",
    412: "It has changed since the version named in If-Match.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body is not JSON.",
    422: "Broken JSON or values of a wrong type, as a list; or an Idempotency-Key used before.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "Something went wrong here; nothing was changed.",
    503: "The database cannot be reached, or too much arrives at once; `Retry-After` says when to "
    "try again.",
}
ERROR_ENTRY_SCHEMA = {
    "type": "object",
    "properties": {
        "loc": {"type": "array", "items": {"type": "string"}},
        "msg": {"type": "string"},
        "type": {"type": "string"},
    },
    "required": ["loc", "msg", "type"],
}


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": ERROR_ENTRY_SCHEMA}]}
)
class DetailField(serializers.Field):
    pass


@extend_schema_serializer(component_name="Error")
class ErrorShape(serializers.Serializer):
    detail = DetailField(help_text="A sentence; a list only in a 422.")


@extend_schema_serializer(component_name="Pagination")
class PaginationShape(serializers.Serializer):
    next_cursor = Char(allow_null=True, help_text="The `cursor` of the next page.")
    has_more = serializers.BooleanField()
    page_size = serializers.IntegerField(help_text="Rows on this page.")
    total_count = serializers.IntegerField(help_text="Rows on all pages.")


def object_schema(name: str, shape: type, *, message: str = "") -> Any:
    """Returns the envelope around one object. `message` is the message of an action."""
    fields: dict[str, Any] = {"success": serializers.BooleanField()}
    if message:
        fields["message"] = Char(help_text=message)
    return inline_serializer(name, {**fields, "data": shape()})


def page_schema(name: str, shape: type) -> Any:
    fields = {"success": serializers.BooleanField(), "data": shape(many=True)}
    return inline_serializer(name, {**fields, "pagination": PaginationShape()})


def butter_read_operation(*, errors: Iterable[int] = (), **described: Any) -> Callable:
    return operation_decorator(ErrorShape, STATUS_MEANINGS, [ORGANIZATION_HEADER])(
        errors=[400, *errors], **described
    )


def butter_write_operation(
    *, errors: Iterable[int] = (), versioned: bool = False, **described: Any
) -> Callable:
    """Describes a write. `versioned` means that the object has an ETag and that If-Match is
    checked."""
    headers = [ORGANIZATION_HEADER, IDEMPOTENCY_KEY, *([IF_MATCH] if versioned else [])]
    errors = {400, 408, 409, 413, 415, 422, *errors, *([412] if versioned else [])}
    return operation_decorator(ErrorShape, STATUS_MEANINGS, headers)(errors=errors, **described)
