"""Remembered column mappings in the admin, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from numbers.models import ColumnMapping
from organizations.web.admin.base import ReadOnlyAdmin, time_column


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "organization_name", "sheet", "updated_by", "updated")
    list_select_related = ("organization",)
    search_fields = ("organization__name",)
    fields = ("organization", "headings", "mapping", "sheet", "updated_by", "updated_at")
    ordering = ("-updated_at",)
    updated = time_column("updated_at", gettext_lazy("updated"))
