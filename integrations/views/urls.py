"""The URLs of the screens, below /o/<organization>/."""

from django.urls import URLPattern, path

from integrations.views import connect, integrations, operations

INTEGRATION_PATH = "integrations/<UUID:integration_id>/"
OPERATION_PATH = "operations/<UUID:operation_id>/"

screens: list[URLPattern] = [
    path("integrations/", integrations.IntegrationsScreen.as_view(), name="integrations"),
    path("integrations/add/", connect.ChoosePlatformScreen.as_view(), name="integrations_add"),
    path(
        "integrations/add/<str:kind>/",
        connect.ConnectPlatformScreen.as_view(),
        name="integrations_connect",
    ),
    path(INTEGRATION_PATH, integrations.IntegrationScreen.as_view(), name="integration"),
    path(
        f"{INTEGRATION_PATH}edit/", connect.EditIntegrationScreen.as_view(), name="integration_edit"
    ),
    path(
        f"{INTEGRATION_PATH}credentials/",
        connect.CredentialsScreen.as_view(),
        name="integration_credentials",
    ),
    path(
        f"{INTEGRATION_PATH}check/",
        integrations.CheckIntegrationScreen.as_view(),
        name="integration_check",
    ),
    path(
        f"{INTEGRATION_PATH}default/",
        integrations.DefaultIntegrationScreen.as_view(),
        name="integration_default",
    ),
    path(
        f"{INTEGRATION_PATH}disconnect/",
        integrations.DisconnectIntegrationScreen.as_view(),
        name="integration_disconnect",
    ),
    path("operations/", operations.OperationsScreen.as_view(), name="operations"),
    path(OPERATION_PATH, operations.OperationScreen.as_view(), name="operation"),
    path(f"{OPERATION_PATH}try/", operations.RetryOperationScreen.as_view(), name="operation_try"),
]
