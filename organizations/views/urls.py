"""URLs of the screens, below /o/<organization>/."""

from django.urls import URLPattern, path

from organizations.views import members
from organizations.views.api_keys import (
    ApiKeyAddScreen,
    ApiKeyRevokeScreen,
    ApiKeyRotateScreen,
    ApiKeysScreen,
)
from organizations.views.events import EventScreen, EventsScreen
from organizations.views.events_export import EventsExportScreen
from organizations.views.exports import (
    ExportDeleteScreen,
    ExportFileScreen,
    ExportScreen,
    ExportsScreen,
)
from organizations.views.organization import OrganizationScreen

MEMBER_PATH = "members/<UUID:user_id>"
EXPORT_PATH = "exports/<UUID:export_id>"

screens: list[URLPattern] = [
    path("members/", members.MembersScreen.as_view(), name="members"),
    path(f"{MEMBER_PATH}/", members.MemberScreen.as_view(), name="members_role"),
    path(f"{MEMBER_PATH}/remove/", members.RemoveMemberScreen.as_view(), name="members_remove"),
    path(
        "invitations/<UUID:invitation_id>/revoke/",
        members.RevokeInvitationScreen.as_view(),
        name="members_revoke",
    ),
    path("organization/", OrganizationScreen.as_view(), name="organization"),
    path("organization/leave/", members.LeaveScreen.as_view(), name="organization_leave"),
    path("api-keys/", ApiKeysScreen.as_view(), name="api_keys"),
    path("api-keys/add/", ApiKeyAddScreen.as_view(), name="api_keys_add"),
    path("api-keys/<UUID:key_id>/rotate/", ApiKeyRotateScreen.as_view(), name="api_keys_rotate"),
    path("api-keys/<UUID:key_id>/revoke/", ApiKeyRevokeScreen.as_view(), name="api_keys_revoke"),
    path("events/", EventsScreen.as_view(), name="events"),
    path("events/export/", EventsExportScreen.as_view(), name="events_export"),
    path("events/<int:event_id>/", EventScreen.as_view(), name="event"),
    path("exports/", ExportsScreen.as_view(), name="exports"),
    path(f"{EXPORT_PATH}/", ExportScreen.as_view(), name="export"),
    path(f"{EXPORT_PATH}/file/", ExportFileScreen.as_view(), name="export_file"),
    path(f"{EXPORT_PATH}/delete/", ExportDeleteScreen.as_view(), name="export_delete"),
]
