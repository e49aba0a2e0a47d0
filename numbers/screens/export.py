"""The list as a file: what the filters show, over all pages."""

import tempfile
from collections.abc import Iterator

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from numbers import exporting
from numbers.exporting import MOST_IN_EXCEL
from numbers.screens.filters import Filters, counted
from numbers.screens.paging import sort_in, with_query
from organizations.exports import as_now
from organizations.roles import Permission
from organizations.screens.base import OrgScreen

CSV = "text/csv; charset=utf-8"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        filters = Filters(request.GET)
        if not filters.is_valid():
            return self.go("numbers")
        numbers, _total = counted(request.organization, filters)
        if request.GET.get("format") != "xlsx":
            return self.csv(self.rows(numbers))
        if numbers.order_by()[: MOST_IN_EXCEL + 1].count() > MOST_IN_EXCEL:
            return self.too_many()
        return self.excel(self.rows(numbers))

    def rows(self, numbers) -> Iterator[list[str]]:
        return exporting.rows(self.principal, numbers, order=sort_in(self.request.GET))

    def csv(self, rows: Iterator[list[str]]) -> HttpResponse:
        response = StreamingHttpResponse(as_now(exporting.as_csv(rows)), CSV)
        response["Content-Disposition"] = f'attachment; filename="{self.file_name("csv")}"'
        return response

    def excel(self, rows: Iterator[list[str]]) -> HttpResponse:
        file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
        exporting.as_excel(rows, file)
        file.seek(0)
        name = self.file_name("xlsx")
        return FileResponse(file, as_attachment=True, filename=name, content_type=EXCEL)

    def file_name(self, ending: str) -> str:
        return f"numbers-{timezone.now():%Y-%m-%d}.{ending}"

    def too_many(self) -> HttpResponse:
        query = self.request.GET
        here = {"csv": with_query(query, format="csv"), "back": with_query(query, format=None)}
        return self.page("numbers/export_too_large.html", 422, most=MOST_IN_EXCEL, **here)
