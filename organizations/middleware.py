"""Around every request: its id, and a fitting answer when the database is away."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from organizations.api.errors import error_response
from organizations.api.exceptions import problem_of
from organizations.request_ids import begin_request, end_request

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """`request.id`: in the answer's `X-Request-Id`, in problems and in the audit log."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = begin_request()
        try:
            response = self.get_response(request)
        finally:
            end_request()
        response.headers["X-Request-Id"] = str(request.id)
        return response


class DatabaseDown:
    """A page that cannot reach the database answers 503; API views know that themselves."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            return error_response(request, problem_of(error))
        return None
