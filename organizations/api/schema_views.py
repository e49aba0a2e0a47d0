"""The schema as a document, and a page to read it in, which works without the internet."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organizations.api.exceptions import problem_of
from organizations.api.problems import problem_response

# Swagger UI sets style attributes; everything it loads is ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class SchemaView(APIView):
    """OpenAPI 3.1 as JSON, or as YAML by `Accept` or `?format=yaml`."""

    authentication_classes = permission_classes = ()
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiYamlRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
    )

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())

    def handle_exception(self, error: Exception) -> Any:
        return problem_response(problem_of(error), self.request)


@cache
def document() -> dict[str, Any]:
    """The code does not change while the process lives, and drawing it takes a while."""
    return SchemaGenerator().get_schema(request=None, public=True)


class DocsView(SpectacularSwaggerSplitView):
    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response
