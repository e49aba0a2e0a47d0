"""The addresses of the screens, below /o/<organization>/."""

from django.urls import URLPattern, path

from integrations.views import connect, integrations, operations

ONE = "integrations/<UUID:integration_id>/"
OPERATION = "operations/<UUID:operation_id>/"

screens: list[URLPattern] = [
    path("integrations/", integrations.IntegrationsScreen.as_view(), name="integrations"),
    path("integrations/add/", connect.AddScreen.as_view(), name="integrations_add"),
    path(
        "integrations/add/<str:kind>/",
        connect.ConnectScreen.as_view(),
        name="integrations_connect",
    ),
    path(ONE, integrations.IntegrationScreen.as_view(), name="integration"),
    path(f"{ONE}edit/", connect.EditScreen.as_view(), name="integration_edit"),
    path(
        f"{ONE}credentials/",
        connect.CredentialsScreen.as_view(),
        name="integration_credentials",
    ),
    path(f"{ONE}check/", integrations.CheckScreen.as_view(), name="integration_check"),
    path(f"{ONE}default/", integrations.DefaultScreen.as_view(), name="integration_default"),
    path(
        f"{ONE}disconnect/",
        integrations.DisconnectScreen.as_view(),
        name="integration_disconnect",
    ),
    path("operations/", operations.OperationsScreen.as_view(), name="operations"),
    path(OPERATION, operations.OperationScreen.as_view(), name="operation"),
    path(f"{OPERATION}try/", operations.TryScreen.as_view(), name="operation_try"),
]
