"""Django's error handlers: problems below the API's paths, plain pages elsewhere."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise

from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problems import Problem, problem_response
from organizations.web.cookies import selected_theme

API_PATHS = ("/v1", "/api")


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, Problem("invalid-request"))


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, Problem("forbidden"), because=str(exception or ""))


def handler429(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Renders the 429 of django-allauth, for too many forms on the sign-in pages."""
    return error_response(request, Problem("rate-limited", headers={"Retry-After": "60"}))


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(request, Problem("not-found"))


def handler500(request: HttpRequest) -> HttpResponse:
    """Renders an unexpected error. Django calls this while it handles the exception, and logs the
    exception itself."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return error_response(request, exception_to_problem(error))
    return error_response(request, Problem("internal"))


def error_response(
    request: HttpRequest, problem: Problem, *, because: str | Promise = ""
) -> HttpResponse:
    """Returns a problem for the API, else an error page. `because` tells people the reason in this
    case."""
    if is_api_path(request.path):
        return problem_response(problem, request)
    # Without the request's context processors, which would query the database for the user.
    words = {"id": request_id_text(request), "theme": selected_theme(request), "because": because}
    words |= {"status": problem.status, "again": request.path if request.method == "GET" else ""}
    page = render_to_string("error.html", words)
    return HttpResponse(page, status=problem.status, headers=problem.headers)


def is_api_path(path: str) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in API_PATHS)


def request_id_text(request: HttpRequest) -> str:
    return str(getattr(request, "id", ""))
