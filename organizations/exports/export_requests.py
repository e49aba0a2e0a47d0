"""Export requests: request an export, list one's own, read the file, delete the export."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from organizations.access.principals import Principal
from organizations.exports.export_kinds import get_export_kind
from organizations.models import Export, ExportPart
from organizations.operations import record_event

EXPORT_RETENTION = timedelta(hours=24)
MAX_EXPORTS = 10  # of one person in one organization, because each may be large


class ExportRefused(Exception):
    """The export cannot be requested; the text says why."""


@transaction.atomic
def request_export(by: Principal, kind: str, *, format: str, options: Mapping[str, Any]) -> Export:
    """Creates an export in state `waiting`, in the current language and time zone. Raises
    PermissionDenied and ExportRefused."""
    if not by.can(get_export_kind(kind).permission):
        raise PermissionDenied(_("Your role does not allow this."))
    if own_exports(by).count() >= MAX_EXPORTS:
        most = {"most": MAX_EXPORTS}
        raise ExportRefused(_("You have %(most)s exports. Delete one of them first.") % most)
    export = Export.objects.create(
        organization=by.organization,
        kind=kind,
        format=format,
        options=dict(options),
        language=translation.get_language() or "en",
        zone=timezone.get_current_timezone_name(),
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label[:200],
        expires_at=Now() + EXPORT_RETENTION,
    )
    record_export_request(by, export)
    return export


def record_export_request(by: Principal, export: Export) -> None:
    """Records the request, with its options, in the audit log."""
    kind = get_export_kind(export.kind)
    after = {"format": export.format, **export.options}
    label = kind.title(export.options)
    action = f"{kind.subject}.exported"
    record_event(by, action, export, kind="export", label=label, after=after)


def own_exports(by: Principal) -> QuerySet[Export]:
    """Returns the caller's own exports, newest first. Nobody else sees them."""
    mine = by.organization.exports.filter(actor_kind=by.kind, actor_id=by.id)
    return mine.filter(expires_at__gt=Now()).order_by("-created_at", "-id")


def delete_export(by: Principal, export_id: UUID) -> None:
    """Deletes an export of the caller, even while a worker writes it: the worker then finds no row
    to update. Raises DoesNotExist."""
    own_exports(by).get(pk=export_id).delete()


def stream_export_file(export: Export) -> Iterator[bytes]:
    """Yields the file part by part, each with a query of its own. Raises ConnectionAbortedError if
    the export expires meanwhile."""
    positions = ExportPart.objects.filter(export=export).order_by("position")
    for position in list(positions.values_list("position", flat=True)):
        part = ExportPart.objects.filter(export=export, position=position).first()
        if part is None:  # expired meanwhile: the file must not look complete
            raise ConnectionAbortedError
        yield bytes(part.data)
