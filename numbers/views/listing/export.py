"""The export of the list: all numbers that match the filters, over all pages."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_noop

from numbers.models import PhoneNumber
from numbers.search import export
from numbers.search.export import EXPORT_FIELDS, MAX_EXCEL_ROWS
from numbers.views.listing.filters import NumberFilters, filter_and_count
from numbers.views.listing.pagination import changed_query_string, selected_sort
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import ExportChunk, ExportKind, ExportOptions
from organizations.web.views.exports import ExportRequestScreen


class NumbersExport(ExportKind):
    """Exports the list. The option `query` is the query string of the list."""

    permission = Permission.PHONE_NUMBERS_READ
    subject = "phone_number"

    def title(self, options: ExportOptions) -> str:
        return gettext_noop("Phone numbers")

    def file_name(self, options: ExportOptions) -> str:
        return "numbers"

    def header(self, by: Principal, options: ExportOptions) -> list[str]:
        return list(EXPORT_FIELDS)

    def total(self, by: Principal, options: ExportOptions) -> int:
        return exported_numbers(by, QueryDict(options["query"])).order_by().count()

    def portions(self, by: Principal, options: ExportOptions, after: Any) -> Iterator[ExportChunk]:
        query = QueryDict(options["query"])
        return export.iterate_export_chunks(
            by, exported_numbers(by, query), order=selected_sort(query), after=after
        )

    def cell(self, value: object) -> str:
        return export.escape_spreadsheet_cell(str(value))


def exported_numbers(by: Principal, query: QueryDict) -> QuerySet[PhoneNumber]:
    numbers, _total = filter_and_count(by.organization, NumberFilters(query))
    return numbers


class ExportScreen(ExportRequestScreen):
    permissions = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.copy()
        if not NumberFilters(query).is_valid():
            return self.go("numbers")
        format = "xlsx" if request.POST.get("format") == "xlsx" else "csv"
        if format == "xlsx" and self.is_too_much(query):
            here = {"query": query.urlencode(), "back": changed_query_string(query)}
            return self.page("numbers/export_too_large.html", 422, most=MAX_EXCEL_ROWS, **here)
        return self.ask("numbers", format, query=query.urlencode())

    def is_too_much(self, query: QueryDict) -> bool:
        numbers = exported_numbers(self.principal, query).order_by()
        return numbers[: MAX_EXCEL_ROWS + 1].count() > MAX_EXCEL_ROWS
