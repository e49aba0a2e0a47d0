"""The OpenAPI documents, and pages to read them, which work without internet access."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
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
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problems import problem_response

# Swagger UI sets style attributes. Everything that it loads comes from this server.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, eq=False)
class OpenApiDocument:
    """One OpenAPI document. `file` is its name in docs/, `patterns` are its routes (None: all
    routes of this installation), and `changes` override SPECTACULAR_SETTINGS."""

    file: str
    patterns: Sequence[Any] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


V1_DOCUMENT = OpenApiDocument("openapi.yaml")
GENERATION_LOCK = Lock()  # patched_settings applies to the whole process


def generate_schema(document: OpenApiDocument) -> dict[str, Any]:
    with GENERATION_LOCK, patched_settings(document.changes):
        return SchemaGenerator(patterns=document.patterns).get_schema(request=None, public=True)


@cache
def cached_schema(document: OpenApiDocument) -> dict[str, Any]:
    """Returns the cached document: generating it takes a while, and the code does not change in a
    process."""
    return generate_schema(document)


class RenderedDocument(NamedTuple):
    body: bytes
    gzipped: bytes
    etag: str


RENDERED_DOCUMENTS: dict[tuple[OpenApiDocument, type[BaseRenderer]], RenderedDocument] = {}
RENDER_LOCK = Lock()  # others wait instead of rendering it again


def render_document(document: OpenApiDocument, renderer: type[BaseRenderer]) -> RenderedDocument:
    """Returns the document in one format, rendered on first use: YAML takes a second of CPU
    time."""
    with RENDER_LOCK:
        if (document, renderer) not in RENDERED_DOCUMENTS:
            body = renderer().render(cached_schema(document), renderer_context={})
            digest = hashlib.sha256(body).hexdigest()[:32]
            RENDERED_DOCUMENTS[document, renderer] = RenderedDocument(
                body, gzip.compress(body), quote_etag(digest)
            )
        return RENDERED_DOCUMENTS[document, renderer]


class SchemaView(APIView):
    """OpenAPI 3.1 as JSON, or as YAML by `Accept` or `?format=yaml`."""

    document = V1_DOCUMENT
    authentication_classes = permission_classes = ()
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiYamlRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
    )

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        body, gzipped, etag = render_document(self.document, type(request.accepted_renderer))
        headers = {"ETag": etag, "Cache-Control": "public, max-age=60"}
        answer = HttpResponse(body, content_type=request.accepted_media_type, headers=headers)
        answer.gzipped = gzipped  # used by config.web.compression
        return get_conditional_response(request._request, etag=etag, response=answer)

    def handle_exception(self, error: Exception) -> Any:
        return problem_response(exception_to_problem(error), self.request)


class DocsView(SpectacularSwaggerSplitView):
    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response
