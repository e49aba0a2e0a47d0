"""Read-only admin pages of the ledger and the log of calls. A postponed operation can be retried at
once."""

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from integrations.ledger import history
from integrations.ledger.retry import CannotRetry, late_operations, retry_operation
from integrations.models import Operation, ProviderCall
from integrations.web.admin_pages import subject_admin_urls
from organizations.web.admin.base import (
    LogAdmin,
    admin_url,
    badge,
    format_admin_time,
    link_or_text,
    time_column,
)
from organizations.web.admin.row_actions import DetailField, RowAction

Status = Operation.Status
STATUS_COLORS = {"open": "info", "done": "success", "refused": "danger", "withdrawn": ""}
OUTCOME_COLORS = {
    "done": "success",
    "refused": "danger",
    "unavailable": "warning",
    "unknown": "warning",
}


class LateOperationFilter(SimpleListFilter):
    """Selects open operations that have been due for a minute without a worker: workers or
    dispatcher are behind or stopped."""

    title = gettext_lazy("lateness")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list:
        return [("yes", _("late"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return late_operations(queryset) if self.value() else queryset


@admin.register(Operation)
class OperationAdmin(LogAdmin):
    list_display = (
        "created",
        "subject_label",
        "wish_word",
        "status_badge",
        "short_reason",
        "attempts",
        "next_attempt",
        "integration_name",
        "organization_name",
    )
    list_display_links = ("created", "subject_label")
    list_select_related = ("integration", "organization")
    list_filter = (
        "status",
        "outcome",
        "wish",
        "subject_kind",
        LateOperationFilter,
        ("integration", AutocompleteSelectFilter),
        ("organization", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("subject_label__istartswith", "subject_id__iexact", "id__iexact")
    search_help_text = gettext_lazy("The subject by its beginning; ids in full.")
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("subject", "wish", "reason")}),
        (
            gettext_lazy("Attempts"),
            {"fields": ("attempts", "outcome", "next_attempt", "lease_until", "dispatched_at")},
        ),
        (
            gettext_lazy("Origin"),
            {
                "fields": (
                    "organization",
                    "integration",
                    "asked_by",
                    "request_id",
                    "created_at",
                    "settled_at",
                    "id",
                )
            },
        ),
        (
            gettext_lazy("What came of it"),
            {
                "fields": ("question", "refs", "result", "generation", "fence"),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("subject", "next_attempt")
    created = time_column("created_at", gettext_lazy("asked"))
    portal_page = ("operation", "operation_id")
    change_form_outer_after_template = "admin/includes/story.html"
    row_actions = (
        RowAction(
            "try",
            gettext_lazy("Try now"),
            retry_operation,
            refusals=(CannotRetry,),
            possible=lambda operation: operation.status == Status.OPEN,
            icon="replay",
        ),
    )

    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None):
        row = self.get_object(request, unquote(object_id))
        calls = history.calls_by_operation([row], 50).get(row.pk, []) if row else []
        extra_context = {**(extra_context or {}), "calls": calls}
        return super().change_view(request, object_id, form_url, extra_context)

    @display(description=gettext_lazy("status"), label=STATUS_COLORS, ordering="status")
    def status_badge(self, operation: Operation) -> tuple[str, str]:
        return operation.status, operation.get_status_display()

    def facts(self, request: HttpRequest, row: Operation) -> list[DetailField]:
        state = badge(row.get_status_display(), STATUS_COLORS[row.status])
        return [
            (_("Subject"), self.subject(row)),
            (_("Status"), state),
            (_("Held back"), history.wait_reason(row)),
            (_("Integration"), link_or_text(admin_url(row.integration), row.integration)),
            (_("Organization"), link_or_text(admin_url(row.organization), row.organization)),
        ]

    @display(description=gettext_lazy("wish"), ordering="wish")
    def wish_word(self, operation: Operation) -> str:
        return operation.get_wish_display()

    @display(description=gettext_lazy("next attempt"), ordering="next_attempt_at")
    def next_attempt(self, operation: Operation) -> SafeString | None:
        return (
            format_admin_time(operation.next_attempt_at)
            if operation.status == Status.OPEN
            else None
        )

    @display(description=gettext_lazy("integration"), ordering="integration__name")
    def integration_name(self, operation: Operation) -> SafeString | str:
        return link_or_text(admin_url(operation.integration), operation.integration.name)

    @display(description=gettext_lazy("reason"))
    def short_reason(self, operation: Operation) -> str:
        return Truncator(operation.reason).chars(80)

    @display(description=gettext_lazy("subject"))
    def subject(self, operation: Operation) -> SafeString | str:
        """Returns a link to the subject. For a query, which has no other subject, links to its
        integration."""
        kind, subject_id = operation.subject_kind, operation.subject_id
        if kind == operation.wish:
            kind, subject_id = "integration", operation.integration_id
        find = subject_admin_urls.get(kind)
        return link_or_text(find(subject_id) if find else "", operation.subject_label)


@admin.register(ProviderCall)
class ProviderCallAdmin(LogAdmin):
    """The admin of platform calls, which were redacted when they were recorded."""

    list_display = (
        "time",
        "method",
        "short_url",
        "answer",
        "duration_ms",
        "integration_name",
        "organization_name",
    )
    list_display_links = ("time", "short_url")
    list_select_related = ("integration", "organization")
    list_filter = (
        "method",
        ("integration", AutocompleteSelectFilter),
        ("organization", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("operation__subject_label__startswith", "operation__id__iexact", "url")
    fields = (
        "at",
        "organization",
        "integration",
        "operation",
        "attempt",
        "method",
        "url",
        "answer_text",
        "duration_ms",
        "request_text",
        "response_text",
        "error",
    )
    readonly_fields = ("answer_text", "request_text", "response_text")
    time = time_column("at", gettext_lazy("at"))

    @display(description=gettext_lazy("integration"), ordering="integration__name")
    def integration_name(self, call: ProviderCall) -> SafeString | str:
        return link_or_text(admin_url(call.integration), call.integration.name)

    @display(description=gettext_lazy("address"))
    def short_url(self, call: ProviderCall) -> str:
        return Truncator(call.url).chars(90)

    @display(
        description=gettext_lazy("answer"),
        label={"ok": "success", "refused": "warning", "failed": "danger"},
    )
    def answer(self, call: ProviderCall) -> tuple[str, str]:
        return classify_call_status(call), str(call.status or _("none"))

    @display(description=gettext_lazy("answer"))
    def answer_text(self, call: ProviderCall) -> SafeString:
        colours = {"ok": "success", "refused": "warning", "failed": "danger"}
        return badge(call.status or _("none"), colours[classify_call_status(call)])

    @display(description=gettext_lazy("request"))
    def request_text(self, call: ProviderCall) -> SafeString:
        return render_call_body(call.request_body)

    @display(description=gettext_lazy("response"))
    def response_text(self, call: ProviderCall) -> SafeString:
        return render_call_body(call.response_body)


def classify_call_status(call: ProviderCall) -> str:
    if call.status is None or call.status >= 500:
        return "failed"
    return "ok" if call.status < 400 else "refused"


def render_call_body(text: str) -> SafeString:
    return format_html('<pre class="pb-body">{}</pre>', text) if text else ""
