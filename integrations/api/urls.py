from django.urls import path

from integrations.api import defaults, ledger, questions, v1

urlpatterns = [
    path("integrations", v1.IntegrationsView.as_view(), name="integrations"),
    path("integrations/kinds", v1.KindsView.as_view(), name="integration-kinds"),
    path("integrations/<str:integration_id>", v1.IntegrationView.as_view(), name="integration"),
    path(
        "integrations/<str:integration_id>/test",
        v1.IntegrationTestView.as_view(),
        name="integration-test",
    ),
    path(
        "integrations/<str:integration_id>/numbers",
        questions.AccountNumbersView.as_view(),
        name="integration-numbers",
    ),
    path(
        "integrations/<str:integration_id>/available-numbers",
        questions.AvailableNumbersView.as_view(),
        name="integration-available-numbers",
    ),
    path("default-integrations", defaults.DefaultsView.as_view(), name="default-integrations"),
    path(
        "default-integrations/<str:role>",
        defaults.DefaultView.as_view(),
        name="default-integration",
    ),
    path("operations", ledger.LedgerView.as_view(), name="operations"),
    path("operations/<UUID:operation_id>", ledger.OperationView.as_view(), name="operation"),
]
