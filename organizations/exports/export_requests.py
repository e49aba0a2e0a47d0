"""The asker's half: ask for an export, see one's own, read its file, let it go."""

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
from organizations.exports.export_kinds import kind_of
from organizations.models import Export, ExportPart
from organizations.operations import record

KEPT = timedelta(hours=24)
MOST = 10  # of one person in one organization; each may be large


class CannotExport(Exception):
    """The export cannot be asked for; the text says why."""


@transaction.atomic
def ask(by: Principal, kind: str, *, format: str, options: Mapping[str, Any]) -> Export:
    """An export in state `waiting`, in the language and the zone of now. Raises PermissionDenied
    and CannotExport."""
    if not by.can(kind_of(kind).permission):
        raise PermissionDenied(_("Your role does not allow this."))
    if own(by).count() >= MOST:
        most = {"most": MOST}
        raise CannotExport(_("You have %(most)s exports. Delete one of them first.") % most)
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
        expires_at=Now() + KEPT,
    )
    tell(by, export)
    return export


def tell(by: Principal, export: Export) -> None:
    """One line in the audit log, with what was asked for."""
    kind = kind_of(export.kind)
    after = {"format": export.format, **export.options}
    label = kind.title(export.options)
    action = f"{kind.subject}.exported"
    record(by, action, export, kind="export", label=label, after=after)


def own(by: Principal) -> QuerySet[Export]:
    """Those of whoever asks, newest first; nobody else sees them."""
    mine = by.organization.exports.filter(actor_kind=by.kind, actor_id=by.id)
    return mine.filter(expires_at__gt=Now()).order_by("-created_at", "-id")


def delete(by: Principal, export_id: UUID) -> None:
    """Also while it is being made: its worker finds nothing to write to. Raises DoesNotExist."""
    own(by).get(pk=export_id).delete()


def file_of(export: Export) -> Iterator[bytes]:
    """Part after part, each by a query of its own."""
    positions = ExportPart.objects.filter(export=export).order_by("position")
    for position in list(positions.values_list("position", flat=True)):
        part = ExportPart.objects.filter(export=export, position=position).first()
        if part is None:  # it has expired on the way: the file must not look whole
            raise ConnectionAbortedError
        yield bytes(part.data)
