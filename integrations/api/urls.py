from django.urls import path

from integrations.api import account_numbers, defaults, integrations, operations

urlpatterns = [
    path("integrations", integrations.IntegrationsView.as_view(), name="integrations"),
    path(
        "integrations/kinds", integrations.IntegrationKindsView.as_view(), name="integration-kinds"
    ),
    path(
        "integrations/<str:integration_id>",
        integrations.IntegrationView.as_view(),
        name="integration",
    ),
    path(
        "integrations/<str:integration_id>/test",
        integrations.IntegrationTestView.as_view(),
        name="integration-test",
    ),
    path(
        "integrations/<str:integration_id>/numbers",
        account_numbers.AccountNumbersView.as_view(),
        name="integration-numbers",
    ),
    path(
        "integrations/<str:integration_id>/available-numbers",
        account_numbers.AvailableNumbersView.as_view(),
        name="integration-available-numbers",
    ),
    path(
        "default-integrations",
        defaults.DefaultIntegrationsView.as_view(),
        name="default-integrations",
    ),
    path(
        "default-integrations/<str:role>",
        defaults.DefaultIntegrationView.as_view(),
        name="default-integration",
    ),
    path("operations", operations.OperationsView.as_view(), name="operations"),
    path("operations/<UUID:operation_id>", operations.OperationView.as_view(), name="operation"),
]
