"""The list as a file: what the filters show, over all pages."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_noop

from numbers.models import PhoneNumber
from numbers.search import export
from numbers.search.export import FIELDS, MOST_IN_EXCEL
from numbers.views.listing.filters import Filters, counted
from numbers.views.listing.pagination import sort_in, with_query
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import Kind, Options, Portion
from organizations.views.exports import AskingScreen


class NumbersExport(Kind):
    """The option `query` is the query string of the list."""

    permission = Permission.PHONE_NUMBERS_READ
    subject = "phone_number"

    def title(self, options: Options) -> str:
        return gettext_noop("Phone numbers")

    def file_name(self, options: Options) -> str:
        return "numbers"

    def header(self, by: Principal, options: Options) -> list[str]:
        return list(FIELDS)

    def total(self, by: Principal, options: Options) -> int:
        return found(by, QueryDict(options["query"])).order_by().count()

    def portions(self, by: Principal, options: Options, after: Any) -> Iterator[Portion]:
        query = QueryDict(options["query"])
        return export.portions(by, found(by, query), order=sort_in(query), after=after)

    def cell(self, value: object) -> str:
        return export.harmless(str(value))


def found(by: Principal, query: QueryDict) -> QuerySet[PhoneNumber]:
    numbers, _total = counted(by.organization, Filters(query))
    return numbers


class ExportScreen(AskingScreen):
    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.copy()
        if not Filters(query).is_valid():
            return self.go("numbers")
        format = "xlsx" if request.POST.get("format") == "xlsx" else "csv"
        if format == "xlsx" and self.is_too_much(query):
            here = {"query": query.urlencode(), "back": with_query(query)}
            return self.page("numbers/export_too_large.html", 422, most=MOST_IN_EXCEL, **here)
        return self.ask("numbers", format, query=query.urlencode())

    def is_too_much(self, query: QueryDict) -> bool:
        numbers = found(self.principal, query).order_by()
        return numbers[: MOST_IN_EXCEL + 1].count() > MOST_IN_EXCEL
