"""One log line for each request: method, route, status, duration and organization. Path, query and
body are never logged, because they contain ids and data."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from config.metrics.middleware import method_label, route_label

logger = logging.getLogger("patchbay.requests")
PROBE_PATHS = ("/healthz", "/readyz", "/metrics")


class AccessLogMiddleware:
    """Active if LOG_REQUESTS is on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        if not settings.LOG_REQUESTS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        took = round((time.perf_counter() - began) * 1000, 1)
        organization = getattr(request, "organization", None)
        line = {
            "method": method_label(request),
            "route": route_label(request),
            "status": response.status_code,
            "milliseconds": took,
            "organization": getattr(organization, "public_id", ""),
        }
        # Probes arrive every few seconds.
        level = logging.DEBUG if request.path in PROBE_PATHS else logging.INFO
        text = "%(method)s %(route)s %(status)s %(milliseconds)s ms %(organization)s"
        logger.log(level, text, line, extra=line)
        return response
