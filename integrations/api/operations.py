"""/v1/operations: the operations on platforms, for clients that got a 202 response."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api.query_results import serialize_query_result
from integrations.api.response_schemas import LedgerEntryDetailShape, LedgerPageShape
from integrations.ledger import history
from integrations.models import Operation, ProviderCall
from organizations.access.roles import Permission
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.query_parameters import choice_parser, parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example

TAGS = ["Operations"]
# These fields may be large, so the list leaves them out.
LARGE_FIELDS = [
    f"{of}{name}" for of in ("", "waits_for__") for name in ("result", "question", "refs")
]
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


def select_operation_relations(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    return operations.select_related("integration", "waits_for")


def uses_own_integration(asked: Operation) -> bool:
    """Returns whether the integration belongs to the operation's organization. A number on the
    installation's default carrier uses another organization's integration."""
    return asked.integration.organization_id == asked.organization_id


def serialize_operation(asked: Operation) -> dict[str, Any]:
    is_open = asked.status == Operation.Status.OPEN
    return {
        "id": asked.id,
        "wish": asked.wish,
        "subject_kind": asked.subject_kind,
        "subject_id": asked.subject_id,
        "subject": asked.subject_label,
        "status": asked.status,
        "outcome": asked.outcome or None,
        "reason": asked.reason or None,
        "waits_for": operation_wait_reason(asked) or None,
        "attempts": asked.attempts,
        "next_attempt_at": asked.next_attempt_at if is_open else None,
        "integration_id": asked.integration.public_id if uses_own_integration(asked) else None,
        "asked_by": asked.asked_by,
        "created_at": asked.created_at,
        "settled_at": asked.settled_at,
    }


def operation_wait_reason(asked: Operation) -> str:
    """Returns why the operation is waiting, or "". Hides details if the integration belongs to
    another organization."""
    held = history.blocking_reason(asked)
    if held and not uses_own_integration(asked):
        held = _("Waits for the installation's platform.")
    return history.join_reasons(held, history.provisioning_outage_reason(asked))


def serialize_platform_call(call: ProviderCall) -> dict[str, Any]:
    return {
        "at": call.at,
        "attempt": call.attempt,
        "method": call.method,
        "url": call.url,
        "status": call.status,
        "duration_ms": call.duration_ms,
        "error": call.error or None,
        "request_body": call.request_body,
        "response_body": call.response_body,
    }


def operation_accepted_response(asked: Operation) -> ApiResponse:
    """Returns 202 with the operation in progress, and its URL in the Location header."""
    return ApiResponse(
        serialize_operation(asked), status=202, headers={"Location": f"/v1/operations/{asked.id}"}
    )
