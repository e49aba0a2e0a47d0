"""/v1/operations: the wishes toward platforms, for whoever was answered 202."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api.query_results import result_of
from integrations.api.response_schemas import LedgerPageShape, LedgerStoryShape
from integrations.ledger import history
from integrations.models import Operation, ProviderCall
from organizations.access.roles import Permission
from organizations.web.api.pagination import PAGING, page
from organizations.web.api.query_parameters import choice, read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, operation

TAGS = ["Operations"]
# What may be long, and is not in the list.
UNSEEN = [f"{of}{name}" for of in ("", "waits_for__") for name in ("result", "question", "refs")]
FILTERS = {"status": choice(Operation.Status.values), "wish": choice(Operation.Wish.values)}


class LedgerView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="List operations",
        description=(
            "Newest first. A search or a discovery is forgotten a day after it was answered."
        ),
        tags=TAGS,
        query={**PAGING, **FILTERS},
        responses={200: LedgerPageShape},
        examples=[answered("A page", {"data": [examples.OPEN_CHECK], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**PAGING, **FILTERS})
        wanted = {name: query[name] for name in FILTERS if name in query}
        rows = whole(request.organization.operations).filter(**wanted).defer(*UNSEEN)
        return Reply(page(rows, query, represent))


class OperationView(OrgView):
    """One wish; where an answer came as 202, `Location` leads here."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="Get operation",
        description="Ask again until `status` is no longer `open`; `result` is the answer then.",
        tags=TAGS,
        query={},
        responses={200: LedgerStoryShape},
        errors=["not-found"],
        examples=[answered("Done", examples.STORY)],
    )
    def get(self, request: HttpRequest, operation_id: UUID) -> Reply:
        read_query(request.GET, {})
        asked = whole(request.organization.operations).get(pk=operation_id)
        calls = history.calls_of([asked], history.CALLS_PER_OPERATION) if is_own(asked) else {}
        return Reply(
            {
                **represent(asked),
                "result": result_of(request.organization, asked),
                "calls": [represent_call(call) for call in calls.get(asked.pk, [])],
            }
        )


def whole(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    return operations.select_related("integration", "waits_for")


def is_own(asked: Operation) -> bool:
    """A number on the installation's default carrier is set up by an integration of others."""
    return asked.integration.organization_id == asked.organization_id


def represent(asked: Operation) -> dict[str, Any]:
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
        "waits_for": held_back_by(asked) or None,
        "attempts": asked.attempts,
        "next_attempt_at": asked.next_attempt_at if is_open else None,
        "integration_id": asked.integration.public_id if is_own(asked) else None,
        "asked_by": asked.asked_by,
        "created_at": asked.created_at,
        "settled_at": asked.settled_at,
    }


def held_back_by(asked: Operation) -> str:
    """Of an integration that is another organization's nothing is told but that it waits."""
    held = history.held_by(asked)
    if held and not is_own(asked):
        held = _("Waits for the installation's platform.")
    return history.in_words(held, history.stopped(asked))


def represent_call(call: ProviderCall) -> dict[str, Any]:
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


def later(asked: Operation) -> Reply:
    """202: what was asked for is under way, and where to look for it."""
    return Reply(represent(asked), status=202, headers={"Location": f"/v1/operations/{asked.id}"})
