"""Compression of responses that API clients read with a key, and of documents without secrets.

The length of a compressed page reveals whether a guess within it is right to anyone who can repeat
the guess (BREACH), but for that a browser must send cookies. The APIs use no cookies. Responses to
changes, which may contain a new key, are not compressed, nor are pages. Static files are compressed
when they are collected, or not at all.
"""

import gzip
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from organizations.web.api.error_handlers import is_api_path

MIN_COMPRESSED_BYTES = 2_000  # bytes; less is not worth it
GZIP_LEVEL = 3
COMPRESSED_CONTENT_TYPES = ("application/json", "application/yaml", "application/vnd.oai.openapi")
ACCEPTS_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.I)


class CompressionMiddleware:
    """Compresses responses. A view may set `response.gzipped`, compressed in advance."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if can_compress_response(request, response):
            patch_vary_headers(response, ("Accept-Encoding",))
            if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
                compress_response(response)
        return response


def can_compress_response(request: HttpRequest, response: HttpResponse) -> bool:
    """Returns whether the response may be compressed. One with an ETag is not, because If-Match
    needs exactly that ETag."""
    return (
        is_api_path(request.path)
        and (request.method, response.status_code) == ("GET", 200)
        and not response.streaming
        and len(response.content) >= MIN_COMPRESSED_BYTES
        and response.headers["Content-Type"].startswith(COMPRESSED_CONTENT_TYPES)
        and (hasattr(response, "gzipped") or not response.has_header("ETag"))
    )


def compress_response(response: HttpResponse) -> None:
    made = getattr(response, "gzipped", None)
    response.content = made or gzip.compress(response.content, GZIP_LEVEL, mtime=0)
    response.headers["Content-Length"] = str(len(response.content))
    response.headers["Content-Encoding"] = "gzip"
    if response.has_header("ETag"):
        response.headers["ETag"] = f"W/{response.headers['ETag']}"
