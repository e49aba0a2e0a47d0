"""The schema documents, and pages to read them in, which work without the internet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.settings import patched_settings
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


@dataclass(frozen=True, eq=False)
class Document:
    """One OpenAPI document: `file` is its name in docs/, `patterns` are the routes in it (None: all
    of this installation's), `changes` what it says otherwise than SPECTACULAR_SETTINGS."""

    file: str
    patterns: Sequence[Any] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


V1 = Document("openapi.yaml")
DRAWING = Lock()  # its settings are global to the process for the while


def draw(document: Document) -> dict[str, Any]:
    with DRAWING, patched_settings(document.changes):
        return SchemaGenerator(patterns=document.patterns).get_schema(request=None, public=True)


@cache
def drawn(document: Document) -> dict[str, Any]:
    """The code does not change while the process lives, and drawing it takes a while."""
    return draw(document)


class SchemaView(APIView):
    """OpenAPI 3.1 as JSON, or as YAML by `Accept` or `?format=yaml`."""

    document = V1
    authentication_classes = permission_classes = ()
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiYamlRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
    )

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(drawn(self.document))

    def handle_exception(self, error: Exception) -> Any:
        return problem_response(problem_of(error), self.request)


class DocsView(SpectacularSwaggerSplitView):
    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response
