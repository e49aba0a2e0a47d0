"""/v1/imports/{id}/readings: which number is meant, where the digits of a row can mean several."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from numbers.api import import_examples as examples
from numbers.api.import_schemas import ImportJobShape
from numbers.api.imports import CREATE, TAGS, found, reply_with
from numbers.bulk.imports.options import WAYS
from numbers.bulk.imports.readings import MOST_CHOICES, choose
from numbers.bulk.jobs import CannotBatch
from organizations.api.serializers import taken
from organizations.web.api.fields import Char, Integer, ListOf, OptionalChoice, StrictSerializer
from organizations.web.api.problems import Problem
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

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
