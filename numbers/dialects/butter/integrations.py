"""/api/integrations: accounts on platforms, whose credentials are checked before they are used."""

import re
from functools import partial

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.ledger import operation_requests as ledger
from integrations.ledger.locks import lock_integration_name
from integrations.models import Integration, Operation
from numbers.dialects.butter import examples
from numbers.dialects.butter.base import (
    PAGING,
    ButterView,
    cursor_page,
    not_found_problem,
    success_envelope,
)
from numbers.dialects.butter.connections import (
    connect_new_integration,
    disconnect_if_unused,
    respond_after_check,
    revert_integration_name,
    update_integration,
)
from numbers.dialects.butter.credentials import (
    IntegrationChangeSerializer,
    IntegrationCreateSerializer,
    IntegrationShape,
    serialize_butter_integration,
)
from numbers.dialects.butter.schema import (
    butter_read_operation,
    butter_write_operation,
    object_schema,
    page_schema,
)
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.api.fields import validate_input
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

TAGS = ["Integrations"]
INTEGRATION_ID_PATTERN = re.compile(r"intg_[a-f0-9]{12,}")
MAX_NAMED_NUMBERS = 100  # numbers that an error lists


class IntegrationsView(ButterView):
    permissions = {"GET": Permission.INTEGRATIONS_READ, "POST": Permission.INTEGRATIONS_CREATE}

    @butter_read_operation(
        summary="List integrations",
        description="Newest first.",
        tags=TAGS,
        query=PAGING,
        responses={200: page_schema("Integrations", IntegrationShape)},
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGING)
        rows = request.organization.integrations.all()
        return ApiResponse(
            cursor_page(
                rows,
                query,
                partial(serialize_butter_integration, organization=request.organization),
            )
        )

    @butter_write_operation(
        summary="Create integration",
        description=(
            "The platform is asked whether it accepts the credentials: refused is 400 with its "
            "reason, and nothing is kept. Where it has not answered within ten seconds, `status` "
            "is `pending`. It becomes the default for what no integration is the default for yet."
        ),
        tags=TAGS,
        request=IntegrationCreateSerializer,
        responses={
            201: object_schema("CreatedIntegration", IntegrationShape, message="How it went.")
        },
        examples=[
            request_example("Twilio", examples.INTEGRATION_REQUEST),
            response_example(
                "Created",
                success_envelope(examples.INTEGRATION, "Integration created successfully"),
                201,
            ),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        by = request.principal
        integration, operation = connect_new_integration(
            by, **validate_input(IntegrationCreateSerializer, request.data)
        )
        message = _("Integration created successfully")
        answer = partial(integration_response, request, integration, message, status=201)
        return respond_after_check(
            operation, answer, partial(disconnect_if_unused, by, integration)
        )


class IntegrationView(ButterView):
    permissions = {
        "GET": Permission.INTEGRATIONS_READ,
        "PUT": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_DELETE,
    }

    @butter_read_operation(
        summary="Get integration",
        tags=TAGS,
        query={},
        responses={200: object_schema("IntegrationRead", IntegrationShape)},
        errors=[404],
        examples=[response_example("Active", success_envelope(examples.INTEGRATION))],
    )
    def get(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        parse_query(request.GET, {})
        return integration_response(request, find_integration(request, integration_id))

    @butter_write_operation(
        summary="Update integration",
        description=(
            "What is left out stays. The old credentials work until the platform has accepted the "
            "new ones; refused is 400 with its reason, and nothing has changed."
        ),
        tags=TAGS,
        request=IntegrationChangeSerializer,
        responses={
            200: object_schema("UpdatedIntegration", IntegrationShape, message="How it went.")
        },
        errors=[404],
        examples=[request_example("Rename", {"name": "Main Twilio"})],
    )
    def put(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        by, wished = request.principal, validate_input(IntegrationChangeSerializer, request.data)
        given = wished.get("name", "")
        lock_integration_name(by.organization.pk, given)
        integration = ledger.lock_own_integration(by, find_integration(request, integration_id))
        operation = update_integration(by, integration, **wished)
        undo = partial(
            revert_integration_name, by, integration, given=given, former=integration.name
        )
        answer = partial(
            integration_response,
            request,
            integration,
            _("Integration updated successfully"),
            status=200,
        )
        return respond_after_check(operation, answer, undo) if operation else answer()

    @butter_write_operation(
        summary="Delete integration",
        description="Refused while a number refers to it, one that is still being removed too.",
        tags=TAGS,
        responses={
            200: object_schema("DeletedIntegration", IntegrationShape, message="How it went.")
        },
        errors=[404],
        examples=[response_example("Still in use", {"detail": examples.STILL_REFERENCED}, 409)],
    )
    def delete(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        integration = find_integration(request, integration_id)
        ensure_integration_unreferenced(request.organization, integration)
        shown = serialize_butter_integration(integration, request.organization)
        try:
            ledger.disconnect_integration(request.principal, integration)
        except ledger.IntegrationInUse as error:
            raise Problem("conflict", str(error)) from error
        return ApiResponse(success_envelope(shown, _("Integration deleted successfully")))


def find_integration(request: HttpRequest, integration_id: str) -> Integration:
    own = request.organization.integrations.filter(public_id=integration_id)
    integration = own.first() if INTEGRATION_ID_PATTERN.fullmatch(integration_id) else None
    if integration is None:
        raise not_found_problem(_("Integration"))
    return integration


def ensure_integration_unreferenced(organization: Organization, integration: Integration) -> None:
    """Raises a problem that lists the organization's numbers on the integration. Other
    organizations' numbers may be there too, on the installation's default carrier."""
    numbers = organization.phone_numbers.filter(
        placements__integration=integration, released_at=None
    )
    named = list(
        numbers.order_by("e164").values_list("e164", flat=True).distinct()[: MAX_NAMED_NUMBERS + 1]
    )
    if named:
        shown = str(named[:MAX_NAMED_NUMBERS])
        if len(named) > MAX_NAMED_NUMBERS:
            shown = f"{shown[:-1]}, …]"
        text = _("Integration is still referenced by phone numbers: %(numbers)s. ")
        advice = _("Remove or reassign them first.")
        raise Problem("conflict", text % {"numbers": shown} + advice)


def integration_response(
    request: HttpRequest,
    integration: Integration,
    message: str = "",
    check: Operation | None = None,
    *,
    status: int = 200,
) -> ApiResponse:
    integration.refresh_from_db()
    location = {"Location": f"/api/integrations/{integration.public_id}"} if status == 201 else {}
    shown = serialize_butter_integration(integration, request.organization, check)
    return ApiResponse(success_envelope(shown, message), status=status, headers=location)
