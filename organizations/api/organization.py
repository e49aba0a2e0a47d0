"""/v1/organization: the organization of the key that asks."""

from django.http import HttpRequest

from organizations import operations
from organizations.api import examples
from organizations.api.queries import read_query
from organizations.api.replies import Reply
from organizations.api.schema import answered, asked, operation
from organizations.api.serializers import (
    OrganizationChangeSerializer,
    OrganizationShape,
    represent_organization,
    taken,
)
from organizations.api.views import OrgView
from organizations.roles import Permission

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
