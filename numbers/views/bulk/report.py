"""All rows of a batch with their fates, as a file."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from numbers.bulk.imports.carrier_names import carrier_again, carriers_by_name
from numbers.bulk.imports.fields import FIELDS
from numbers.models import Batch, BatchRow
from numbers.views.bulk import bulk_labels as words
from numbers.views.bulk.jobs import NOTED, Fate, batch_of, rows_of
from numbers.views.bulk.messages import told
from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import Kind, Options, Portion
from organizations.exports.rows import portions
from organizations.views.exports import AskingScreen

FIRST, LAST = (_("line"), _("number")), (_("fate"), _("message"))
CHANGED = (_("before"), _("after"))
GIVEN = tuple(FIELDS)  # an import's report can be mended and handed in again


class ReportExport(Kind):
    """Of the batch with the id `batch`, its rows with `fate`, or all where that is empty."""

    permission = Permission.PHONE_NUMBERS_READ
    subject = "batch"

    def title(self, options: Options) -> str:
        return gettext_noop("Report of an import or a change")

    def file_name(self, options: Options) -> str:
        return f"batch-{options['batch'][:8]}"

    def header(self, by: Principal, options: Options) -> list[str]:
        return [
            str(title) for title in (*FIRST, *(given(self.batch(by, options)) or CHANGED), *LAST)
        ]

    def total(self, by: Principal, options: Options) -> int:
        return rows_of(self.batch(by, options), options["fate"]).count()

    def portions(self, by: Principal, options: Options, after: Any) -> Iterator[Portion]:
        batch = self.batch(by, options)
        carriers = carriers_by_name(by) if given(batch) else {}
        for rows in portions(rows_of(batch, options["fate"]), "line", after):
            yield Portion([cells(batch, row, carriers) for row in rows], rows[-1].line)

    def batch(self, by: Principal, options: Options) -> Batch:
        return by.organization.batches.defer("file", "layout").get(pk=options["batch"])


def given(batch: Batch) -> tuple[str, ...]:
    return GIVEN if batch.kind == Batch.Kind.IMPORT else ()


def cells(batch: Batch, row: BatchRow, carriers: dict[str, Any]) -> list[object]:
    name, sid = row.values.get("carrier") or "", row.values.get("voip_carrier_sid") or ""
    values = row.values | {"carrier": carrier_again(name, sid, carriers)}
    told_cells = [values.get(name) for name in given(batch)] or words.change(batch, row)
    met = words.fate(batch, row.fate)
    return [row.line, row.text, *told_cells, met, told(row.message).replace("\n", " ")]


class ReportScreen(AskingScreen):
    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_READ}

    def post(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        batch = batch_of(request, batch_id)
        fate = request.POST.get("fate", "")
        fate = fate if fate in (*Fate.values, NOTED) else ""
        return self.ask("batch_report", "csv", batch=str(batch.pk), fate=fate)
