"""Pages about the problem types, for people and programs that follow a problem's `type`."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from organizations.web.api.problem_types import PROBLEM_TYPE_LIST, PROBLEM_TYPES, ProblemType
from organizations.web.api.problems import problem_type_uri
from organizations.web.api.responses import json_response

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return json_response({"data": [serialize_problem_type(kind) for kind in PROBLEM_TYPE_LIST]})
    return render_problem_page(
        "problems/list.html", {"kinds": [format_problem_type(kind) for kind in PROBLEM_TYPE_LIST]}
    )


@require_safe
def problem_detail(request: HttpRequest, slug: str) -> HttpResponse:
    kind = PROBLEM_TYPES.get(slug)
    if kind is None:
        raise Http404
    if wants_json(request):
        return json_response(serialize_problem_type(kind))
    return render_problem_page("problems/detail.html", {"kind": format_problem_type(kind)})


def render_problem_page(template: str, context: dict) -> HttpResponse:
    """Renders a page that loads and runs nothing, with a policy that says so."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Vary": "Accept"}
    return HttpResponse(render_to_string(template, context), headers=headers)


def format_problem_type(kind: ProblemType) -> ProblemType:
    return kind._replace(
        explanation=render_code_spans(kind.explanation), advice=render_code_spans(kind.advice)
    )


def render_code_spans(text: object) -> SafeString:
    """Renders `names` between backticks as code."""
    return mark_safe(re.sub("`([^`]+)`", r"<code>\1</code>", escape(str(text))))


def wants_json(request: HttpRequest) -> bool:
    wanted = ["text/html", "application/json", "application/problem+json"]
    return (request.get_preferred_type(wanted) or "").endswith("json")


def serialize_problem_type(kind: ProblemType) -> dict:
    return {"type": problem_type_uri(kind.slug), **kind._asdict()}
