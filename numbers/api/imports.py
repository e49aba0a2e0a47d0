"""/v1/imports: many numbers in one request, checked and added by a worker."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes

from numbers.api import import_examples as examples
from numbers.api.import_mapping import parse_column_mapping
from numbers.api.import_schemas import (
    ImportJobPageShape,
    ImportJobSerializer,
    ImportJobShape,
    ImportRowPageShape,
    serialize_import_job,
    serialize_import_row,
)
from numbers.bulk import jobs
from numbers.bulk.imports.options import KNOWN_OPTIONS, clean_import_options
from numbers.bulk.imports.readings import HAS_NOTE, count_rows_by_result
from numbers.bulk.jobs import BulkJobError
from numbers.models import Batch, BatchRow
from organizations.access.quotas import QuotaExceeded
from organizations.access.roles import Permission
from organizations.web.api.body_parsing import ensure_content_type, parse_object_body, read_body
from organizations.web.api.fields import validate_input
from organizations.web.api.pagination import (
    DEFAULT_LIMIT,
    ID_CURSOR_STRUCT,
    ID_PAGE_PARAMETERS,
    PAGE_PARAMETERS,
    paginate_rows,
    sign_cursor,
)
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.query_parameters import (
    choice_parser,
    parse_boolean,
    parse_query,
    text_parser,
)
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Imports"]
MAX_BYTES = 10_000_000
CSV = "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"
FILE_TYPES = (CSV, EXCEL, OPEN_DOCUMENT)
READ, CREATE = Permission.PHONE_NUMBERS_READ, Permission.PHONE_NUMBERS_CREATE
FILE_PARAMETERS = {
    **{name: text_parser(100) for name in ("title", *KNOWN_OPTIONS, "sheet")},
    "mapping": parse_column_mapping,
    "start": parse_boolean,
}
ROW_FILTERS = {"fate": choice_parser(BatchRow.Fate.values), "noted": parse_boolean}


def parse_import(request: HttpRequest) -> dict[str, Any]:
    """Parses the body: a JSON object, or a CSV or workbook as {"file": …}; 10 MB at most."""
    body = read_body(request, MAX_BYTES)
    if request.content_type not in FILE_TYPES:
        return parse_object_body(request, body)
    ensure_content_type(request, request.content_type)
    return {"file": body}


class ImportJobsView(OrgView):
    """The collection."""

    permissions = {"GET": READ, "POST": CREATE}
    parse = staticmethod(parse_import)
    longest_body = 2 * MAX_BYTES

    @document_operation(
        summary="List imports",
        description="Newest first.",
        tags=TAGS,
        query=PAGE_PARAMETERS,
        responses={200: ImportJobPageShape},
        examples=[response_example("A page", {"data": [examples.READY], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGE_PARAMETERS)
        return ApiResponse(
            paginate_rows(organization_imports(request), query, serialize_import_job)
        )

    @document_operation(
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
        query=FILE_PARAMETERS,
        request={
            "application/json": ImportJobSerializer,
            CSV: OpenApiTypes.STR,
            EXCEL: OpenApiTypes.BINARY,
            OPEN_DOCUMENT: OpenApiTypes.BINARY,
        },
        responses={202: ImportJobShape},
        examples=[
            request_example("On a carrier", examples.REQUEST),
            response_example("Being checked", examples.CHECKING, 202),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        if request.content_type in FILE_TYPES:
            return self.propose(
                request, parse_query(request.GET, FILE_PARAMETERS), "", request.data
            )
        parse_query(request.GET, {})
        wished = validate_input(ImportJobSerializer, request.data)
        given = wished.pop("options", {}) | {
            n: wished[n] for n in ("title", "start") if n in wished
        }
        return self.propose(request, given, "options.", {"rows": wished["rows"]})

    def propose(
        self, request: HttpRequest, wished: dict[str, Any], path: str, given: dict[str, Any]
    ) -> ApiResponse:
        title, start = wished.pop("title", None) or "API", wished.pop("start", False)
        layout = {name: wished.pop(name) for name in ("mapping", "sheet") if name in wished}
        try:
            options = {**clean_import_options(request.principal, wished), **layout, "start": start}
            batch = jobs.create_import_job(request.principal, title=title, options=options, **given)
        except ValidationError as error:
            found = error.message_dict.items()
            raise invalid_request_problem(
                *(field_error(path + name, " ".join(t)) for name, t in found)
            ) from error
        except BulkJobError as error:
            if isinstance(error.__cause__, QuotaExceeded):
                raise error.__cause__ from None
            raise invalid_request_problem(field_error("rows", str(error))) from error
        return import_job_response(request, batch.pk, status=202)


class ImportJobView(OrgView):
    permissions = {"GET": READ}

    @document_operation(
        summary="Get import",
        tags=TAGS,
        responses={200: ImportJobShape},
        errors=["not-found"],
        examples=[response_example("Ready to start", examples.READY)],
    )
    def get(self, request: HttpRequest, import_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        return import_job_response(request, import_id)


class StartImportView(OrgView):
    permissions = {"POST": CREATE}

    @document_operation(
        summary="Start import",
        description="Adds the numbers of all rows that are `todo`; to start twice is harmless.",
        tags=TAGS,
        responses={202: ImportJobShape},
        errors=["not-found", "not-possible-now"],
        examples=[response_example("Started", {**examples.READY, "state": "running"}, 202)],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> ApiResponse:
        return run_import_action(request, import_id, jobs.start_bulk_job)


class StopImportView(OrgView):
    permissions = {"POST": CREATE}

    @document_operation(
        summary="Stop import",
        description="No further number is added; those that were stay. It cannot be started again.",
        tags=TAGS,
        responses={202: ImportJobShape},
        errors=["not-found", "not-possible-now"],
        examples=[response_example("Stopped", {**examples.READY, "state": "stopped"}, 202)],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> ApiResponse:
        return run_import_action(request, import_id, jobs.stop_bulk_job)


class ImportRowsView(OrgView):
    permissions = {"GET": READ}

    @document_operation(
        summary="List rows of import",
        description=(
            "By line. `fate=error` lists what to correct, `fate=ambiguous` what needs a choice, "
            "`noted=true` what can be added but should be looked at."
        ),
        tags=TAGS,
        query={**ID_PAGE_PARAMETERS, **ROW_FILTERS},
        responses={200: ImportRowPageShape},
        errors=["not-found"],
        examples=[response_example("What is wrong", {"data": [examples.ROW], "next_cursor": None})],
    )
    def get(self, request: HttpRequest, import_id: UUID) -> ApiResponse:
        query = parse_query(request.GET, {**ID_PAGE_PARAMETERS, **ROW_FILTERS})
        rows = find_import_job(request, import_id).kept_rows.order_by("line")
        rows = rows.filter(fate=query["fate"]) if "fate" in query else rows
        if "noted" in query:
            rows = rows.filter(HAS_NOTE) if query["noted"] else rows.exclude(HAS_NOTE)
        rows = rows.filter(line__gt=query["cursor"]) if "cursor" in query else rows
        return ApiResponse(import_rows_page(rows, query.get("limit", DEFAULT_LIMIT)))


def organization_imports(request: HttpRequest):
    return request.organization.batches.filter(kind=Batch.Kind.IMPORT).defer("file")


def find_import_job(request: HttpRequest, import_id: UUID) -> Batch:
    """Returns the import job. Raises a 404 problem if it is unknown or belongs to another
    organization."""
    batch = organization_imports(request).filter(pk=import_id).first()
    if batch is None:
        raise Problem("not-found")
    return batch


def run_import_action(request: HttpRequest, import_id: UUID, do: Any) -> ApiResponse:
    find_import_job(request, import_id)
    try:
        do(request.principal, import_id)
    except BulkJobError as error:
        raise Problem("not-possible-now", str(error)) from error
    return import_job_response(request, import_id, status=202)


def import_job_response(request: HttpRequest, import_id: UUID, *, status: int = 200) -> ApiResponse:
    batch = find_import_job(request, import_id)
    return ApiResponse(serialize_import_job(batch, *count_rows_by_result(batch)), status=status)


def import_rows_page(rows: Any, limit: int) -> dict[str, Any]:
    shown = list(rows[: limit + 1])
    more = len(shown) > limit
    place = sign_cursor(ID_CURSOR_STRUCT.pack(shown[limit - 1].line)) if more else None
    return {"data": [serialize_import_row(row) for row in shown[:limit]], "next_cursor": place}
