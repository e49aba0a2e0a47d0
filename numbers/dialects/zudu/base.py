"""What all of Zudu's views share: the key pair, the envelope, and answers that wait for a
platform."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from organizations.access.authentication import authenticate_key
from organizations.access.principals import Principal
from organizations.web.api.credentials import read_key, unauthorized
from organizations.web.api.problems import Problem
from organizations.web.api.responses import Reply, json_response
from organizations.web.api.views import OrgView

PAIR = {"X-API-KEY": "HTTP_X_API_KEY", "X-API-SECRET": "HTTP_X_API_SECRET"}
TIMEOUT = "timeout"


def authenticate_pair(request: HttpRequest) -> Principal:
    """The principal of the key whose halves came in two headers. 401 when one is missing."""
    missing = [name for name, key in PAIR.items() if not request.META.get(key)]
    if missing:
        raise unauthorized(
            _("Missing: %(headers)s. Send X-API-KEY: pb_live_<id> and X-API-SECRET: <secret>.")
            % {"headers": ", ".join(missing)}
        )
    return authenticate_key(read_key(request), request)


def enveloped(data: Any, message: str) -> dict[str, Any]:
    return {"message": message, "status": "success", "error": None, "data": data}


def refusal(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "status": "error", "error": code, "data": None}


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """`error` is the word by which /v1/problems explains it. Always `status: error`, though the
    vendor's own sample of a 400 says `success`."""
    body = refusal(problem.kind.slug, in_full(problem))
    return json_response(body, status=problem.status, headers=problem.headers)


def in_full(problem: Problem) -> str:
    """The envelope has no place for a list of errors, so all of them stand in the message."""
    if problem.kind.slug != "invalid-request" or not problem.errors:
        return problem.detail
    return " ".join(
        f"{error['path']}: {error['message']}" if error["path"] else error["message"]
        for error in problem.errors
    )


class ZuduView(OrgView):
    """`{message, status, error, data}`, whatever happens."""

    authenticate = staticmethod(authenticate_pair)
    problem_response = staticmethod(problem_response)


def timed_out(message: str) -> Reply:
    return Reply(refusal(TIMEOUT, message), status=504)


def answered_later(finish: Callable[[], Reply]) -> Reply:
    """The answer is `finish`'s, which may wait. Until then, and after a timeout, a replay hears
    that it goes on."""
    going_on = enveloped(None, _("It was asked for, and goes on; read the number to see how far."))
    return Reply(going_on, status=202, after_commit=finish)
