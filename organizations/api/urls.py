"""What every dialect of /v1 shares: the problem types, the schema and its reader."""

from django.urls import path

from organizations.api.problem_pages import problem_detail, problem_list

urlpatterns = [
    path("problems", problem_list, name="problems"),
    path("problems/<slug:slug>", problem_detail, name="problem"),
]
