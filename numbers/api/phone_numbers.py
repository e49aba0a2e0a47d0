"""/v1/phone-numbers, the canonical API of numbers."""

from uuid import UUID

from django.http import HttpRequest

from numbers.api import examples, trunks
from numbers.api.history import serialize_number_history
from numbers.api.number_queries import FILTERS, find_number_row, list_number_rows
from numbers.api.serializers import (
    NumberChangeSerializer,
    NumberCreateSerializer,
    NumberPageShape,
    NumberShape,
    OperationsShape,
    serialize_number,
)
from numbers.inventory import operations
from numbers.inventory.locks import lock_named_agents
from numbers.models import PhoneNumber
from numbers.web.errors import translate_number_errors
from organizations.access.roles import Permission
from organizations.web.api.etags import ensure_etag_match, format_etag
from organizations.web.api.fields import StrictSerializer, validate_input
from organizations.web.api.pagination import DEFAULT_LIMIT, PAGE_PARAMETERS, page_envelope
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parameter_schema, parse_boolean, parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Phone numbers"]


@parameter_schema(type="boolean", default=False)
def parse_release(text: str) -> bool:
    """Give the number back to the account's platform, which may sell it to others."""
    return parse_boolean(text)


DELETE_PARAMETERS = {"release": parse_release}


class NumbersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @document_operation(
        summary="List phone numbers",
        description="Newest first. Deleted numbers are listed only with `status=deleted`.",
        tags=TAGS,
        query={**PAGE_PARAMETERS, **FILTERS},
        responses={200: NumberPageShape},
        examples=[response_example("A page", {"data": [examples.ACTIVE], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**PAGE_PARAMETERS, **FILTERS})
        rows = list_number_rows(request.organization, query)
        return ApiResponse(page_envelope(rows, query.get("limit", DEFAULT_LIMIT), serialize_number))

    @document_operation(
        summary="Add phone number",
        description="Stored at once as `pending`; the platform follows within seconds.",
        tags=TAGS,
        request=NumberCreateSerializer,
        responses={201: NumberShape},
        errors=["number-taken", "number-being-removed", "number-not-assigned", "carrier-failed"],
        etag=True,
        examples=[
            request_example("Main line", examples.REQUEST),
            response_example("Added", examples.PENDING, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(NumberCreateSerializer, request.data)
        with translate_number_errors():
            number = operations.add_number(request.principal, **wished)
        return number_response(request, number.id, status=201)


class NumberView(OrgView):
    """One number; the path takes its `id`."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @document_operation(
        summary="Get phone number details",
        tags=TAGS,
        responses={200: NumberShape},
        errors=["not-found"],
        etag=True,
        examples=[response_example("Active", examples.ACTIVE)],
    )
    def get(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        return number_response(request, number_id)

    @document_operation(
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
            request_example("Deactivate", {"status": "inactive"}),
            request_example("Assign", {"inbound_agent_id": "agent_support"}),
            request_example(
                "Other trunks", {"sip": {"server_address": "sip.example.com", "password": "…"}}
            ),
            response_example(
                "Being deactivated", {**examples.ACTIVE, "desired_status": "inactive"}
            ),
        ],
    )
    def patch(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        wished = validate_input(NumberChangeSerializer, request.data)
        lock_named_agents(request.principal, wished)
        number, held = lock_number_if_match(request, number_id)
        wished = trunks.validate_trunk_changes(number, held, wished)
        with translate_number_errors():
            operations.change_number(request.principal, number_id, **wished)
        return number_response(request, number_id)

    @document_operation(
        summary="Delete phone number",
        description=(
            "The number is `deleted` at once and held until it is gone from its platform; "
            "adding it before that is 409 `number-being-removed`. The account that supplies it "
            "keeps it, and pays for it, unless `release=true` gives it back for good."
        ),
        tags=TAGS,
        query=DELETE_PARAMETERS,
        responses={204: None},
        errors=["not-found", "precondition-failed", "not-possible-now"],
    )
    def delete(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        query = parse_query(request.GET, DELETE_PARAMETERS)
        lock_number_if_match(request, number_id)
        with translate_number_errors():
            operations.delete_number(request.principal, number_id, **query)
        return ApiResponse(status=204)


class RetryView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @document_operation(
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
        examples=[response_example("Pending again", examples.PENDING)],
    )
    def post(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        lock_number_if_match(request, number_id)
        validate_input(StrictSerializer, request.data)
        with translate_number_errors():
            operations.retry_number(request.principal, number_id)
        return number_response(request, number_id)


class OperationsView(OrgView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @document_operation(
        summary="Tell a phone number's story",
        description="What was asked, what was tried, what the platform said, and what comes next.",
        tags=TAGS,
        responses={200: OperationsShape},
        errors=["not-found"],
        examples=[response_example("Waiting for the platform", examples.OPERATION_LIST)],
    )
    def get(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        number = request.organization.phone_numbers.get(pk=number_id)
        return ApiResponse({"data": serialize_number_history(number)})


def number_response(request: HttpRequest, number_id: UUID, *, status: int = 200) -> ApiResponse:
    row = find_number_row(request.organization.id, number_id)
    if row is None:
        raise Problem("not-found")
    headers = {"ETag": format_etag(row["version"])}
    if status == 201:
        headers["Location"] = f"/v1/phone-numbers/{number_id}"
    return ApiResponse(serialize_number(row), status=status, headers=headers)


def lock_number_if_match(request: HttpRequest, number_id: UUID) -> tuple[PhoneNumber, list]:
    """Locks the number and its placements. Raises a 404 problem if the number is not the
    organization's, and a 412 problem if its version is not the one in If-Match."""
    number, held = operations.lock_number(request.principal, number_id)
    ensure_etag_match(request, number.version)
    return number, held
