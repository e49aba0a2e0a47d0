"""Counts requests and serves `/metrics`, before any middleware that needs a valid host or a
session, because Prometheus addresses a container by its IP address."""

import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

METRICS_PATH = "/metrics"
KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_requests = None


class MetricsMiddleware:
    """Counts requests. Disabled without PATCHBAY_METRICS_TOKEN; then prometheus_client is not
    loaded either."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.requests = get_request_metrics()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == METRICS_PATH:
            return self.scrape(request)
        began = time.perf_counter()
        response = self.get_response(request)
        key = (method_label(request), route_label(request), str(response.status_code))
        self.requests.note(key, time.perf_counter() - began)
        return response

    def scrape(self, request: HttpRequest) -> HttpResponse:
        from config.metrics.page import CONTENT_TYPE, render_metrics

        if not has_metrics_token(request):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        return HttpResponse(
            render_metrics(self.requests),
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store"},
        )


def get_request_metrics():
    global _requests
    if _requests is None:
        from config.metrics.requests import RequestMetrics, shared_metrics_folder

        _requests = RequestMetrics(shared_metrics_folder())
    return _requests


def has_metrics_token(request: HttpRequest) -> bool:
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    expected = settings.METRICS_TOKEN.encode()
    return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), expected)


def method_label(request: HttpRequest) -> str:
    """Returns the method, or "other", because clients can send any word."""
    return request.method if request.method in KNOWN_METHODS else "other"


def route_label(request: HttpRequest) -> str:
    """Returns the route pattern, because there are few patterns and they contain no ids."""
    if match := getattr(request, "resolver_match", None):
        return f"/{match.route}"
    is_static = request.path_info.startswith(settings.STATIC_URL)
    return settings.STATIC_URL if is_static else "none"
