"""/v1/members: the people of the organization. New members join by /v1/invitations."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import HttpRequest

from organizations import operations
from organizations.access.roles import Permission
from organizations.api import examples
from organizations.api.serializers import (
    MemberChangeSerializer,
    MemberPageShape,
    MemberShape,
    serialize_member,
)
from organizations.models import Membership
from organizations.operations import HigherRole, LastAdmin
from organizations.web.api.fields import validate_input
from organizations.web.api.pagination import ID_PAGE_PARAMETERS, paginate_by_id
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Members"]


class MembersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.MEMBERS_READ}

    @document_operation(
        summary="List members",
        description="Newest first.",
        tags=TAGS,
        query=ID_PAGE_PARAMETERS,
        responses={200: MemberPageShape},
        examples=[response_example("A page", {"data": [examples.MEMBER], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, ID_PAGE_PARAMETERS)
        rows = request.organization.memberships.select_related("user")
        return ApiResponse(paginate_by_id(rows, query, serialize_member))


class MemberView(OrgView):
    """One member; the path takes the `user_id`."""

    permissions = {
        "GET": Permission.MEMBERS_READ,
        "PATCH": Permission.MEMBERS_UPDATE,
        "DELETE": Permission.MEMBERS_DELETE,
    }

    @document_operation(
        summary="Get member",
        tags=TAGS,
        query={},
        responses={200: MemberShape},
        errors=["not-found"],
        examples=[response_example("Bob", examples.MEMBER)],
    )
    def get(self, request: HttpRequest, user_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        return ApiResponse(serialize_member(get_member(request, user_id)))

    @document_operation(
        summary="Change member's role",
        description=(
            "For the member's keys too, from the next request on. Nobody gives a role that may "
            "more than themselves: a key with scopes gives none beyond them."
        ),
        tags=TAGS,
        request=MemberChangeSerializer,
        responses={200: MemberShape},
        errors=["limited-key", "not-found", "last-admin"],
        examples=[
            request_example("Manages agents", {"role": "agent_manager"}),
            response_example("Changed", examples.MEMBER),
        ],
    )
    def patch(self, request: HttpRequest, user_id: UUID) -> ApiResponse:
        user = get_member(request, user_id).user
        wished = validate_input(MemberChangeSerializer, request.data)
        with translate_member_errors():
            operations.change_member_role(request.principal, user=user, **wished)
        return ApiResponse(serialize_member(get_member(request, user_id)))

    @document_operation(
        summary="Remove member",
        description="Their API keys in this organization are revoked with it.",
        tags=TAGS,
        responses={204: None},
        errors=["limited-key", "not-found", "last-admin"],
    )
    def delete(self, request: HttpRequest, user_id: UUID) -> ApiResponse:
        user = get_member(request, user_id).user
        with translate_member_errors():
            operations.remove_member(request.principal, user=user)
        return ApiResponse(status=204)


def get_member(request: HttpRequest, user_id: UUID) -> Membership:
    """Returns the membership. Raises DoesNotExist (404) for a user of another organization as well
    as for an unknown one."""
    return request.organization.memberships.select_related("user").get(user_id=user_id)


@contextmanager
def translate_member_errors() -> Iterator[None]:
    """Translates the exceptions of operations into Problems."""
    try:
        yield
    except LastAdmin as error:
        raise Problem("last-admin", str(error)) from error
    except HigherRole as error:
        raise Problem("forbidden", " ".join(error.messages)) from error
