"""Invitations, to be read and revoked. Members create them in the portal."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from organizations.access.principals import Principal
from organizations.accounts import invitations
from organizations.models import Invitation
from organizations.web.admin.base import ReadOnlyAdmin, time_column
from organizations.web.admin.row_actions import RowAction

STATE_COLORS = {"open": "info", "accepted": "success", "expired": "warning", "revoked": "danger"}
STATE_LABELS = {
    "open": gettext_lazy("open"),
    "accepted": gettext_lazy("accepted"),
    "expired": gettext_lazy("expired"),
    "revoked": gettext_lazy("revoked"),
}


def revoke_invitation_action(by: Principal, invitation: Invitation) -> str:
    if invitations.revoke_invitation(by, invitation_id=invitation.pk):
        return _("The invitation of %(email)s is revoked.") % {"email": invitation.email}
    return _("The invitation of %(email)s was not open.") % {"email": invitation.email}


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "state_badge", "role", "organization_name", "invited_by", "expires")
    list_select_related = ("organization", "invited_by")
    list_filter = ("role",)
    search_fields = ("email", "organization__name", "organization__public_id__iexact")
    fields = (
        "email",
        "organization",
        "role",
        "state_badge",
        "invited_by",
        "created_at",
        "expires_at",
        "accepted_at",
        "accepted_by",
        "revoked_at",
    )
    readonly_fields = ("state_badge",)
    event_kind = "invitation"
    expires = time_column("expires_at", gettext_lazy("expires"))
    row_actions = (
        RowAction(
            "revoke",
            gettext_lazy("Revoke"),
            revoke_invitation_action,
            possible=lambda invitation: invitation.state == "open",
            loses=lambda invitation: _("Its link opens nothing any more."),
            permission="delete",
            icon="block",
        ),
    )

    @display(description=gettext_lazy("state"), label=STATE_COLORS)
    def state_badge(self, invitation: Invitation) -> tuple[str, Any]:
        return invitation.state, STATE_LABELS[invitation.state]
