"""The export of a job's rows with their results."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from numbers.bulk.imports.carrier_names import carriers_by_name, reimportable_carrier_name
from numbers.bulk.imports.fields import IMPORT_FIELDS
from numbers.models import Batch, BatchRow
from numbers.views.bulk import bulk_labels as words
from numbers.views.bulk.jobs import NOTED, Fate, filter_batch_rows, find_batch
from numbers.views.bulk.messages import translate_stored_text
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import ExportChunk, ExportKind, ExportOptions
from organizations.exports.rows import iterate_row_chunks
from organizations.web.views.exports import ExportRequestScreen

LEADING_TITLES, TRAILING_TITLES = (_("line"), _("number")), (_("fate"), _("message"))
CHANGE_TITLES = (_("before"), _("after"))
IMPORT_COLUMNS = tuple(IMPORT_FIELDS)  # a corrected report can be imported again


class ReportExport(ExportKind):
    """Exports the rows of the job with id `batch` and result `fate`, or all rows if `fate` is
    empty."""

    permission = Permission.PHONE_NUMBERS_READ
    subject = "batch"

    def title(self, options: ExportOptions) -> str:
        return gettext_noop("Report of an import or a change")

    def file_name(self, options: ExportOptions) -> str:
        return f"batch-{options['batch'][:8]}"

    def header(self, by: Principal, options: ExportOptions) -> list[str]:
        return [
            str(title)
            for title in (
                *LEADING_TITLES,
                *(report_import_columns(self.batch(by, options)) or CHANGE_TITLES),
                *TRAILING_TITLES,
            )
        ]

    def total(self, by: Principal, options: ExportOptions) -> int:
        return filter_batch_rows(self.batch(by, options), options["fate"]).count()

    def portions(self, by: Principal, options: ExportOptions, after: Any) -> Iterator[ExportChunk]:
        batch = self.batch(by, options)
        carriers = carriers_by_name(by) if report_import_columns(batch) else {}
        for rows in iterate_row_chunks(filter_batch_rows(batch, options["fate"]), "line", after):
            yield ExportChunk(
                [report_row_cells(batch, row, carriers) for row in rows], rows[-1].line
            )

    def batch(self, by: Principal, options: ExportOptions) -> Batch:
        return by.organization.batches.defer("file", "layout").get(pk=options["batch"])


def report_import_columns(batch: Batch) -> tuple[str, ...]:
    return IMPORT_COLUMNS if batch.kind == Batch.Kind.IMPORT else ()


def report_row_cells(batch: Batch, row: BatchRow, carriers: dict[str, Any]) -> list[object]:
    name, sid = row.values.get("carrier") or "", row.values.get("voip_carrier_sid") or ""
    values = row.values | {"carrier": reimportable_carrier_name(name, sid, carriers)}
    told_cells = [values.get(name) for name in report_import_columns(batch)] or words.row_change(
        batch, row
    )
    met = words.row_result_label(batch, row.fate)
    return [
        row.line,
        row.text,
        *told_cells,
        met,
        translate_stored_text(row.message).replace("\n", " "),
    ]


class ReportScreen(ExportRequestScreen):
    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        batch = find_batch(request, batch_id)
        fate = request.POST.get("fate", "")
        fate = fate if fate in (*Fate.values, NOTED) else ""
        return self.ask("batch_report", "csv", batch=str(batch.pk), fate=fate)
