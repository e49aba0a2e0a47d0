"""The list of numbers, with search, filters, sorting and pages."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.numbering import countries
from numbers.search import saved_views
from numbers.search.keyset import SORT_ORDERS
from numbers.views.listing import columns
from numbers.views.listing.filters import MAX_COUNTED, NO_AGENT, NumberFilters, filter_and_count
from numbers.views.listing.pagination import (
    DEFAULT_PAGE_SIZE,
    DEFAULT_SORT,
    PAGE_SIZES,
    NumberPage,
    changed_query_string,
    number_page,
    selected_page_size,
    selected_sort,
)
from numbers.views.listing.rows import annotate_number_rows, with_relations
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen

MAX_CHOICES = 500  # choices in a select
MAX_POLLED = 100  # rows of a page
DISPLAY_PARAMETERS = ["columns", "sort", "size"]  # how the list is shown
SAVED_PARAMETERS = [*NumberFilters.base_fields, *DISPLAY_PARAMETERS]  # what a saved view stores
DEFAULT_VALUES = {
    "columns": columns.DEFAULT_COLUMNS,
    "sort": {DEFAULT_SORT},
    "size": {str(DEFAULT_PAGE_SIZE)},
}


class NumbersScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        filters = NumberFilters(request.GET)
        set_filter_choices(filters, request.organization)
        numbers, total = filter_and_count(request.organization, filters)
        shown = number_page(with_relations(numbers), request.GET)
        annotate_number_rows(request.organization, shown.rows)
        context = {**self.state(filters), **self.found(shown, total), **self.views()}
        return self.page("numbers/list.html", 200 if filters.is_valid() else 422, **context)

    def state(self, filters: NumberFilters) -> dict[str, Any]:
        """Returns the context that the URL defines, and the links that change it."""
        query = self.request.GET
        chosen = columns.selected_columns(query)
        return {
            "filters": filters,
            "search": filters["q"].value() or "",
            "is_narrowed": any(query.get(name) for name in NumberFilters.base_fields),
            "has_more": any(
                query.get(name) for name in ("platform", "source", "label", *DATE_FILTERS)
            ),
            "columns": chosen,
            "all_columns": [(column, column in chosen) for column in columns.COLUMNS],
            "headings": [column_heading(query, column) for column in [NUMBER_COLUMN, *chosen]],
            "orders": SORT_ORDERS,
            "sort": selected_sort(query),
            "sizes": PAGE_SIZES,
            "size": selected_page_size(query),
            "state": normalized_list_query(query),
            "cleared": normalized_list_query(query, DISPLAY_PARAMETERS),
        }

    def found(self, shown: NumberPage, total: int) -> dict[str, Any]:
        moving = [row for row in shown.rows if row.moves]
        return {"rows": shown.rows, "pager": shown, "moving": moving} | {
            "total": min(total, MAX_COUNTED),
            "is_capped": total > MAX_COUNTED,
        }

    def views(self) -> dict[str, Any]:
        here = normalized_list_query(self.request.GET)
        saved = saved_views.visible_saved_views(self.request.principal).order_by("name")
        return {
            "saved": [(view, view.query == here) for view in saved],
            "ready_made": [(*each, each[1] == here) for each in built_in_views()],
        }


DATE_FILTERS = ("after", "before")
NUMBER_COLUMN = columns.Column("number", gettext_lazy("Number"), sort="number")


def built_in_views() -> list[tuple[str, str]]:
    """Returns the views that everyone has, as name and query string."""
    week = timezone.localdate() - timedelta(days=7)
    return [
        (_("All"), ""),
        (_("Failed"), "status=failed"),
        (_("Waiting"), "status=pending&status=removing"),
        (_("Without agent"), f"agent={NO_AGENT}"),
        (_("Recently added"), f"after={week:%Y-%m-%d}"),
    ]


def normalized_list_query(query: QueryDict, names: Iterable[str] = SAVED_PARAMETERS) -> str:
    """Returns filters, columns and sort order as a query string, without the page, default values
    and unknown parameters."""
    kept = QueryDict(mutable=True)
    for name in names:
        values = [value for value in query.getlist(name) if value]
        if values and set(values) != DEFAULT_VALUES.get(name):
            kept.setlist(name, values)
    return kept.urlencode()


def column_heading(query: QueryDict, column: columns.Column) -> dict[str, Any]:
    """Returns the column, the link that sorts by it, and its current sort direction, if any."""
    now, sort = selected_sort(query), column.sort
    if sort == now == "newest":
        sort = "oldest"
    is_here = now in (column.sort, sort) or now == "oldest" and column.sort == "newest"
    link = changed_query_string(query, sort=sort, page=None) if sort else ""
    return {"column": column, "link": link, "sorted": SORT_DIRECTIONS[now] if is_here else ""}


SORT_DIRECTIONS = {
    "newest": "descending",
    "oldest": "ascending",
    "number": "ascending",
    "label": "ascending",
    "changed": "descending",
}


def set_filter_choices(filters: NumberFilters, organization: Organization) -> None:
    """Offers the organization's carriers, integrations and agents, and all countries."""
    carriers = organization.carriers.exclude(status="deleted").order_by("name")
    filters.offer("carrier", carriers.values_list("pk", "name")[:MAX_CHOICES])
    integrations = organization.integrations.order_by("name")
    filters.offer("platform", integrations.values_list("pk", "name")[:MAX_CHOICES])
    filters.offer("country", countries.calling_code_choices())
    agents = organization.agents.order_by("name").values_list("agent_id", "name")
    filters.offer_agents(list(agents[: MAX_CHOICES + 1]), most=MAX_CHOICES)


class StatusesScreen(OrgScreen):
    """Returns the rows that were changing, all in one response. Stops the polling when none of them
    is changing any more."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        ids = [
            identity for identity in map(parse_number_id, request.GET.getlist("number")) if identity
        ]
        numbers = request.organization.phone_numbers.filter(pk__in=ids[:MAX_POLLED])
        rows = list(with_relations(numbers))
        annotate_number_rows(request.organization, rows)
        moving = [row for row in rows if row.moves]
        context = {"rows": rows, "moving": moving}
        return self.page("numbers/_statuses.html", 200 if moving else STOP_POLLING, **context)


STOP_POLLING = 286  # makes htmx stop polling


def parse_number_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
