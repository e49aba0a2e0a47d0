"""/v1/organization: the organization of the calling key."""

from django.http import HttpRequest

from organizations import operations
from organizations.access import quotas
from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import (
    OrganizationChangeSerializer,
    OrganizationShape,
    QuotaListShape,
    serialize_organization,
    serialize_quota_usage,
)
from organizations.web.api.fields import validate_input
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Organization"]


class OrganizationView(OrgView):
    permissions = {"GET": Permission.ORGANIZATION_READ, "PATCH": Permission.ORGANIZATION_UPDATE}

    @document_operation(
        summary="Get organization",
        operation_id="organization_retrieve",
        tags=TAGS,
        query={},
        responses={200: OrganizationShape},
        examples=[response_example("Acme", examples.ORGANIZATION)],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        parse_query(request.GET, {})
        return ApiResponse(serialize_organization(request.organization))

    @document_operation(
        summary="Rename organization",
        tags=TAGS,
        request=OrganizationChangeSerializer,
        responses={200: OrganizationShape},
        examples=[
            request_example("A new name", {"name": "Acme"}),
            response_example("Renamed", examples.ORGANIZATION),
        ],
    )
    def patch(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(OrganizationChangeSerializer, request.data)
        return ApiResponse(
            serialize_organization(operations.rename_organization(request.principal, **wished))
        )


class QuotasView(OrgView):
    """Apart from the organization, whose answer takes no count."""

    permissions = {"GET": Permission.ORGANIZATION_READ}

    @document_operation(
        summary="List quotas",
        description=(
            "What the organization may have, and how much of it is used now; an operator of the "
            "installation can change a limit. What would exceed one is refused with 409 "
            "`quota-exceeded`, whose `errors` name it as `quotas.<name>`."
        ),
        operation_id="organization_quotas_list",
        tags=TAGS,
        query={},
        responses={200: QuotaListShape},
        examples=[response_example("All quotas", {"data": examples.QUOTAS})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        parse_query(request.GET, {})
        return ApiResponse(
            {
                "data": [
                    serialize_quota_usage(u) for u in quotas.list_quota_usages(request.organization)
                ]
            }
        )
