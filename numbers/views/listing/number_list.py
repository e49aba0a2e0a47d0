"""The list of numbers: searched, narrowed, sorted, in pages."""

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
from numbers.search.keyset import ORDERS
from numbers.views.listing import columns
from numbers.views.listing.filters import MOST_COUNTED, NOBODY, Filters, counted
from numbers.views.listing.pagination import (
    SIZE,
    SIZES,
    SORT,
    Paged,
    page,
    size_in,
    sort_in,
    with_query,
)
from numbers.views.listing.rows import dress, with_relations
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen

OFFERED = 500  # choices of a select
MOST_FOLLOWED = 100  # rows of a page
MANNER = ["columns", "sort", "size"]  # how the list is shown
STATE = [*Filters.base_fields, *MANNER]  # what a saved view keeps
USUAL = {"columns": columns.USUAL, "sort": {SORT}, "size": {str(SIZE)}}


class NumbersScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        filters = Filters(request.GET)
        offer(filters, request.organization)
        numbers, total = counted(request.organization, filters)
        shown = page(with_relations(numbers), request.GET)
        dress(request.organization, shown.rows)
        context = {**self.state(filters), **self.found(shown, total), **self.views()}
        return self.page("numbers/list.html", 200 if filters.is_valid() else 422, **context)

    def state(self, filters: Filters) -> dict[str, Any]:
        """What the URL says, and how it would say something else."""
        query = self.request.GET
        chosen = columns.chosen(query)
        return {
            "filters": filters,
            "search": filters["q"].value() or "",
            "is_narrowed": any(query.get(name) for name in Filters.base_fields),
            "has_more": any(query.get(name) for name in ("platform", "source", "label", *AROUND)),
            "columns": chosen,
            "all_columns": [(column, column in chosen) for column in columns.COLUMNS],
            "headings": [heading(query, column) for column in [NUMBER, *chosen]],
            "orders": ORDERS,
            "sort": sort_in(query),
            "sizes": SIZES,
            "size": size_in(query),
            "state": state_of(query),
            "cleared": state_of(query, MANNER),
        }

    def found(self, shown: Paged, total: int) -> dict[str, Any]:
        moving = [row for row in shown.rows if row.moves]
        return {"rows": shown.rows, "pager": shown, "moving": moving} | {
            "total": min(total, MOST_COUNTED),
            "is_capped": total > MOST_COUNTED,
        }

    def views(self) -> dict[str, Any]:
        here = state_of(self.request.GET)
        saved = saved_views.seen_by(self.request.principal).order_by("name")
        return {
            "saved": [(view, view.query == here) for view in saved],
            "ready_made": [(*each, each[1] == here) for each in ready()],
        }


AROUND = ("after", "before")
NUMBER = columns.Column("number", gettext_lazy("Number"), sort="number")


def ready() -> list[tuple[str, str]]:
    """Views that everybody has: a name, and a query."""
    week = timezone.localdate() - timedelta(days=7)
    return [
        (_("All"), ""),
        (_("Failed"), "status=failed"),
        (_("Waiting"), "status=pending&status=removing"),
        (_("Without agent"), f"agent={NOBODY}"),
        (_("Recently added"), f"after={week:%Y-%m-%d}"),
    ]


def state_of(query: QueryDict, names: Iterable[str] = STATE) -> str:
    """Filters, columns and order as a query; not the page, what goes without saying, and nothing
    that is not ours."""
    kept = QueryDict(mutable=True)
    for name in names:
        values = [value for value in query.getlist(name) if value]
        if values and set(values) != USUAL.get(name):
            kept.setlist(name, values)
    return kept.urlencode()


def heading(query: QueryDict, column: columns.Column) -> dict[str, Any]:
    """A column's heading: the order that a click brings, and the one it is in already, if any."""
    now, sort = sort_in(query), column.sort
    if sort == now == "newest":
        sort = "oldest"
    is_here = now in (column.sort, sort) or now == "oldest" and column.sort == "newest"
    link = with_query(query, sort=sort, page=None) if sort else ""
    return {"column": column, "link": link, "sorted": SORTED[now] if is_here else ""}


SORTED = {
    "newest": "descending",
    "oldest": "ascending",
    "number": "ascending",
    "label": "ascending",
    "changed": "descending",
}


def offer(filters: Filters, organization: Organization) -> None:
    """The organization's own carriers and integrations, and all countries, to choose from."""
    carriers = organization.carriers.exclude(status="deleted").order_by("name")
    filters.offer("carrier", carriers.values_list("pk", "name")[:OFFERED])
    integrations = organization.integrations.order_by("name")
    filters.offer("platform", integrations.values_list("pk", "name")[:OFFERED])
    filters.offer("country", countries.choices())
    agents = organization.agents.order_by("name").values_list("agent_id", "name")
    filters.offer_agents(list(agents[: OFFERED + 1]), most=OFFERED)


class StatusesScreen(OrgScreen):
    """The rows of a page that are under way, asked for together until none of them is."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        ids = [identity for identity in map(read_id, request.GET.getlist("number")) if identity]
        numbers = request.organization.phone_numbers.filter(pk__in=ids[:MOST_FOLLOWED])
        rows = list(with_relations(numbers))
        dress(request.organization, rows)
        moving = [row for row in rows if row.moves]
        context = {"rows": rows, "moving": moving}
        return self.page("numbers/_statuses.html", 200 if moving else STOP, **context)


STOP = 286  # htmx asks no more


def read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
