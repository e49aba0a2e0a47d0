"""Responds with 503 while the schema does not fit, and checks again."""

import logging
import time
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from config.schema_guard import POLL_INTERVAL, SchemaMismatch, compare_schema
from organizations.text.errors import error_summary
from organizations.web.api.error_handlers import error_response
from organizations.web.api.exception_mapping import exception_to_problem

logger = logging.getLogger(__name__)

UNGUARDED_PATHS = ("/healthz", "/readyz", "/metrics")  # served on any schema


class SchemaGate:
    """Opens once the schema fits. Before, it checks at most once a second."""

    def __init__(self) -> None:
        self.is_open = False
        self.obstacle, self.look_again_at = "", 0.0

    def lets_in(self) -> bool:
        if not self.is_open and time.monotonic() >= self.look_again_at:
            self.look()
        return self.is_open

    def look(self) -> None:
        try:
            obstacle = compare_schema().sentence
        except (SchemaMismatch, OperationalError) as error:
            obstacle = error_summary(error)
        if obstacle and obstacle != self.obstacle:
            logger.error("not ready: %s", obstacle)
        self.obstacle, self.is_open = obstacle, not obstacle
        self.look_again_at = time.monotonic() + POLL_INTERVAL


schema_gate = SchemaGate()


class SchemaGateMiddleware:
    """Responds with 503 until the schema fits the code, so that nothing queries missing tables or
    writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in UNGUARDED_PATHS or schema_gate.lets_in():
            return self.get_response(request)
        return error_response(request, exception_to_problem(OperationalError(schema_gate.obstacle)))
