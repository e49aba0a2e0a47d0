"""OpenAPI descriptions of a dialect's operations: like organizations.web.openapi.operations, but
with the dialect's own errors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema

from organizations.web.api.query_parameters import ParameterParser
from organizations.web.openapi.operations import query_parameter

COMMON_STATUSES = (401, 403, 429, 500, 503)


def operation_decorator(
    error_shape: Any, meanings: Mapping[int, str], headers: Sequence[Any] = ()
) -> Callable[..., Callable]:
    """Returns an `operation` decorator. `error_shape` is the serializer of every error, `meanings`
    describes each status, `headers` are parameters of every request."""

    def operation(
        *,
        summary: str,
        responses: Mapping[int, Any],
        errors: Iterable[int] = (),
        request: Any = None,
        query: Mapping[str, ParameterParser] | None = None,
        description: str = "",
        tags: Sequence[str] = (),
        examples: Sequence[OpenApiExample] = (),
    ) -> Callable:
        refused = {
            status: OpenApiResponse(error_shape, description=meanings[status])
            for status in sorted({*COMMON_STATUSES, *errors})
        }
        asked = [query_parameter(name, reader) for name, reader in (query or {}).items()]

        def describe(handler: Callable) -> Callable:
            handler.description = description  # OrgSchema adds the permission
            handler.request = request
            return extend_schema(
                summary=summary,
                tags=list(tags) or None,
                request=request,
                parameters=[*headers, *asked],
                responses={**responses, **refused},
                examples=list(examples),
            )(handler)

        return describe

    return operation
