"""/v1/imports/{id}/readings: which number is meant, where the digits of a row can mean several."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from numbers.api import import_job_examples as examples
from numbers.api.import_job_shapes import ImportJobShape
from numbers.api.import_jobs import CREATE, TAGS, found, reply_with
from numbers.batches import CannotBatch
from numbers.import_options import WAYS
from numbers.import_readings import MOST_CHOICES, choose
from organizations.api.fields import Char, Integer, ListOf, OptionalChoice, StrictSerializer
from organizations.api.problems import Problem
from organizations.api.replies import Reply
from organizations.api.schema import answered, asked, operation
from organizations.api.serializers import taken
from organizations.api.views import OrgView

REQUEST = {"choices": [{"line": 2, "number": "+4917612345678"}, {"line": 3, "number": "range"}]}


class RowChoiceSerializer(StrictSerializer):
    line = Integer(min_value=1)
    number = Char(
        max_length=16,
        help_text="A number of the row's `values.readings`, or `range` for all numbers of its "
        "`values.range`.",
    )


class ReadingsSerializer(StrictSerializer):
    choices = ListOf(child=RowChoiceSerializer(), required=False, max_length=MOST_CHOICES)
    without_plus = OptionalChoice(
        WAYS,
        help_text="How the digits of all other ambiguous rows are read.",
    )


class ImportReadingsView(OrgView):
    permissions = {"POST": CREATE}

    @operation(
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
            asked("Two rows", REQUEST),
            answered("Being checked", examples.CHECKING, 202),
        ],
    )
    def post(self, request: HttpRequest, import_id: UUID) -> Reply:
        wished: dict[str, Any] = taken(ReadingsSerializer, request.data)
        found(request, import_id)
        choices = {each["line"]: each["number"] for each in wished.pop("choices", [])}
        try:
            choose(request.principal, import_id, choices=choices, **wished)
        except CannotBatch as error:
            raise Problem("not-possible-now", str(error)) from error
        return reply_with(request, import_id, status=202)
