"""Butter's error format: `{"detail": …}` with a sentence, or with FastAPI's list in a 422."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from numbers.dialects.butter.fields import WRONG_TYPE_CODES
from organizations.web.api.problems import FieldError, Problem
from organizations.web.api.responses import json_response

FASTAPI_TYPES = {"required": "missing", "unknown": "extra_forbidden"}


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    status, detail = error_status_and_detail(problem)
    return json_response({"detail": detail}, status=status, headers=problem.headers)


def error_status_and_detail(problem: Problem) -> tuple[int, Any]:
    """Returns status and detail: 422 and a list for malformed JSON and values of the wrong type,
    else a sentence."""
    if problem.kind.slug == "malformed-json":
        return 422, [{"loc": ["body"], "msg": problem.detail, "type": "json_invalid"}]
    if any(error["code"] in WRONG_TYPE_CODES for error in problem.errors):
        return 422, [fastapi_error(error) for error in problem.errors]
    if problem.kind.slug == "invalid-request" and problem.errors:
        return 400, " ".join(field_error_text(error) for error in problem.errors)
    return problem.status, problem.detail


def fastapi_error(error: FieldError) -> dict[str, Any]:
    path, code = error["path"], error["code"]
    kind = code if code in WRONG_TYPE_CODES else FASTAPI_TYPES.get(code, "value_error")
    loc = ["body", *path.split(".")] if path else ["body"]
    return {"loc": loc, "msg": error["message"], "type": kind}


def field_error_text(error: FieldError) -> str:
    return f"{error['path']}: {error['message']}" if error["path"] else error["message"]
