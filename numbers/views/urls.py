"""URLs of the screens, below /o/<organization>/."""

from django.urls import URLPattern, path

from numbers.views.adding.add_single import AddNumberScreen
from numbers.views.adding.discover import DiscoveredScreen, DiscoverScreen
from numbers.views.adding.file_templates import AddTemplateScreen
from numbers.views.adding.hub import AddMethodsScreen
from numbers.views.adding.search import BuyScreen, ForSaleScreen, SearchScreen
from numbers.views.adding.sources import AddFileScreen, AddListScreen, AddRangeScreen
from numbers.views.agents import AddAgentScreen, AgentScreen, AgentsScreen, DeleteAgentScreen
from numbers.views.bulk import bulk_actions, column_views, jobs, reading_views, report
from numbers.views.dashboard import DashboardScreen, DismissOnboardingScreen, SandboxScreen
from numbers.views.listing.export import ExportScreen
from numbers.views.listing.number_list import NumbersScreen, StatusesScreen
from numbers.views.listing.saved_views import SavedViewScreen, SaveViewScreen
from numbers.views.number_actions import LabelScreen, NumberActionScreen
from numbers.views.number_detail import InspectScreen, NumberScreen
from numbers.views.number_edit import DeleteScreen, EditScreen

screens: list[URLPattern] = [
    path("", DashboardScreen.as_view(), name="dashboard"),
    path("sandbox/", SandboxScreen.as_view(), name="dashboard_sandbox"),
    path("started/", DismissOnboardingScreen.as_view(), name="dashboard_started"),
    path("numbers/", NumbersScreen.as_view(), name="numbers"),
    path("numbers/export/", ExportScreen.as_view(), name="numbers_export"),
    path("numbers/statuses/", StatusesScreen.as_view(), name="numbers_statuses"),
    path("numbers/views/", SaveViewScreen.as_view(), name="numbers_view_save"),
    path("numbers/views/<UUID:view_id>/", SavedViewScreen.as_view(), name="numbers_view"),
    path("numbers/one/", AddNumberScreen.as_view(), name="add_one"),
    path("numbers/<UUID:number_id>/", NumberScreen.as_view(), name="number"),
    path(
        "numbers/<UUID:number_id>/do/<slug:deed>/", NumberActionScreen.as_view(), name="number_do"
    ),
    path("numbers/<UUID:number_id>/label/", LabelScreen.as_view(), name="number_label"),
    path("numbers/<UUID:number_id>/look/", InspectScreen.as_view(), name="number_look"),
    path("numbers/<UUID:number_id>/edit/", EditScreen.as_view(), name="number_edit"),
    path("numbers/<UUID:number_id>/delete/", DeleteScreen.as_view(), name="number_delete"),
    path("add/", AddMethodsScreen.as_view(), name="add"),
    path("add/list/", AddListScreen.as_view(), name="add_list"),
    path("add/range/", AddRangeScreen.as_view(), name="add_range"),
    path("add/file/", AddFileScreen.as_view(), name="add_file"),
    path("add/file/numbers.<str:kind>", AddTemplateScreen.as_view(), name="add_template"),
    path("add/discover/", DiscoverScreen.as_view(), name="add_discover"),
    path(
        "add/discover/<UUID:operation_id>/", DiscoveredScreen.as_view(), name="add_discover_found"
    ),
    path("add/search/", SearchScreen.as_view(), name="add_search"),
    path("add/search/<UUID:operation_id>/", ForSaleScreen.as_view(), name="add_search_found"),
    path("add/search/<UUID:operation_id>/buy/", BuyScreen.as_view(), name="add_search_buy"),
    path("agents/", AgentsScreen.as_view(), name="agents"),
    path("agents/add/", AddAgentScreen.as_view(), name="agents_add"),
    path("agents/<UUID:agent_id>/", AgentScreen.as_view(), name="agent"),
    path("agents/<UUID:agent_id>/delete/", DeleteAgentScreen.as_view(), name="agent_delete"),
    path("batches/", jobs.BatchesScreen.as_view(), name="batches"),
    path("batches/propose/", bulk_actions.PreviewChangeScreen.as_view(), name="batches_propose"),
    path("batches/<UUID:batch_id>/", jobs.BatchScreen.as_view(), name="batch"),
    path(
        "batches/<UUID:batch_id>/columns/",
        column_views.ColumnsScreen.as_view(),
        name="batch_columns",
    ),
    path(
        "batches/<UUID:batch_id>/readings/",
        reading_views.ReadingsScreen.as_view(),
        name="batch_readings",
    ),
    path("batches/<UUID:batch_id>/start/", bulk_actions.StartScreen.as_view(), name="batch_start"),
    path("batches/<UUID:batch_id>/stop/", bulk_actions.StopScreen.as_view(), name="batch_stop"),
    path("batches/<UUID:batch_id>/undo/", bulk_actions.UndoScreen.as_view(), name="batch_undo"),
    path(
        "batches/<UUID:batch_id>/again/",
        bulk_actions.RetryFailedScreen.as_view(),
        name="batch_again",
    ),
    path(
        "batches/<UUID:batch_id>/report/",
        report.ReportScreen.as_view(),
        name="batch_report",
    ),
]
