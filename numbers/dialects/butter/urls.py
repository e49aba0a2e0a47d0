"""URLs of Butter's dialect, below /api/."""

from django.urls import path

from numbers.dialects.butter import agents, api_keys, integrations, phone_numbers

urlpatterns = [
    path("phone-numbers", phone_numbers.PhoneNumbersView.as_view(), name="butter-numbers"),
    path(
        "phone-numbers/<str:number>",
        phone_numbers.PhoneNumberView.as_view(),
        name="butter-number",
    ),
    path(
        "agents/<str:agent_id>/assign-phone-number",
        agents.AssignView.as_view(),
        name="butter-assign",
    ),
    path(
        "agents/<str:agent_id>/unassign-phone-number/<str:phone_number_id>",
        agents.UnassignView.as_view(),
        name="butter-unassign",
    ),
    path("integrations", integrations.IntegrationsView.as_view(), name="butter-integrations"),
    path(
        "integrations/<str:integration_id>",
        integrations.IntegrationView.as_view(),
        name="butter-integration",
    ),
    path("api-keys", api_keys.ApiKeysView.as_view(), name="butter-api-keys"),
    path("api-keys/<str:key_id>", api_keys.ApiKeyView.as_view(), name="butter-api-key"),
]
