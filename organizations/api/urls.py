"""URLs of the organization, and of what every part of /v1 shares: problems, the OpenAPI document
and its viewer."""

from django.urls import path

from organizations.api.api_keys import ApiKeyRotationView, ApiKeysView, ApiKeyView
from organizations.api.events import EventsView
from organizations.api.invitations import InvitationsView, InvitationView
from organizations.api.members import MembersView, MemberView
from organizations.api.organization import OrganizationView, QuotasView
from organizations.web.api.problem_pages import problem_detail, problem_list
from organizations.web.openapi.views import DocsView, SchemaView

urlpatterns = [
    path("organization", OrganizationView.as_view(), name="organization"),
    path("organization/quotas", QuotasView.as_view(), name="organization-quotas"),
    path("members", MembersView.as_view(), name="members"),
    path("members/<UUID:user_id>", MemberView.as_view(), name="member"),
    path("invitations", InvitationsView.as_view(), name="invitations"),
    path("invitations/<UUID:invitation_id>", InvitationView.as_view(), name="api-invitation"),
    path("api-keys", ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<UUID:key_id>", ApiKeyView.as_view(), name="api-key"),
    path("api-keys/<UUID:key_id>/rotate", ApiKeyRotationView.as_view(), name="api-key-rotation"),
    path("events", EventsView.as_view(), name="events"),
    path("problems", problem_list, name="problems"),
    path("problems/<slug:slug>", problem_detail, name="problem"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(url_name="schema"), name="docs"),
]
