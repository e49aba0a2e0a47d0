"""What every part of /v1 shares: the problem types, the schema and its reader."""

from django.urls import path

from organizations.api.problem_pages import problem_detail, problem_list
from organizations.api.schema_views import DocsView, SchemaView

urlpatterns = [
    path("problems", problem_list, name="problems"),
    path("problems/<slug:slug>", problem_detail, name="problem"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(url_name="schema"), name="docs"),
]
