"""/v1/default-integrations: what is taken where a request names no integration."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from integrations.api import examples
from integrations.api.lookup import in_body
from integrations.api.response_schemas import DefaultShape, DefaultsShape
from integrations.api.serializers import ROLES, DefaultSerializer, represent_default
from integrations.ledger import operation_requests
from organizations.access.roles import Permission
from organizations.web.api.problems import Problem, field_error, invalid
from organizations.web.api.query_parameters import read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Integrations"]


class DefaultsView(OrgView):
    """One for each role."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="List default integrations",
        description="Each role, with the integration that is taken where a request names none.",
        tags=TAGS,
        query={},
        responses={200: DefaultsShape},
        examples=[answered("One is set", examples.DEFAULTS)],
    )
    def get(self, request: HttpRequest) -> Reply:
        read_query(request.GET, {})
        rows = request.organization.default_integrations.select_related("integration")
        found = {row.role: row for row in rows}
        return Reply({"data": [represent_default(role, found.get(role)) for role in ROLES]})


class DefaultView(OrgView):
    permissions = {
        "PUT": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_UPDATE,
    }

    @operation(
        summary="Set default integration",
        description="`role` is carrier, sip or twilio. Existing carriers and numbers do not move.",
        tags=TAGS,
        request=DefaultSerializer,
        responses={200: DefaultShape},
        errors=["not-found"],
        examples=[
            asked("By its id", {"integration_id": examples.ANSWER["id"]}),
            answered("Set", examples.DEFAULT),
        ],
    )
    def put(self, request: HttpRequest, role: str) -> Reply:
        refuse_unknown(role)
        serializer = DefaultSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        named = serializer.validated_data["integration_id"]
        integration = in_body(request.organization, named)
        try:
            operation_requests.make_default(request.principal, integration, role=role)
        except ValidationError as error:
            raise invalid(field_error("integration_id", error.messages[0])) from error
        rows = request.organization.default_integrations.select_related("integration")
        return Reply(represent_default(role, rows.get(role=role)))

    @operation(
        summary="Clear default integration",
        description="Requests for the role must name an integration then.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found"],
    )
    def delete(self, request: HttpRequest, role: str) -> Reply:
        refuse_unknown(role)
        operation_requests.clear_default(request.principal, role=role)
        return Reply(status=204)


def refuse_unknown(role: str) -> None:
    if role not in ROLES:
        raise Problem("not-found")
