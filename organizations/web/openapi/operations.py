"""What all operations share in the OpenAPI documents: problems, headers, permission."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from organizations.web.api.problem_types import PROBLEM_TYPES, ProblemType
from organizations.web.api.problems import PROBLEM_JSON, problem_type_uri
from organizations.web.api.query_parameters import ParameterParser

COMMON_PROBLEMS = ("unauthorized", "forbidden", "rate-limited", "internal", "database-unavailable")
WRITE_PROBLEMS = (
    "malformed-json",
    "incomplete-body",
    "invalid-request",
    "invalid-idempotency-key",
    "conflict",
    "idempotency-in-progress",
    "idempotency-mismatch",
    "request-timeout",
    "server-busy",
    "payload-too-large",
    "unsupported-media-type",
)
EXAMPLE_ID = "5f0c2d7e-3b1a-4c86-9f3d-0a7d1c2b9e44"


def document_operation(
    *,
    summary: str,
    responses: Mapping[int, Any],
    tags: Sequence[str] = (),
    description: str = "",
    request: Any = None,
    query: Mapping[str, ParameterParser] | None = None,
    errors: Iterable[str] = (),
    etag: bool = False,
    examples: Sequence[OpenApiExample] = (),
    operation_id: str | None = None,
) -> Callable:
    """Documents a handler of an OrgView. What all operations share follows from the method. `query`
    is the table passed to `parse_query`, `errors` are slugs of problems besides the common ones
    ("precondition-failed" adds If-Match), and `etag` says that a success carries an ETag."""

    def describe(handler: Callable) -> Callable:
        method = handler.__name__
        slugs = [*COMMON_PROBLEMS, *(WRITE_PROBLEMS if method != "get" else ()), *errors]
        slugs += ["invalid-request"] if query is not None else []
        headers = [etag_header(responses)] if etag else []
        handler.description = description  # OrgSchema appends the permission
        handler.request = request
        return extend_schema(
            summary=summary,
            operation_id=operation_id,
            tags=list(tags) or None,
            request=request,
            parameters=operation_parameters(method, query or {}, slugs, responses) + headers,
            responses={**responses, **problem_responses(slugs)},
            examples=list(examples),
        )(handler)

    return describe


def operation_parameters(
    method: str,
    query: Mapping[str, ParameterParser],
    slugs: Sequence[str],
    responses: Mapping[int, Any],
) -> list[OpenApiParameter]:
    successes = list(responses)
    found = [query_parameter(name, reader) for name, reader in query.items()]
    found += [response_header(*header, [*successes, 429]) for header in RATE_LIMIT_HEADERS]
    found += [
        response_header(*RETRY_AFTER, [s for s in (409, 429, 503) if s in problem_statuses(slugs)])
    ]
    if method != "get":
        found += [IDEMPOTENCY_KEY, response_header(*IDEMPOTENT_REPLAYED, successes)]
    if "precondition-failed" in slugs:
        found.append(IF_MATCH)
    if 201 in successes:
        found.append(response_header(*LOCATION, [201], required=True))
    return found


def header_parameter(name: str, description: str, **kwargs: Any) -> OpenApiParameter:
    kwargs = {"type": str, **kwargs}
    return OpenApiParameter(
        name, location=OpenApiParameter.HEADER, description=description, **kwargs
    )


def response_header(
    name: str, kind: Any, description: str, on: Sequence[int], *, required: bool = False
) -> OpenApiParameter:
    return header_parameter(name, description, type=kind, response=list(on), required=required)


RATE_LIMIT_HEADERS = (
    ("RateLimit-Limit", int, "Requests that may follow each other at once."),
    ("RateLimit-Remaining", int, "Requests that are left of them now."),
    ("RateLimit-Reset", int, "Seconds until all of them are there again."),
)
RETRY_AFTER = ("Retry-After", int, "Seconds after which to send again.")
ETAG = ("ETag", str, "The version of what is shown.")
LOCATION = ("Location", str, "The path of what was made.")
IDEMPOTENT_REPLAYED = ("Idempotent-Replayed", bool, "`true` when this answer was given before.")
IDEMPOTENCY_KEY = header_parameter(
    "Idempotency-Key",
    "Makes repeating this request harmless, for 24 hours.",
    type={"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[A-Za-z0-9_-]+$"},
)
IF_MATCH = header_parameter(
    "If-Match", "The ETag of the version that is to be changed, `*` for any."
)


def etag_header(successes: Iterable[int]) -> OpenApiParameter:
    return response_header(*ETAG, list(successes), required=True)


def query_parameter(name: str, reader: ParameterParser) -> OpenApiParameter:
    """Documents a query parameter. A parser may have a JSON schema as `.schema`; its docstring is
    the description."""
    return OpenApiParameter(
        name,
        type=getattr(reader, "schema", {"type": "string"}),
        location=OpenApiParameter.QUERY,
        description=(getattr(reader, "__doc__", None) or "").strip(),
    )


@extend_schema_serializer(component_name="ProblemError")
class ProblemErrorShape(serializers.Serializer):
    """One wrong place in the request."""

    path = serializers.CharField(
        help_text="Where: `sip_gateways.0.port`, a parameter, a header; empty for the whole."
    )
    message = serializers.CharField(help_text="What is expected there.")
    code = serializers.CharField(help_text="The same for programs: `required`, `unknown`, …")


@extend_schema_serializer(component_name="Problem")
class ProblemShape(serializers.Serializer):
    """A problem as RFC 9457 has it."""

    type = serializers.URLField(help_text="Address of the page that explains this kind of problem.")
    title = serializers.CharField(help_text="The kind of problem in short.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What happened this time.")
    instance = serializers.UUIDField(help_text="The id of the request.")
    errors = ProblemErrorShape(many=True)


def problem_responses(slugs: Iterable[str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Returns one response for each status among the problems, with an example of each problem."""
    by_status: dict[int, list[ProblemType]] = defaultdict(list)
    for slug in sorted(set(slugs), key=lambda slug: (PROBLEM_TYPES[slug].status, slug)):
        by_status[PROBLEM_TYPES[slug].status].append(PROBLEM_TYPES[slug])
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            ProblemShape,
            description=" ".join(f"`{kind.slug}`: {kind.explanation}" for kind in kinds),
            examples=[problem_example(kind) for kind in kinds],
        )
        for status, kinds in by_status.items()
    }


def problem_example(kind: ProblemType) -> OpenApiExample:
    value = {
        "type": problem_type_uri(kind.slug),
        "title": str(kind.title),
        "status": kind.status,
        "detail": str(kind.explanation),
        "instance": EXAMPLE_ID,
        "errors": [],
    }
    return OpenApiExample(kind.slug, value, media_type=PROBLEM_JSON, response_only=True)


def problem_statuses(slugs: Iterable[str]) -> set[int]:
    return {PROBLEM_TYPES[slug].status for slug in slugs}


class OrgSchema(AutoSchema):
    """Adds the required permission to each description, as the view declares it."""

    def get_description(self) -> str:
        said = getattr(getattr(self.view, self.method.lower()), "description", "")
        permission = self.view.permissions[self.method].value
        return "\n\n".join(filter(None, (said, f"Needs the permission `{permission}`.")))

    def get_operation_id(self) -> str:
        named = super().get_operation_id()
        if self.method == "GET" and not self.path.endswith("}"):
            return named.removesuffix("_retrieve") + "_list"
        return named


class StrictSerializerExtension(OpenApiSerializerExtension):
    """Declares that requests to a StrictSerializer have no additional properties."""

    target_class = "organizations.web.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        kind = self.target if isinstance(self.target, type) else type(self.target)
        if not kind.__dict__.get("__doc__"):
            schema.pop("description", None)  # inherited, and of no interest to clients
        if direction == "request" and not getattr(kind, "aliases", None):
            schema["additionalProperties"] = False
        return schema


def select_v1_endpoints(endpoints: list, **kwargs: Any) -> list:
    """Returns the endpoints of the canonical API. Each dialect has a document of its own."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/v1/")]


def request_example(name: str, value: Any) -> OpenApiExample:
    """Returns an example of a request."""
    return OpenApiExample(name, value, request_only=True)


def response_example(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """Returns an example of a response."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])
