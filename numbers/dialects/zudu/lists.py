"""Lists in Zudu's dialect: pages counted from 0, by query or by body, and the numbers without an
agent."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from numbers.dialects.zudu import examples
from numbers.dialects.zudu.base import ZuduView, zudu_envelope
from numbers.dialects.zudu.rows import (
    filter_zudu_numbers,
    serialize_available_number,
    serialize_zudu_number,
    sort_zudu_numbers,
    undeleted_with_area,
)
from numbers.dialects.zudu.rows import select_number_values as values_of
from numbers.dialects.zudu.schema import envelope_schema, zudu_read_operation, zudu_write_operation
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
from organizations.models import Organization
from organizations.web.api.fields import validate_input
from organizations.web.api.query_parameters import (
    ParameterParser,
    choice_parser,
    integer_parser,
    parse_query,
    text_parser,
)
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

PAGING: dict[str, ParameterParser] = {
    "limit": integer_parser(1, MAX_LIMIT),
    "page": integer_parser(0, MAX_PAGE),
}
SORTING: dict[str, ParameterParser] = {
    "sort_by": choice_parser(SORT_FIELDS),
    "sort_order": choice_parser(SORT_ORDERS),
}
FILTERS: dict[str, ParameterParser] = {
    "nickname": text_parser(100),
    "area_code": integer_parser(100, 999),
    "agent_id": text_parser(100),
}
DEFAULTS = {"limit": 50, "page": 0, "sort_by": "updated_at", "sort_order": "descending"}
LISTED_MESSAGE = _("Phone numbers retrieved successfully")


class NumbersView(ZuduView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @zudu_read_operation(
        summary="List phone numbers",
        description=(
            "By default 50 on a page, the last changed first. `nickname` finds parts, `agent_id` "
            "inbound and outbound agents."
        ),
        query={**PAGING, **SORTING, **FILTERS},
        responses={200: envelope_schema("NumbersPage", PageShape())},
        errors=[400],
        examples=[response_example("A page", examples.PAGE)],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**PAGING, **SORTING, **FILTERS})
        filters = {name: query[name] for name in FILTERS if name in query}
        return ApiResponse(
            zudu_envelope(offset_page(request.organization, query, filters), LISTED_MESSAGE)
        )


class ListView(ZuduView):
    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    @zudu_write_operation(
        summary="List phone numbers by body",
        description="As `GET /api/phone-numbers`, with the filters in `filter_criteria`.",
        request=ListSerializer,
        responses={200: envelope_schema("NumbersPageByBody", PageShape())},
        examples=[
            request_example("Area 415", examples.LIST),
            response_example("A page", examples.PAGE),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        query = validate_input(ListSerializer, request.data)
        criteria = query.get("filter_criteria", {})
        filters = {name: value for name, value in criteria.items() if value is not None}
        return ApiResponse(
            zudu_envelope(offset_page(request.organization, query, filters), LISTED_MESSAGE)
        )


class AvailableView(ZuduView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @zudu_read_operation(
        summary="List phone numbers without an agent",
        description=(
            "Your own numbers that have neither an inbound nor an outbound agent, the newest "
            "first; not numbers for sale. `available_count` counts those on all pages."
        ),
        query=PAGING,
        responses={200: envelope_schema("AvailableNumbers", AvailableShape())},
        errors=[400],
        examples=[response_example("One", examples.AVAILABLE)],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = {"page": 0, "limit": MAX_LIMIT, **parse_query(request.GET, PAGING)}
        organization = request.organization
        free = undeleted_with_area(organization).filter(
            inbound_agent_id=None, outbound_agent_id=None
        )
        rows = slice_page(values_of(free).order_by("-created_at", "-id"), query)
        data = {
            "organization_id": organization.public_id,
            "available_count": free.count(),
            "phone_numbers": [serialize_available_number(row, organization) for row in rows],
        }
        return ApiResponse(zudu_envelope(data, _("Available phone numbers retrieved successfully")))


def offset_page(
    organization: Organization, query: dict[str, Any], filters: dict[str, Any]
) -> dict[str, Any]:
    """Returns one page. Together with the API key's it takes three queries, for any length."""
    query = {**DEFAULTS, **query}
    numbers = filter_zudu_numbers(undeleted_with_area(organization), filters)
    rows = slice_page(
        sort_zudu_numbers(values_of(numbers), query["sort_by"], query["sort_order"]), query
    )
    shown = [serialize_zudu_number(row, organization) for row in rows]
    return {
        "organization_id": organization.public_id,
        "phone_numbers": shown,
        "returned_count": len(shown),
        "pagination": pagination(query["page"], query["limit"], numbers.count()),
        "sort_order": query["sort_order"],
        "sort_by": query["sort_by"],
        "applied_filters": filters,
    }


def slice_page(rows: Any, query: dict[str, Any]) -> list[dict[str, Any]]:
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
