"""Imports and bulk changes in the admin, read-only for operators, with their rows."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from numbers.models import Batch, BatchRow
from organizations.web.admin.base import (
    LogAdmin,
    ReadOnlyAdmin,
    admin_url,
    link_or_text,
    time_column,
)

STATE_COLOURS = {
    "checking": "info",
    "mapping": "warning",
    "ready": "warning",
    "running": "info",
    "done": "success",
    "stopped": "",
    "refused": "danger",
}
ROW_RESULT_COLOURS = {
    "done": "success",
    "failed": "danger",
    "error": "danger",
    "ambiguous": "warning",
}
BATCH_FIELDS = (
    "organization",
    "kind",
    "action",
    "options",
    "state",
    "reason",
    "rows_link",
    "done",
    "failed",
    "skipped",
    "actor_label",
    "undoes",
    "created_at",
    "started_at",
    "settled_at",
    "fence",
    "lease_until",
    "dispatched_at",
)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = (
        "title",
        "state_badge",
        "progress",
        "failed",
        "organization_name",
        "actor_label",
        "created",
    )
    list_select_related = ("organization",)
    list_filter = ("state", "kind", "action", ("organization", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("title", "organization__name", "id__iexact")
    fields = BATCH_FIELDS
    readonly_fields = ("rows_link",)
    event_kind = "batch"
    portal_page = ("batch", "batch_id")
    created = time_column("created_at", gettext_lazy("created"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        return super().get_queryset(request).defer("file", "layout")  # may be large

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="state")
    def state_badge(self, batch: Batch) -> tuple[str, str]:
        return batch.state, batch.get_state_display()

    @display(description=gettext_lazy("progress"))
    def progress(self, batch: Batch) -> str:
        return f"{batch.behind:,} / {batch.total:,}"

    @display(description=gettext_lazy("rows"))
    def rows_link(self, batch: Batch) -> SafeString:
        rows = reverse("admin:numbers_batchrow_changelist")
        return link_or_text(f"{rows}?batch__id__exact={batch.pk}", f"{batch.total:,}")


@admin.register(BatchRow)
class BatchRowAdmin(LogAdmin):
    list_display = ("line", "text", "fate_badge", "message", "batch_link", "organization_name")
    list_display_links = ("line", "text")
    list_select_related = ("organization", "batch")
    list_filter = ("fate",)
    search_fields = ("text__istartswith", "batch__id__exact")
    search_help_text = gettext_lazy("A number by its beginning; a batch's id in full.")
    fields = ("batch", "line", "text", "number_link", "fate", "message", "values", "before")
    readonly_fields = ("number_link",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BatchRow]:
        return super().get_queryset(request).defer("batch__file")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "batch__id__exact" or super().lookup_allowed(lookup, value, request)

    @display(description=gettext_lazy("fate"), label=ROW_RESULT_COLOURS, ordering="fate")
    def fate_badge(self, row: BatchRow) -> tuple[str, str]:
        return row.fate, row.get_fate_display()

    @display(description=gettext_lazy("batch"))
    def batch_link(self, row: BatchRow) -> SafeString | str:
        return link_or_text(admin_url(row.batch), row.batch)

    @display(description=gettext_lazy("phone number"))
    def number_link(self, row: BatchRow) -> SafeString | str:
        if not row.phone_number_id:
            return ""
        page = reverse("admin:numbers_phonenumber_change", args=[row.phone_number_id])
        return format_html('<a class="text-link" href="{}">{}</a>', page, row.text)
