"""The audit log as an exported file."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import ExportChunk, ExportKind, ExportOptions
from organizations.exports.rows import iterate_row_chunks
from organizations.models import Event
from organizations.views.events import filter_event_list
from organizations.web.views.event_labels import event_field_changes
from organizations.web.views.exports import ExportRequestScreen


class EventsExport(ExportKind):
    """Exports what the screen's filter finds. The option `query` is the screen's query string."""

    permission = Permission.EVENTS_READ
    subject = "audit_log"

    def title(self, options: ExportOptions) -> str:
        return gettext_noop("Audit log")

    def file_name(self, options: ExportOptions) -> str:
        return "audit-log"

    def header(self, by: Principal, options: ExportOptions) -> list[str]:
        return [
            _("Time (UTC)"),
            _("Who"),
            _("By"),
            _("Action"),
            _("What"),
            _("Named"),
            _("Subject id"),
            _("Changes"),
            _("Request id"),
            _("Address"),
            _("Outcome"),
        ]

    def total(self, by: Principal, options: ExportOptions) -> int:
        return filter_exported_events(by, options).count()

    def portions(self, by: Principal, options: ExportOptions, after: Any) -> Iterator[ExportChunk]:
        for events in iterate_row_chunks(filter_exported_events(by, options), "-pk", after):
            yield ExportChunk([event_cells(event) for event in events], events[-1].pk)


def filter_exported_events(by: Principal, options: ExportOptions):
    _form, events = filter_event_list(by.organization, QueryDict(options["query"]))
    return events


def event_cells(event: Event) -> list[object]:
    changes = "; ".join(
        f"{name}: {old or '–'} → {new or '–'}" for name, old, new in event_field_changes(event)
    )
    return [
        event.at.isoformat(timespec="seconds"),
        event.actor_label,
        event.actor_kind,
        event.action,
        event.subject_kind,
        event.subject_label,
        event.subject_id,
        changes,
        event.request_id,
        event.client_address,
        event.outcome,
    ]


class EventsExportScreen(ExportRequestScreen):
    permissions = {"POST": Permission.EVENTS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.ask("audit_log", "csv", query=request.GET.urlencode())
