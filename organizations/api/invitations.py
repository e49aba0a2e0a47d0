"""/v1/invitations: invitations, by which people become members."""

from uuid import UUID

from django.http import HttpRequest

from organizations.access.roles import Permission
from organizations.accounts import invitations
from organizations.api import examples
from organizations.api.serializers import (
    InvitationCreateSerializer,
    InvitationPageShape,
    InvitationShape,
    NewInvitationShape,
    serialize_invitation,
)
from organizations.operations import AlreadyMember, HigherRole
from organizations.web.api.fields import validate_input
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.problems import Problem, field_error
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Members"]


class InvitationsView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.MEMBERS_READ, "POST": Permission.MEMBERS_CREATE}

    @document_operation(
        summary="List invitations",
        description="Newest first; those that were accepted, revoked or have expired, too.",
        tags=TAGS,
        query=PAGE_PARAMETERS,
        responses={200: InvitationPageShape},
        examples=[response_example("A page", {"data": [examples.INVITATION], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGE_PARAMETERS)
        rows = request.organization.invitations.select_related("invited_by")
        return ApiResponse(paginate_rows(rows, query, serialize_invitation))

    @document_operation(
        summary="Invite member",
        description=(
            "Whoever opens `url` within seven days, and signs in or makes an account with this "
            "e-mail, becomes a member. The link is shown this once, and mailed where a mail server "
            "is configured. An earlier invitation to the same e-mail ends. Whether somebody has an "
            "account in this installation is not told. How often an organization invites in 24 "
            "hours is one of its quotas."
        ),
        tags=TAGS,
        request=InvitationCreateSerializer,
        responses={201: NewInvitationShape},
        errors=["limited-key", "already-member", "quota-exceeded"],
        examples=[
            request_example("Bob", {"email": "bob@example.com", "role": "agent_manager"}),
            response_example(
                "Invited",
                {**examples.INVITATION, "url": "https://patchbay.example.com/invitations/…/"},
                201,
            ),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(InvitationCreateSerializer, request.data)
        try:
            invitation, link = invitations.create_invitation(request.principal, **wished)
        except AlreadyMember as error:
            place = field_error("email", str(error), "taken")
            raise Problem("already-member", str(error), errors=[place]) from error
        except HigherRole as error:
            raise Problem("forbidden", " ".join(error.messages)) from error
        shown = serialize_invitation(invitation)
        headers = {"Location": f"/v1/invitations/{invitation.id}"}
        return ApiResponse(
            {**shown, "url": link},
            status=201,
            headers={**headers, "Cache-Control": "no-store"},
            kept=ApiResponse(shown, status=201, headers=headers),
        )


class InvitationView(OrgView):
    """One invitation; the path takes its `id`."""

    permissions = {"GET": Permission.MEMBERS_READ, "DELETE": Permission.MEMBERS_DELETE}

    @document_operation(
        summary="Get invitation",
        tags=TAGS,
        query={},
        responses={200: InvitationShape},
        errors=["not-found"],
        examples=[response_example("Open", examples.INVITATION)],
    )
    def get(self, request: HttpRequest, invitation_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        rows = request.organization.invitations.select_related("invited_by")
        return ApiResponse(serialize_invitation(rows.get(pk=invitation_id)))

    @document_operation(
        summary="Revoke invitation",
        description="Its link opens nothing from now on. One that was accepted stays as it is.",
        tags=TAGS,
        responses={204: None},
        errors=["limited-key", "not-found"],
    )
    def delete(self, request: HttpRequest, invitation_id: UUID) -> ApiResponse:
        invitations.revoke_invitation(request.principal, invitation_id=invitation_id)
        return ApiResponse(status=204)
