"""/api/integrations: accounts at platforms, each checked before it counts."""

import re
from functools import partial

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.ledger import operation_requests as ledger
from integrations.ledger.locks import lock_integration_name
from integrations.models import Integration, Operation
from numbers.dialects.butter import examples
from numbers.dialects.butter.base import PAGING, ButterView, enveloped, missing, page
from numbers.dialects.butter.connections import change, checked, connect_new, drop, revert_name
from numbers.dialects.butter.credentials import (
    IntegrationChangeSerializer,
    IntegrationCreateSerializer,
    IntegrationShape,
    represent,
)
from numbers.dialects.butter.schema import changing, many, one, reading
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.models import Organization
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import read_query
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

TAGS = ["Integrations"]
ID = re.compile(r"intg_[a-f0-9]{12,}")
NAMED = 100  # numbers that a refusal names


class IntegrationsView(ButterView):
    permissions = {"GET": Permission.INTEGRATIONS_READ, "POST": Permission.INTEGRATIONS_CREATE}

    @reading(
        summary="List integrations",
        description="Newest first.",
        tags=TAGS,
        query=PAGING,
        responses={200: many("Integrations", IntegrationShape)},
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, PAGING)
        rows = request.organization.integrations.all()
        return Reply(page(rows, query, partial(represent, organization=request.organization)))

    @changing(
        summary="Create integration",
        description=(
            "The platform is asked whether it accepts the credentials: refused is 400 with its "
            "reason, and nothing is kept. Where it has not answered within ten seconds, `status` "
            "is `pending`. It becomes the default for what no integration is the default for yet."
        ),
        tags=TAGS,
        request=IntegrationCreateSerializer,
        responses={201: one("CreatedIntegration", IntegrationShape, message="How it went.")},
        examples=[
            asked("Twilio", examples.INTEGRATION_REQUEST),
            answered(
                "Created", enveloped(examples.INTEGRATION, "Integration created successfully"), 201
            ),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        by = request.principal
        integration, operation = connect_new(by, **taken(IntegrationCreateSerializer, request.data))
        message = _("Integration created successfully")
        answer = partial(reply_with, request, integration, message, status=201)
        return checked(operation, answer, partial(drop, by, integration))


class IntegrationView(ButterView):
    permissions = {
        "GET": Permission.INTEGRATIONS_READ,
        "PUT": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_DELETE,
    }

    @reading(
        summary="Get integration",
        tags=TAGS,
        query={},
        responses={200: one("IntegrationRead", IntegrationShape)},
        errors=[404],
        examples=[answered("Active", enveloped(examples.INTEGRATION))],
    )
    def get(self, request: HttpRequest, integration_id: str) -> Reply:
        read_query(request.GET, {})
        return reply_with(request, found(request, integration_id))

    @changing(
        summary="Update integration",
        description=(
            "What is left out stays. The old credentials work until the platform has accepted the "
            "new ones; refused is 400 with its reason, and nothing has changed."
        ),
        tags=TAGS,
        request=IntegrationChangeSerializer,
        responses={200: one("UpdatedIntegration", IntegrationShape, message="How it went.")},
        errors=[404],
        examples=[asked("Rename", {"name": "Main Twilio"})],
    )
    def put(self, request: HttpRequest, integration_id: str) -> Reply:
        by, wished = request.principal, taken(IntegrationChangeSerializer, request.data)
        given = wished.get("name", "")
        lock_integration_name(by.organization.pk, given)
        integration = ledger.locked(by, found(request, integration_id))
        operation = change(by, integration, **wished)
        undo = partial(revert_name, by, integration, given=given, former=integration.name)
        answer = partial(
            reply_with, request, integration, _("Integration updated successfully"), status=200
        )
        return checked(operation, answer, undo) if operation else answer()

    @changing(
        summary="Delete integration",
        description="Refused while a number refers to it, one that is still being removed too.",
        tags=TAGS,
        responses={200: one("DeletedIntegration", IntegrationShape, message="How it went.")},
        errors=[404],
        examples=[answered("Still in use", {"detail": examples.STILL_REFERENCED}, 409)],
    )
    def delete(self, request: HttpRequest, integration_id: str) -> Reply:
        integration = found(request, integration_id)
        refuse_referenced(request.organization, integration)
        shown = represent(integration, request.organization)
        try:
            ledger.disconnect(request.principal, integration)
        except ledger.InUse as error:
            raise Problem("conflict", str(error)) from error
        return Reply(enveloped(shown, _("Integration deleted successfully")))


def found(request: HttpRequest, integration_id: str) -> Integration:
    own = request.organization.integrations.filter(public_id=integration_id)
    integration = own.first() if ID.fullmatch(integration_id) else None
    if integration is None:
        raise missing(_("Integration"))
    return integration


def refuse_referenced(organization: Organization, integration: Integration) -> None:
    """Names the own numbers; strangers' may be there too, on the installation's default carrier."""
    numbers = organization.phone_numbers.filter(
        placements__integration=integration, released_at=None
    )
    named = list(numbers.order_by("e164").values_list("e164", flat=True).distinct()[: NAMED + 1])
    if named:
        shown = str(named[:NAMED])
        if len(named) > NAMED:
            shown = f"{shown[:-1]}, …]"
        text = _("Integration is still referenced by phone numbers: %(numbers)s. ")
        advice = _("Remove or reassign them first.")
        raise Problem("conflict", text % {"numbers": shown} + advice)


def reply_with(
    request: HttpRequest,
    integration: Integration,
    message: str = "",
    check: Operation | None = None,
    *,
    status: int = 200,
) -> Reply:
    integration.refresh_from_db()
    location = {"Location": f"/api/integrations/{integration.public_id}"} if status == 201 else {}
    shown = represent(integration, request.organization, check)
    return Reply(enveloped(shown, message), status=status, headers=location)
