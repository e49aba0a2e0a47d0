"""Saved views in the admin, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from numbers.models import SavedView
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "organization_name", "query", "created")
    list_select_related = ("organization", "user")
    search_fields = ("name", "organization__name")
    event_kind = "saved_view"
    created = time_column("created_at", gettext_lazy("created"))
