"""The base of Butter's views: the organization header, envelopes and pages."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.butter.errors import problem_response
from organizations.access.roles import Permission
from organizations.web.api.pagination import decode_cursor, fetch_page_rows, page_envelope
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.query_parameters import ParameterParser, integer_parser, parameter_schema
from organizations.web.api.views import OrgView

MAX_PAGE = 1000


class ButterView(OrgView):
    """`{success, message, data}`, and `{"detail": …}` for errors."""

    problem_response = staticmethod(problem_response)

    def admit(self, request: HttpRequest, permission: Permission) -> None:
        """Requires the organization header. Authentication has already checked that it names the
        key's organization."""
        super().admit(request, permission)
        if "HTTP_X_ORGANIZATION_ID" not in request.META:
            message = _(
                "This header is required; send the id of the API key's organization, org_…."
            )
            raise invalid_request_problem(field_error("X-Organization-Id", message, "required"))


def success_envelope(data: Any, message: str = "") -> dict[str, Any]:
    """Wraps a response. Actions have a message, reads have none."""
    return {"success": True, **({"message": message} if message else {}), "data": data}


@parameter_schema(type="integer", minimum=1, maximum=MAX_PAGE, default=MAX_PAGE)
def parse_page_size(text: str) -> int:
    """Rows on a page."""
    return integer_parser(1, MAX_PAGE)(text)


PAGING: dict[str, ParameterParser] = {"cursor": decode_cursor, "page_size": parse_page_size}


def cursor_page(
    rows: QuerySet, query: dict[str, Any], represent: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Returns the page that `query`, parsed with PAGING, requests, newest first."""
    size = query.get("page_size", MAX_PAGE)
    found = page_envelope(fetch_page_rows(rows, {**query, "limit": size}), size, represent)
    data, next_cursor = found["data"], found["next_cursor"]
    is_all = next_cursor is None and "cursor" not in query
    pagination = {
        "next_cursor": next_cursor,
        "has_more": next_cursor is not None,
        "page_size": len(data),
        "total_count": len(data) if is_all else rows.count(),
    }
    return {"success": True, "data": data, "pagination": pagination}


def not_found_problem(noun: str) -> Problem:
    return Problem("not-found", _("%(noun)s not found") % {"noun": noun})
