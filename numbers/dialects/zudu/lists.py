"""Lists in Zudu's dialect: pages counted from 0, by query or by body, and the numbers without an
agent."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, enveloped
from numbers.dialects.zudu.rows import filtered, living, represent, represent_available, sorted_by
from numbers.dialects.zudu.rows import values as values_of
from numbers.dialects.zudu.schema import changing_operation, envelope, reading_operation
from numbers.dialects.zudu.serializers import (
    MAX_LIMIT,
    MAX_PAGE,
    SORT_FIELDS,
    SORT_ORDERS,
    AvailableShape,
    ListSerializer,
    PageShape,
)
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.models import Organization
from organizations.web.api.query_parameters import Reader, choice, integer, read_query, text
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

PAGING: dict[str, Reader] = {"limit": integer(1, MAX_LIMIT), "page": integer(0, MAX_PAGE)}
SORTING: dict[str, Reader] = {"sort_by": choice(SORT_FIELDS), "sort_order": choice(SORT_ORDERS)}
FILTERS: dict[str, Reader] = {
    "nickname": text(100),
    "area_code": integer(100, 999),
    "agent_id": text(100),
}
DEFAULTS = {"limit": 50, "page": 0, "sort_by": "updated_at", "sort_order": "descending"}
LISTED = _("Phone numbers retrieved successfully")


class NumbersView(ZuduView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @reading_operation(
        summary="List phone numbers",
        description=(
            "By default 50 on a page, the last changed first. `nickname` finds parts, `agent_id` "
            "inbound and outbound agents."
        ),
        query={**PAGING, **SORTING, **FILTERS},
        responses={200: envelope("NumbersPage", PageShape())},
        errors=[400],
        examples=[answered("A page", examples.PAGE)],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**PAGING, **SORTING, **FILTERS})
        filters = {name: query[name] for name in FILTERS if name in query}
        return Reply(enveloped(page(request.organization, query, filters), LISTED))


class ListView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    @changing_operation(
        summary="List phone numbers by body",
        description="As `GET /api/phone-numbers`, with the filters in `filter_criteria`.",
        request=ListSerializer,
        responses={200: envelope("NumbersPageByBody", PageShape())},
        examples=[asked("Area 415", examples.LIST), answered("A page", examples.PAGE)],
    )
    def post(self, request: HttpRequest) -> Reply:
        query = taken(ListSerializer, request.data)
        criteria = query.get("filter_criteria", {})
        filters = {name: value for name, value in criteria.items() if value is not None}
        return Reply(enveloped(page(request.organization, query, filters), LISTED))


class AvailableView(ZuduView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @reading_operation(
        summary="List phone numbers without an agent",
        description=(
            "Your own numbers that have neither an inbound nor an outbound agent, the newest "
            "first; not numbers for sale. `available_count` counts those on all pages."
        ),
        query=PAGING,
        responses={200: envelope("AvailableNumbers", AvailableShape())},
        errors=[400],
        examples=[answered("One", examples.AVAILABLE)],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = {"page": 0, "limit": MAX_LIMIT, **read_query(request.GET, PAGING)}
        organization = request.organization
        free = living(organization).filter(inbound_agent_id=None, outbound_agent_id=None)
        rows = window(values_of(free).order_by("-created_at", "-id"), query)
        data = {
            "organization_id": organization.public_id,
            "available_count": free.count(),
            "phone_numbers": [represent_available(row, organization) for row in rows],
        }
        return Reply(enveloped(data, _("Available phone numbers retrieved successfully")))


def page(
    organization: Organization, query: dict[str, Any], filters: dict[str, Any]
) -> dict[str, Any]:
    """Three queries with the key's, however long the list is."""
    query = {**DEFAULTS, **query}
    numbers = filtered(living(organization), filters)
    rows = window(sorted_by(values_of(numbers), query["sort_by"], query["sort_order"]), query)
    shown = [represent(row, organization) for row in rows]
    return {
        "organization_id": organization.public_id,
        "phone_numbers": shown,
        "returned_count": len(shown),
        "pagination": pagination(query["page"], query["limit"], numbers.count()),
        "sort_order": query["sort_order"],
        "sort_by": query["sort_by"],
        "applied_filters": filters,
    }


def window(rows: Any, query: dict[str, Any]) -> list[dict[str, Any]]:
    first = query["page"] * query["limit"]
    return list(rows[first : first + query["limit"]])


def pagination(page: int, limit: int, total: int) -> dict[str, Any]:
    pages = -(-total // limit)
    return {
        "page": page,
        "limit": limit,
        "total_pages": pages,
        "total_count": total,
        "has_next": page + 1 < pages,
        "has_previous": page > 0 and total > 0,
    }
