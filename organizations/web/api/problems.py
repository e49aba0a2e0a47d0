"""Problems by RFC 9457: raised as exceptions, returned as `application/problem+json`."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from organizations.web.api.problem_types import PROBLEM_TYPES
from organizations.web.api.responses import json_response

PROBLEM_JSON = "application/problem+json"
FieldError = dict[str, str]  # path, message, code


class Problem(Exception):
    """A refusal that the client sees. `slug` is a key in the table of problem types."""

    def __init__(
        self,
        slug: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ):
        self.kind = PROBLEM_TYPES[slug]
        self.detail = str(detail or self.kind.explanation)
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @property
    def status(self) -> int:
        return self.kind.status


def field_error(path: str, message: str, code: str = "invalid") -> FieldError:
    """Returns one entry of `errors`: the place, what is wrong there, and a code for programs."""
    return {"path": path, "message": str(message), "code": code}


def invalid_request_problem(*errors: FieldError) -> Problem:
    """Returns a 400 Problem whose detail can be read without `errors`."""
    if len(errors) == 1:
        detail = "{path}: {message}" if errors[0]["path"] else "{message}"
        return Problem("invalid-request", detail.format(**errors[0]), errors=errors)
    paths = ", ".join(dict.fromkeys(error["path"] for error in errors))
    return Problem("invalid-request", f"{len(errors)} errors: {paths}.", errors=errors)


def body_too_large_problem(most: int) -> Problem:
    """Returns a 413 Problem that names the limit of `most` bytes."""
    return Problem("payload-too-large", _("The body is larger than %s bytes.") % f"{most:,}")


def problem_type_uri(slug: str) -> str:
    return f"{settings.PUBLIC_BASE_URL}/v1/problems/{slug}"


def problem_body(problem: Problem, request: HttpRequest) -> dict:
    return {
        "type": problem_type_uri(problem.kind.slug),
        "title": problem.kind.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": getattr(request, "id", None),
        "errors": problem.errors,
    }


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Renders the errors of /v1. A dialect has its own renderer."""
    return json_response(
        problem_body(problem, request),
        status=problem.status,
        headers=problem.headers,
        content_type=PROBLEM_JSON,
    )
