from django.urls import path

from numbers.api import acquisition, agents, import_readings, phone_numbers, placements, pools
from numbers.api import imports as import_jobs

urlpatterns = [
    path("phone-numbers", phone_numbers.NumbersView.as_view(), name="numbers"),
    path("phone-numbers/import", acquisition.ImportView.as_view(), name="number-import"),
    path("phone-numbers/purchases", acquisition.PurchasesView.as_view(), name="number-purchases"),
    path("phone-numbers/<UUID:number_id>", phone_numbers.NumberView.as_view(), name="number"),
    path(
        "phone-numbers/<UUID:number_id>/retry",
        phone_numbers.RetryView.as_view(),
        name="number-retry",
    ),
    path(
        "phone-numbers/<UUID:number_id>/operations",
        phone_numbers.OperationsView.as_view(),
        name="number-operations",
    ),
    path(
        "phone-numbers/<UUID:number_id>/placements",
        placements.PlacementsView.as_view(),
        name="number-placements",
    ),
    path(
        "phone-numbers/<UUID:number_id>/merge-duplicates",
        placements.MergeDuplicatesView.as_view(),
        name="number-merge-duplicates",
    ),
    path("imports", import_jobs.ImportJobsView.as_view(), name="imports"),
    path("imports/<UUID:import_id>", import_jobs.ImportJobView.as_view(), name="import"),
    path(
        "imports/<UUID:import_id>/start",
        import_jobs.StartImportView.as_view(),
        name="import-start",
    ),
    path(
        "imports/<UUID:import_id>/readings",
        import_readings.ImportReadingsView.as_view(),
        name="import-readings",
    ),
    path("imports/<UUID:import_id>/stop", import_jobs.StopImportView.as_view(), name="import-stop"),
    path("imports/<UUID:import_id>/rows", import_jobs.ImportRowsView.as_view(), name="import-rows"),
    path("number-pools", pools.PoolsView.as_view(), name="number-pools"),
    path("number-pools/<UUID:pool_id>", pools.PoolView.as_view(), name="number-pool"),
    path("agents", agents.AgentsView.as_view(), name="agents"),
    path("agents/<str:agent_id>", agents.AgentView.as_view(), name="agent"),
]
