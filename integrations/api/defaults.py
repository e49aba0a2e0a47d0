"""/v1/default-integrations: the integrations that are used when a request names none."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from integrations.api import examples
from integrations.api.response_schemas import DefaultShape, DefaultsShape
from integrations.api.serializers import ROLES, DefaultSerializer, serialize_default_integration
from integrations.ledger import operation_requests
from integrations.web.lookup import integration_from_body
from organizations.access.roles import Permission
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Integrations"]


class DefaultIntegrationsView(OrgView):
    """One for each role."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="List default integrations",
        description="Each role, with the integration that is taken where a request names none.",
        tags=TAGS,
        query={},
        responses={200: DefaultsShape},
        examples=[response_example("One is set", examples.DEFAULT_INTEGRATIONS)],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        parse_query(request.GET, {})
        rows = request.organization.default_integrations.select_related("integration")
        found = {row.role: row for row in rows}
        return ApiResponse(
            {"data": [serialize_default_integration(role, found.get(role)) for role in ROLES]}
        )


class DefaultIntegrationView(OrgView):
    permissions = {
        "PUT": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_UPDATE,
    }

    @document_operation(
        summary="Set default integration",
        description="`role` is carrier, sip or twilio. Existing carriers and numbers do not move.",
        tags=TAGS,
        request=DefaultSerializer,
        responses={200: DefaultShape},
        errors=["not-found"],
        examples=[
            request_example("By its id", {"integration_id": examples.INTEGRATION["id"]}),
            response_example("Set", examples.DEFAULT_INTEGRATION),
        ],
    )
    def put(self, request: HttpRequest, role: str) -> ApiResponse:
        ensure_known_role(role)
        serializer = DefaultSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        named = serializer.validated_data["integration_id"]
        integration = integration_from_body(request.organization, named)
        try:
            operation_requests.set_default_integration(request.principal, integration, role=role)
        except ValidationError as error:
            raise invalid_request_problem(
                field_error("integration_id", error.messages[0])
            ) from error
        rows = request.organization.default_integrations.select_related("integration")
        return ApiResponse(serialize_default_integration(role, rows.get(role=role)))

    @document_operation(
        summary="Clear default integration",
        description="Requests for the role must name an integration then.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found"],
    )
    def delete(self, request: HttpRequest, role: str) -> ApiResponse:
        ensure_known_role(role)
        operation_requests.clear_default_integration(request.principal, role=role)
        return ApiResponse(status=204)


def ensure_known_role(role: str) -> None:
    if role not in ROLES:
        raise Problem("not-found")
