from django.urls import path

from numbers.api import agents, import_jobs, import_readings, imports, placements, pools, v1

urlpatterns = [
    path("phone-numbers", v1.NumbersView.as_view(), name="numbers"),
    path("phone-numbers/import", imports.ImportView.as_view(), name="number-import"),
    path("phone-numbers/purchases", imports.PurchasesView.as_view(), name="number-purchases"),
    path("phone-numbers/<UUID:number_id>", v1.NumberView.as_view(), name="number"),
    path("phone-numbers/<UUID:number_id>/retry", v1.RetryView.as_view(), name="number-retry"),
    path(
        "phone-numbers/<UUID:number_id>/operations",
        v1.OperationsView.as_view(),
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
