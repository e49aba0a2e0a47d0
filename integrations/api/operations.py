"""/v1/operations: the operations on platforms, for clients that got a 202 response."""

from uuid import UUID

from django.http import HttpRequest

from integrations.api import examples
from integrations.api.response_schemas import LedgerEntryDetailShape, LedgerPageShape
from integrations.ledger import history
from integrations.ledger.history import (
    LARGE_FIELDS,
    select_operation_relations,
    uses_own_integration,
)
from integrations.models import Operation
from integrations.web.operation_serializers import serialize_operation, serialize_platform_call
from integrations.web.query_results import serialize_query_result
from organizations.access.roles import Permission
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.query_parameters import choice_parser, parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example

TAGS = ["Operations"]
FILTERS = {
    "status": choice_parser(Operation.Status.values),
    "wish": choice_parser(Operation.Wish.values),
}


class OperationsView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="List operations",
        description=(
            "Newest first. A search or a discovery is forgotten a day after it was answered."
        ),
        tags=TAGS,
        query={**PAGE_PARAMETERS, **FILTERS},
        responses={200: LedgerPageShape},
        examples=[response_example("A page", {"data": [examples.OPEN_CHECK], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**PAGE_PARAMETERS, **FILTERS})
        wanted = {name: query[name] for name in FILTERS if name in query}
        rows = (
            select_operation_relations(request.organization.operations)
            .filter(**wanted)
            .defer(*LARGE_FIELDS)
        )
        return ApiResponse(paginate_rows(rows, query, serialize_operation))


class OperationView(OrgView):
    """One wish; where an answer came as 202, `Location` leads here."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="Get operation",
        description="Ask again until `status` is no longer `open`; `result` is the answer then.",
        tags=TAGS,
        query={},
        responses={200: LedgerEntryDetailShape},
        errors=["not-found"],
        examples=[response_example("Done", examples.OPERATION_DETAIL)],
    )
    def get(self, request: HttpRequest, operation_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        asked = select_operation_relations(request.organization.operations).get(pk=operation_id)
        calls = (
            history.calls_by_operation([asked], history.CALLS_PER_OPERATION)
            if uses_own_integration(asked)
            else {}
        )
        return ApiResponse(
            {
                **serialize_operation(asked),
                "result": serialize_query_result(request.organization, asked),
                "calls": [serialize_platform_call(call) for call in calls.get(asked.pk, [])],
            }
        )


def operation_accepted_response(asked: Operation) -> ApiResponse:
    """Returns 202 with the operation in progress, and its URL in the Location header."""
    return ApiResponse(
        serialize_operation(asked), status=202, headers={"Location": f"/v1/operations/{asked.id}"}
    )
