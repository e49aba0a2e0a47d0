"""Empty template files with the import columns. The cells of the workbook are text, so that a
leading plus is preserved."""

import io

import xlsxwriter
from django.http import HttpRequest, HttpResponse

from numbers.bulk.files.vocabulary import TEMPLATE_COLUMNS
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AddTemplateScreen(OrgScreen):
    permissions = {"GET": Permission.PHONE_NUMBERS_CREATE}

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        content, content_type = (
            (xlsx_template(), EXCEL) if kind == "xlsx" else (csv_template(), "text/csv")
        )
        name = f'attachment; filename="numbers.{kind}"'
        headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
        return HttpResponse(content, content_type=content_type, headers=headers)


def csv_template() -> bytes:
    return (",".join(TEMPLATE_COLUMNS) + "\r\n").encode("utf-8-sig")


def xlsx_template() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        sheet.set_column(0, len(TEMPLATE_COLUMNS) - 1, 24, text)
        sheet.write_row(0, 0, TEMPLATE_COLUMNS, bold)
        sheet.freeze_panes(1, 0)
    return file.getvalue()
