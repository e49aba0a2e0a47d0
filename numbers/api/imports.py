"""/v1/imports: many numbers at once, checked and taken in in the background."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes

from numbers.api import import_examples as examples
from numbers.api.import_mapping import mapping
from numbers.api.import_schemas import (
    ImportJobPageShape,
    ImportJobSerializer,
    ImportJobShape,
    ImportRowPageShape,
    represent,
    represent_row,
)
from numbers.bulk import jobs
from numbers.bulk.imports.options import KNOWN, cleaned
from numbers.bulk.imports.readings import HAS_NOTE, counted
from numbers.bulk.jobs import CannotBatch
from numbers.models import Batch, BatchRow
from organizations.access.quotas import QuotaExceeded
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.body_parsing import parse_object, read_body, refuse_other_types
from organizations.web.api.pagination import (
    DEFAULT_LIMIT,
    ID_PAGING,
    ID_PLACE,
    PAGING,
    page,
    sealed,
)
from organizations.web.api.problems import Problem, field_error, invalid
from organizations.web.api.query_parameters import boolean, choice, read_query, text
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Imports"]
MOST_BYTES = 10_000_000
CSV = "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"
FILES = (CSV, EXCEL, OPEN_DOCUMENT)
READ, CREATE = Permission.PHONE_NUMBERS_READ, Permission.PHONE_NUMBERS_CREATE
OF_FILE = {
    **{name: text(100) for name in ("title", *KNOWN, "sheet")},
    "mapping": mapping,
    "start": boolean,
}
FATES = {"fate": choice(BatchRow.Fate.values), "noted": boolean}


def parse_import(request: HttpRequest) -> dict[str, Any]:
    """A JSON object, or {"file": …} of a CSV or a workbook; up to 10 MB of either."""
    body = read_body(request, MOST_BYTES)
    if request.content_type not in FILES:
        return parse_object(request, body)
    refuse_other_types(request, request.content_type)
    return {"file": body}


class ImportJobsView(OrgView):
    """The collection."""

    permissions = {"GET": READ, "POST": CREATE}
    parse = staticmethod(parse_import)
    longest_body = 2 * MOST_BYTES

    @operation(
        summary="List imports",
        description="Newest first.",
        tags=TAGS,
        query=PAGING,
        responses={200: ImportJobPageShape},
        examples=[answered("A page", {"data": [examples.READY], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, PAGING)
        return Reply(page(imports_of(request), query, represent))

    @operation(
        summary="Import many phone numbers",
        description=(
            "Up to 100,000 rows, as JSON, as `text/csv` or as a workbook (.xlsx, .ods), at most "
            "10 MB. They are checked in the "
            "background: poll the import until its `state` is `ready`, look at its rows, and start "
            "it; where there is nothing to add, it is `done` at once. With `start` true what can "
            "be added is added without that look. Each row meets its own fate; none stops the "
            "others. "
            "The query parameters go with files only, where they take the place of `title`, "
            "`options`, `mapping` and `start`. The columns of a file are the fields of `rows`. "
            "Many other headings are recognized, `mapping` names all others, and unknown columns "
            "are ignored with a notice. A file without a column that is certainly the number is "
            "`refused`: its `layout` shows the columns."
        ),
        tags=TAGS,
        query=OF_FILE,
        request={
            "application/json": ImportJobSerializer,
            CSV: OpenApiTypes.STR,
            EXCEL: OpenApiTypes.BINARY,
            OPEN_DOCUMENT: OpenApiTypes.BINARY,
        },
        responses={202: ImportJobShape},
        examples=[
            asked("On a carrier", examples.REQUEST),
            answered("Being checked", examples.CHECKING, 202),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        if request.content_type in FILES:
            return self.propose(request, read_query(request.GET, OF_FILE), "", request.data)
        read_query(request.GET, {})
        wished = taken(ImportJobSerializer, request.data)
        given = wished.pop("options", {}) | {
            n: wished[n] for n in ("title", "start") if n in wished
        }
        return self.propose(request, given, "options.", {"rows": wished["rows"]})

    def propose(
        self, request: HttpRequest, wished: dict[str, Any], path: str, given: dict[str, Any]
    ) -> Reply:
        title, start = wished.pop("title", None) or "API", wished.pop("start", False)
        layout = {name: wished.pop(name) for name in ("mapping", "sheet") if name in wished}
        try:
            options = {**cleaned(request.principal, wished), **layout, "start": start}
            batch = jobs.propose_import(request.principal, title=title, options=options, **given)
        except ValidationError as error:
            found = error.message_dict.items()
            raise invalid(*(field_error(path + name, " ".join(t)) for name, t in found)) from error
        except CannotBatch as error:
            if isinstance(error.__cause__, QuotaExceeded):
                raise error.__cause__ from None
            raise invalid(field_error("rows", str(error))) from error
        return reply_with(request, batch.pk, status=202)


class ImportJobView(OrgView):
    permissions = {"GET": READ}

    @operation(
        summary="Get import",
        tags=TAGS,
        responses={200: ImportJobShape},
        errors=["not-found"],
        examples=[answered("Ready to start", examples.READY)],
    )
    def get(self, request: HttpRequest, import_id: UUID) -> Reply:
        read_query(request.GET, {})
        return reply_with(request, import_id)


class StartImportView(OrgView):
    permissions = {"POST": CREATE}

    @operation(
        summary="Start import",
        description="Adds the numbers of all rows that are `todo`; to start twice is harmless.",
        tags=TAGS,
        responses={202: ImportJobShape},
        errors=["not-found", "not-possible-now"],
        examples=[answered("Started", {**examples.READY, "state": "running"}, 202)],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> Reply:
        return act(request, import_id, jobs.start)


class StopImportView(OrgView):
    permissions = {"POST": CREATE}

    @operation(
        summary="Stop import",
        description="No further number is added; those that were stay. It cannot be started again.",
        tags=TAGS,
        responses={202: ImportJobShape},
        errors=["not-found", "not-possible-now"],
        examples=[answered("Stopped", {**examples.READY, "state": "stopped"}, 202)],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> Reply:
        return act(request, import_id, jobs.stop)


class ImportRowsView(OrgView):
    permissions = {"GET": READ}

    @operation(
        summary="List rows of import",
        description=(
            "By line. `fate=error` lists what to correct, `fate=ambiguous` what needs a choice, "
            "`noted=true` what can be added but should be looked at."
        ),
        tags=TAGS,
        query={**ID_PAGING, **FATES},
        responses={200: ImportRowPageShape},
        errors=["not-found"],
        examples=[answered("What is wrong", {"data": [examples.ROW], "next_cursor": None})],
    )
    def get(self, request: HttpRequest, import_id: UUID) -> Reply:
        query = read_query(request.GET, {**ID_PAGING, **FATES})
        rows = found(request, import_id).kept_rows.order_by("line")
        rows = rows.filter(fate=query["fate"]) if "fate" in query else rows
        if "noted" in query:
            rows = rows.filter(HAS_NOTE) if query["noted"] else rows.exclude(HAS_NOTE)
        rows = rows.filter(line__gt=query["cursor"]) if "cursor" in query else rows
        return Reply(page_by_line(rows, query.get("limit", DEFAULT_LIMIT)))


def imports_of(request: HttpRequest):
    return request.organization.batches.filter(kind=Batch.Kind.IMPORT).defer("file")


def found(request: HttpRequest, import_id: UUID) -> Batch:
    """404 for a stranger's, as for one that never was."""
    batch = imports_of(request).filter(pk=import_id).first()
    if batch is None:
        raise Problem("not-found")
    return batch


def act(request: HttpRequest, import_id: UUID, do: Any) -> Reply:
    found(request, import_id)
    try:
        do(request.principal, import_id)
    except CannotBatch as error:
        raise Problem("not-possible-now", str(error)) from error
    return reply_with(request, import_id, status=202)


def reply_with(request: HttpRequest, import_id: UUID, *, status: int = 200) -> Reply:
    batch = found(request, import_id)
    return Reply(represent(batch, *counted(batch)), status=status)


def page_by_line(rows: Any, limit: int) -> dict[str, Any]:
    shown = list(rows[: limit + 1])
    more = len(shown) > limit
    place = sealed(ID_PLACE.pack(shown[limit - 1].line)) if more else None
    return {"data": [represent_row(row) for row in shown[:limit]], "next_cursor": place}
