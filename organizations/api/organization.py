"""/v1/organization: the organization of the key that asks."""

from django.http import HttpRequest

from organizations import operations
from organizations.access import quotas
from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import (
    OrganizationChangeSerializer,
    OrganizationShape,
    QuotaListShape,
    represent_organization,
    represent_usage,
    taken,
)
from organizations.web.api.query_parameters import read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Organization"]


class OrganizationView(OrgView):
    permissions = {"GET": Permission.ORGANIZATION_READ, "PATCH": Permission.ORGANIZATION_UPDATE}

    @operation(
        summary="Get organization",
        operation_id="organization_retrieve",
        tags=TAGS,
        query={},
        responses={200: OrganizationShape},
        examples=[answered("Acme", examples.ORGANIZATION)],
    )
    def get(self, request: HttpRequest) -> Reply:
        read_query(request.GET, {})
        return Reply(represent_organization(request.organization))

    @operation(
        summary="Rename organization",
        tags=TAGS,
        request=OrganizationChangeSerializer,
        responses={200: OrganizationShape},
        examples=[
            asked("A new name", {"name": "Acme"}),
            answered("Renamed", examples.ORGANIZATION),
        ],
    )
    def patch(self, request: HttpRequest) -> Reply:
        wished = taken(OrganizationChangeSerializer, request.data)
        return Reply(
            represent_organization(operations.rename_organization(request.principal, **wished))
        )


class QuotasView(OrgView):
    """Apart from the organization, whose answer takes no count."""

    permissions = {"GET": Permission.ORGANIZATION_READ}

    @operation(
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
        examples=[answered("All quotas", {"data": examples.QUOTAS})],
    )
    def get(self, request: HttpRequest) -> Reply:
        read_query(request.GET, {})
        return Reply({"data": [represent_usage(u) for u in quotas.usages(request.organization)]})
