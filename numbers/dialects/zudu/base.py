"""The base of Zudu's views: the key pair, the envelope, and responses that wait for a platform."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from organizations.access.authentication import authenticate_key
from organizations.access.principals import Principal
from organizations.web.api.credentials import read_api_key, unauthorized_problem
from organizations.web.api.problems import Problem
from organizations.web.api.responses import ApiResponse, json_response
from organizations.web.api.views import OrgView

KEY_PAIR_HEADERS = {"X-API-KEY": "HTTP_X_API_KEY", "X-API-SECRET": "HTTP_X_API_SECRET"}
TIMEOUT_CODE = "timeout"


def authenticate_key_pair(request: HttpRequest) -> Principal:
    """Returns the principal of the key whose parts are in two headers. Raises a 401 problem if one
    is missing."""
    missing = [name for name, key in KEY_PAIR_HEADERS.items() if not request.META.get(key)]
    if missing:
        raise unauthorized_problem(
            _("Missing: %(headers)s. Send X-API-KEY: pb_live_<id> and X-API-SECRET: <secret>.")
            % {"headers": ", ".join(missing)}
        )
    return authenticate_key(read_api_key(request), request)


def zudu_envelope(data: Any, message: str) -> dict[str, Any]:
    return {"message": message, "status": "success", "error": None, "data": data}


def error_envelope(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "status": "error", "error": code, "data": None}


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Returns the error envelope. `error` is the slug by which /v1/problems explains it. `status`
    is always `error`, although the vendor's own sample of a 400 says `success`."""
    body = error_envelope(problem.kind.slug, full_error_message(problem))
    return json_response(body, status=problem.status, headers=problem.headers)


def full_error_message(problem: Problem) -> str:
    """Returns one message with all errors, because the envelope has no list of them."""
    if problem.kind.slug != "invalid-request" or not problem.errors:
        return problem.detail
    return " ".join(
        f"{error['path']}: {error['message']}" if error["path"] else error["message"]
        for error in problem.errors
    )


class ZuduView(OrgView):
    """`{message, status, error, data}`, whatever happens."""

    authenticate = staticmethod(authenticate_key_pair)
    problem_response = staticmethod(problem_response)


def timeout_response(message: str) -> ApiResponse:
    return ApiResponse(error_envelope(TIMEOUT_CODE, message), status=504)


def deferred_response(finish: Callable[[], ApiResponse]) -> ApiResponse:
    """Responds with the result of `finish`, which may wait. Until then, and after a timeout, a
    replay responds that the operation continues."""
    going_on = zudu_envelope(
        None, _("It was asked for, and goes on; read the number to see how far.")
    )
    return ApiResponse(going_on, status=202, after_commit=finish)
