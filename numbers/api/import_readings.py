"""/v1/imports/{id}/readings, which selects the number where digits are ambiguous."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from numbers.api import import_examples as examples
from numbers.api.import_schemas import ImportJobShape
from numbers.api.imports import CREATE, TAGS, find_import_job, import_job_response
from numbers.bulk.imports.options import NUMBER_FORMATS
from numbers.bulk.imports.readings import MAX_CHOICES, choose_row_numbers
from numbers.bulk.jobs import BulkJobError
from organizations.web.api.fields import (
    Char,
    Integer,
    OptionalChoice,
    StrictList,
    StrictSerializer,
    validate_input,
)
from organizations.web.api.problems import Problem
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

REQUEST = {"choices": [{"line": 2, "number": "+4917612345678"}, {"line": 3, "number": "range"}]}


class RowChoiceSerializer(StrictSerializer):
    line = Integer(min_value=1)
    number = Char(
        max_length=16,
        help_text="A number of the row's `values.readings`, or `range` for all numbers of its "
        "`values.range`.",
    )


class ReadingsSerializer(StrictSerializer):
    choices = StrictList(child=RowChoiceSerializer(), required=False, max_length=MAX_CHOICES)
    without_plus = OptionalChoice(
        NUMBER_FORMATS,
        help_text="How the digits of all other ambiguous rows are read.",
    )


class ImportReadingsView(OrgView):
    permissions = {"POST": CREATE}

    @document_operation(
        summary="Choose numbers of ambiguous rows",
        description=(
            "For rows that are `ambiguous`: their digits can mean more than one number, or a "
            "range. The import is checked again with what you choose; poll it until it is `ready`."
        ),
        tags=TAGS,
        request=ReadingsSerializer,
        responses={202: ImportJobShape},
        errors=["not-found", "not-possible-now"],
        examples=[
            request_example("Two rows", REQUEST),
            response_example("Being checked", examples.CHECKING, 202),
        ],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> ApiResponse:
        wished: dict[str, Any] = validate_input(ReadingsSerializer, request.data)
        find_import_job(request, import_id)
        choices = {each["line"]: each["number"] for each in wished.pop("choices", [])}
        try:
            choose_row_numbers(request.principal, import_id, choices=choices, **wished)
        except BulkJobError as error:
            raise Problem("not-possible-now", str(error)) from error
        return import_job_response(request, import_id, status=202)
