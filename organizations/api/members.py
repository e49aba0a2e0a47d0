"""/v1/members: the people of the organization. New ones come by /v1/invitations."""

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
    represent_member,
    taken,
)
from organizations.models import Membership
from organizations.operations import HigherRole, LastAdmin
from organizations.web.api.pagination import ID_PAGING, page_by_id
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Members"]


class MembersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.MEMBERS_READ}

    @operation(
        summary="List members",
        description="Newest first.",
        tags=TAGS,
        query=ID_PAGING,
        responses={200: MemberPageShape},
        examples=[answered("A page", {"data": [examples.MEMBER], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, ID_PAGING)
        rows = request.organization.memberships.select_related("user")
        return Reply(page_by_id(rows, query, represent_member))


class MemberView(OrgView):
    """One member; the path takes the `user_id`."""

    permissions = {
        "GET": Permission.MEMBERS_READ,
        "PATCH": Permission.MEMBERS_UPDATE,
        "DELETE": Permission.MEMBERS_DELETE,
    }

    @operation(
        summary="Get member",
        tags=TAGS,
        query={},
        responses={200: MemberShape},
        errors=["not-found"],
        examples=[answered("Bob", examples.MEMBER)],
    )
    def get(self, request: HttpRequest, user_id: UUID) -> Reply:
        read_query(request.GET, {})
        return Reply(represent_member(found(request, user_id)))

    @operation(
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
            asked("Manages agents", {"role": "agent_manager"}),
            answered("Changed", examples.MEMBER),
        ],
    )
    def patch(self, request: HttpRequest, user_id: UUID) -> Reply:
        user = found(request, user_id).user
        wished = taken(MemberChangeSerializer, request.data)
        with told():
            operations.change_role(request.principal, user=user, **wished)
        return Reply(represent_member(found(request, user_id)))

    @operation(
        summary="Remove member",
        description="Their API keys in this organization are revoked with it.",
        tags=TAGS,
        responses={204: None},
        errors=["limited-key", "not-found", "last-admin"],
    )
    def delete(self, request: HttpRequest, user_id: UUID) -> Reply:
        user = found(request, user_id).user
        with told():
            operations.remove_member(request.principal, user=user)
        return Reply(status=204)


def found(request: HttpRequest, user_id: UUID) -> Membership:
    """404 for a stranger, as for nobody."""
    return request.organization.memberships.select_related("user").get(user_id=user_id)


@contextmanager
def told() -> Iterator[None]:
    """What operations refuse, as problems."""
    try:
        yield
    except LastAdmin as error:
        raise Problem("last-admin", str(error)) from error
    except HigherRole as error:
        raise Problem("forbidden", " ".join(error.messages)) from error
