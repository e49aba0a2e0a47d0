"""The problem types, for people who follow a problem's `type` and for programs that do."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from organizations.web.api.problem_types import LISTED, PROBLEM_TYPES, ProblemType
from organizations.web.api.problems import type_uri
from organizations.web.api.responses import json_response

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return json_response({"data": [described(kind) for kind in LISTED]})
    return page("problems/list.html", {"kinds": [for_people(kind) for kind in LISTED]})


@require_safe
def problem_detail(request: HttpRequest, slug: str) -> HttpResponse:
    kind = PROBLEM_TYPES.get(slug)
    if kind is None:
        raise Http404
    if wants_json(request):
        return json_response(described(kind))
    return page("problems/detail.html", {"kind": for_people(kind)})


def page(template: str, context: dict) -> HttpResponse:
    """These pages load nothing and run nothing, and their policy says so."""
    headers = {"Content-Security-Policy": POLICY, "Vary": "Accept"}
    return HttpResponse(render_to_string(template, context), headers=headers)


def for_people(kind: ProblemType) -> ProblemType:
    return kind._replace(explanation=coded(kind.explanation), advice=coded(kind.advice))


def coded(text: object) -> SafeString:
    """`Names` between backticks as code."""
    return mark_safe(re.sub("`([^`]+)`", r"<code>\1</code>", escape(str(text))))


def wants_json(request: HttpRequest) -> bool:
    wanted = ["text/html", "application/json", "application/problem+json"]
    return (request.get_preferred_type(wanted) or "").endswith("json")


def described(kind: ProblemType) -> dict:
    return {"type": type_uri(kind.slug), **kind._asdict()}
