"""Exports, read-only: who requested them, their size and their result. The files are not shown."""

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from organizations.models import Export
from organizations.web.admin.base import LogAdmin, time_column


@admin.register(Export)
class ExportAdmin(LogAdmin):
    list_display = ("kind", "format", "state", "actor_label", "organization_name", "size", "asked")
    list_select_related = ("organization",)
    list_filter = ("state", "kind", "format")
    ordering = ("-created_at",)
    event_kind = "export"
    fields = (
        *("organization", "kind", "format", "options", "state", "reason", "actor_label"),
        *("total", "done", "size", "parts_written", "created_at", "settled_at", "expires_at"),
    )
    readonly_fields = ("parts_written",)
    asked = time_column("created_at", gettext_lazy("asked for"))

    @display(description=gettext_lazy("parts of the file"))
    def parts_written(self, export: Export) -> int:
        return export.parts.count()
