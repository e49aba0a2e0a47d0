"""The audit log as a file."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.export_kinds import Kind, Options, Portion
from organizations.exports.rows import portions
from organizations.models import Event
from organizations.views.event_labels import changes_of
from organizations.views.events import filtered
from organizations.views.exports import AskingScreen


class EventsExport(Kind):
    """What the filter of the screen finds; the option `query` is the screen's query string."""

    permission = Permission.EVENTS_READ
    subject = "audit_log"

    def title(self, options: Options) -> str:
        return gettext_noop("Audit log")

    def file_name(self, options: Options) -> str:
        return "audit-log"

    def header(self, by: Principal, options: Options) -> list[str]:
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

    def total(self, by: Principal, options: Options) -> int:
        return found(by, options).count()

    def portions(self, by: Principal, options: Options, after: Any) -> Iterator[Portion]:
        for events in portions(found(by, options), "-pk", after):
            yield Portion([cells(event) for event in events], events[-1].pk)


def found(by: Principal, options: Options):
    _form, events = filtered(by.organization, QueryDict(options["query"]))
    return events


def cells(event: Event) -> list[object]:
    changes = "; ".join(
        f"{name}: {old or '–'} → {new or '–'}" for name, old, new in changes_of(event)
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


class EventsExportScreen(AskingScreen):
    permissions = {"POST": Permission.EVENTS_READ}

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.ask("audit_log", "csv", query=request.GET.urlencode())
