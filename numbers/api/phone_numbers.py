"""/v1/phone-numbers: the canonical API of numbers."""

from uuid import UUID

from django.http import HttpRequest

from numbers.api import examples, trunks
from numbers.api.errors import told
from numbers.api.history import represent_story
from numbers.api.number_queries import FILTERS, row_of, rows_of
from numbers.api.serializers import (
    NumberChangeSerializer,
    NumberCreateSerializer,
    NumberPageShape,
    NumberShape,
    OperationsShape,
    represent,
)
from numbers.inventory import operations
from numbers.inventory.locks import lock_named_agents
from numbers.models import PhoneNumber
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.web.api.etags import etag, require_match
from organizations.web.api.fields import StrictSerializer
from organizations.web.api.pagination import DEFAULT_LIMIT, PAGING, page_of
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import boolean, read_query, reading
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Phone numbers"]


@reading(type="boolean", default=False)
def read_release(text: str) -> bool:
    """Give the number back to the account's platform, which may sell it to others."""
    return boolean(text)


DELETION = {"release": read_release}


class NumbersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @operation(
        summary="List phone numbers",
        description="Newest first. Deleted numbers are listed only with `status=deleted`.",
        tags=TAGS,
        query={**PAGING, **FILTERS},
        responses={200: NumberPageShape},
        examples=[answered("A page", {"data": [examples.ACTIVE], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**PAGING, **FILTERS})
        rows = rows_of(request.organization, query)
        return Reply(page_of(rows, query.get("limit", DEFAULT_LIMIT), represent))

    @operation(
        summary="Add phone number",
        description="Stored at once as `pending`; the platform follows within seconds.",
        tags=TAGS,
        request=NumberCreateSerializer,
        responses={201: NumberShape},
        errors=["number-taken", "number-being-removed", "number-not-assigned", "carrier-failed"],
        etag=True,
        examples=[asked("Main line", examples.REQUEST), answered("Added", examples.PENDING, 201)],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(NumberCreateSerializer, request.data)
        with told():
            number = operations.add_number(request.principal, **wished)
        return reply_with(request, number.id, status=201)


class NumberView(OrgView):
    """One number; the path takes its `id`."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @operation(
        summary="Get phone number details",
        tags=TAGS,
        responses={200: NumberShape},
        errors=["not-found"],
        etag=True,
        examples=[answered("Active", examples.ACTIVE)],
    )
    def get(self, request: HttpRequest, number_id: UUID) -> Reply:
        return reply_with(request, number_id)

    @operation(
        summary="Change phone number",
        description=(
            "What is left out stays, null takes away. What concerns a platform is a wish: "
            "`desired_status` shows which status was asked for, `status` what is, `error_message` "
            "why a change was refused; a failed number is tried again with the change. "
            "`…/placements` shows the settings of SIP trunks."
        ),
        tags=TAGS,
        request=NumberChangeSerializer,
        responses={200: NumberShape},
        errors=["not-found", "precondition-failed", "not-possible-now", "number-not-assigned"],
        etag=True,
        examples=[
            asked("Deactivate", {"status": "inactive"}),
            asked("Assign", {"inbound_agent_id": "agent_support"}),
            asked("Other trunks", {"sip": {"server_address": "sip.example.com", "password": "…"}}),
            answered("Being deactivated", {**examples.ACTIVE, "desired_status": "inactive"}),
        ],
    )
    def patch(self, request: HttpRequest, number_id: UUID) -> Reply:
        wished = taken(NumberChangeSerializer, request.data)
        lock_named_agents(request.principal, wished)
        number, held = unchanged(request, number_id)
        wished = trunks.checked(number, held, wished)
        with told():
            operations.change_number(request.principal, number_id, **wished)
        return reply_with(request, number_id)

    @operation(
        summary="Delete phone number",
        description=(
            "The number is `deleted` at once and held until it is gone from its platform; "
            "adding it before that is 409 `number-being-removed`. The account that supplies it "
            "keeps it, and pays for it, unless `release=true` gives it back for good."
        ),
        tags=TAGS,
        query=DELETION,
        responses={204: None},
        errors=["not-found", "precondition-failed", "not-possible-now"],
    )
    def delete(self, request: HttpRequest, number_id: UUID) -> Reply:
        query = read_query(request.GET, DELETION)
        unchanged(request, number_id)
        with told():
            operations.delete_number(request.principal, number_id, **query)
        return Reply(status=204)


class RetryView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @operation(
        summary="Try a phone number again",
        description=(
            "A failed number is pending again. For a pending or deleted one, "
            "the next attempt is made now instead of later. A working number whose last change "
            "was refused is asked for as it shall be once more."
        ),
        tags=TAGS,
        responses={200: NumberShape},
        errors=["not-found", "precondition-failed", "not-possible-now", "number-not-assigned"],
        etag=True,
        examples=[answered("Pending again", examples.PENDING)],
    )
    def post(self, request: HttpRequest, number_id: UUID) -> Reply:
        unchanged(request, number_id)
        taken(StrictSerializer, request.data)
        with told():
            operations.retry_number(request.principal, number_id)
        return reply_with(request, number_id)


class OperationsView(OrgView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @operation(
        summary="Tell a phone number's story",
        description="What was asked, what was tried, what the platform said, and what comes next.",
        tags=TAGS,
        responses={200: OperationsShape},
        errors=["not-found"],
        examples=[answered("Waiting for the platform", examples.STORY)],
    )
    def get(self, request: HttpRequest, number_id: UUID) -> Reply:
        read_query(request.GET, {})
        number = request.organization.phone_numbers.get(pk=number_id)
        return Reply({"data": represent_story(number)})


def reply_with(request: HttpRequest, number_id: UUID, *, status: int = 200) -> Reply:
    row = row_of(request.organization.id, number_id)
    if row is None:
        raise Problem("not-found")
    headers = {"ETag": etag(row["version"])}
    if status == 201:
        headers["Location"] = f"/v1/phone-numbers/{number_id}"
    return Reply(represent(row), status=status, headers=headers)


def unchanged(request: HttpRequest, number_id: UUID) -> tuple[PhoneNumber, list]:
    """Locks the number, its placements beside it. 404 for a stranger's; 412 where it is not the one
    the client has seen."""
    number, held = operations.locked(request.principal, number_id)
    require_match(request, number.version)
    return number, held
