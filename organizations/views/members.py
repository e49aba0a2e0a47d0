"""Screens for members: their roles and permissions, and open invitations."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from organizations import operations
from organizations.access.roles import Permission
from organizations.accounts import invitations
from organizations.models import Membership
from organizations.operations import AlreadyMember, LastAdmin
from organizations.views.forms import InviteForm, RoleForm
from organizations.web.views.base import OrgScreen
from organizations.web.views.forms import run_with_form_errors


class MembersScreen(OrgScreen):
    permissions = {"GET": Permission.MEMBERS_READ, "POST": Permission.MEMBERS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(InviteForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Creates an invitation and shows its link in the response itself. No other page shows the
        link, and nothing stores it."""
        form = InviteForm(request.POST)
        made = form.is_valid() and run_with_form_errors(
            form,
            lambda: invitations.create_invitation(self.principal, **form.cleaned_data),
            {AlreadyMember: "email"},
        )
        return self.invited(*made) if made else self.shown(form, status=422)

    def invited(self, invitation: Any, link: str) -> HttpResponse:
        response = self.page("organizations/invited.html", invitation=invitation, link=link)
        response.headers["Cache-Control"] = "no-store"
        return response

    def shown(self, form: InviteForm, status: int = 200) -> HttpResponse:
        members = self.organization.memberships.select_related("user").order_by("user__email")
        waiting = self.organization.invitations.filter(**invitations.OPEN_INVITATION_FILTER)
        return self.page(
            "organizations/members.html",
            status=status,
            members=add_role_labels(members),
            waiting=add_role_labels(waiting.select_related("invited_by").order_by("-created_at")),
            form=form,
        )


class MemberScreen(OrgScreen):
    """Changes one member's role."""

    permissions = {"GET": Permission.MEMBERS_UPDATE, "POST": Permission.MEMBERS_UPDATE}

    def get(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        membership = get_membership(self, user_id)
        return self.shown(membership, RoleForm(initial={"role": membership.role}))

    def post(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        membership, form = get_membership(self, user_id), RoleForm(request.POST)
        if not (form.is_valid() and self.change(membership, form)):
            return self.shown(membership, form, status=422)
        self.say(_("The role of %(user)s is changed.") % {"user": membership.user})
        return self.go("members")

    def change(self, membership: Membership, form: RoleForm) -> Membership | None:
        words = {"user": membership.user, **form.cleaned_data}
        return run_with_form_errors(
            form,
            lambda: operations.change_member_role(self.principal, **words),
            {LastAdmin: "role"},
        )

    def shown(self, membership: Membership, form: RoleForm, status: int = 200) -> HttpResponse:
        return self.page("organizations/member.html", status, member=membership, form=form)


class RemoveMemberScreen(OrgScreen):
    permissions = {"GET": Permission.MEMBERS_DELETE, "POST": Permission.MEMBERS_DELETE}

    def get(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        return self.page(
            "organizations/member_remove.html",
            **removal_impact(self, get_membership(self, user_id)),
        )

    def post(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        user = get_membership(self, user_id).user
        try:
            operations.remove_member(self.principal, user=user)
        except LastAdmin as error:
            self.warn(str(error))
        else:
            self.say(
                _("%(user)s is no longer a member; their API keys are revoked.") % {"user": user}
            )
        return self.go("members")


class LeaveScreen(OrgScreen):
    """Lets a member leave, whatever their role."""

    permissions = {"GET": Permission.ORGANIZATION_READ, "POST": Permission.ORGANIZATION_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        mine, why_not = get_membership(self, request.user.pk), ""
        try:
            operations.ensure_not_last_admin(self.principal, mine, None)
        except LastAdmin as error:
            why_not = str(error)
        return self.page(
            "organizations/member_leave.html", why_not=why_not, **removal_impact(self, mine)
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            operations.leave_organization(self.principal, user=request.user)
        except LastAdmin as error:
            self.warn(str(error))
            return self.go("organization")
        self.say(_("You have left %(name)s.") % {"name": self.organization.name})
        return redirect("home")


class RevokeInvitationScreen(OrgScreen):
    permissions = {"GET": Permission.MEMBERS_DELETE, "POST": Permission.MEMBERS_DELETE}

    def get(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        invitation = self.organization.invitations.get(pk=invitation_id)
        return self.page("organizations/invitation_revoke.html", invitation=invitation)

    def post(self, request: HttpRequest, invitation_id: UUID) -> HttpResponse:
        if invitations.revoke_invitation(self.principal, invitation_id=invitation_id):
            self.say(_("The invitation is revoked; its link opens nothing any more."))
        else:
            self.warn(_("The invitation was used or revoked already."))
        return self.go("members")


def add_role_labels(rows: Iterable[Any]) -> list[Any]:
    """Adds the name and the description of the role to each row."""
    found = list(rows)
    for row in found:
        row.role_name, _colon, row.role_text = str(row.get_role_display()).partition(": ")
    return found


def get_membership(screen: OrgScreen, user_id: UUID) -> Membership:
    return screen.organization.memberships.select_related("user").get(user_id=user_id)


def removal_impact(screen: OrgScreen, membership: Membership) -> dict[str, Any]:
    """Returns what ends with a membership: API keys and sent invitations."""
    mine = {"owner": membership.user, "revoked_at": None}
    sent = {"invited_by": membership.user, **invitations.OPEN_INVITATION_FILTER}
    return {
        "member": membership,
        "keys": screen.organization.api_keys.filter(**mine).order_by("name"),
        "sent": screen.organization.invitations.filter(**sent).order_by("email"),
    }
