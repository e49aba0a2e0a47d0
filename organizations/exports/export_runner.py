"""The worker's part of exports: one slice of one export, from claim to release.

The rows of a slice, the position after them and the counters are committed together, so that each
row is in the file exactly once, whatever is killed.
"""

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from organizations.access import principals
from organizations.access.principals import Principal
from organizations.exports.export_kinds import ExportKind, get_export_kind
from organizations.exports.export_requests import EXPORT_RETENTION
from organizations.exports.file_formats import BYTE_ORDER_MARK, encode_csv, write_workbook
from organizations.models import Export, ExportPart
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)

State = Export.State
MAX_TRIES = 3  # a slice that ended its worker this often is not retried
PART_SIZE = 1_000_000  # bytes of an Excel file

CLAIM_EXPORT = """
UPDATE organizations_export SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1,
  tries = tries + 1, state = 'running'
WHERE id = %(id)s AND state IN ('waiting', 'running')
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


class ExportLeaseLost(Exception):
    """Another worker has claimed the export since, or the export was deleted."""


def run_export_slice(export_id: UUID) -> Export | None:
    """Claims the export, runs one slice of it and returns the export. Returns None if there was
    nothing to claim."""
    values = {"id": export_id, "lease": settings.JOB_LEASE}
    with tenant_scope.all_organizations():
        export = next(iter(Export.objects.raw(CLAIM_EXPORT, values)), None)
    if export is None:
        return None
    reader = translation.override(export.language), timezone.override(export.zone)
    try:
        with tenant_scope.within(export.organization_id), reader[0], reader[1]:
            run_claimed_export(export)
    except ExportLeaseLost:
        logger.info("export %s is in other hands, or deleted", export.pk)
    return export


def run_claimed_export(export: Export) -> None:
    by = principals.reload_principal(export.organization, export.actor_kind, export.actor_id)
    kind = get_export_kind(export.kind)
    if by is None or not by.can(kind.permission):
        fail_export(
            export, gettext_noop("The requester no longer has permission to read this data.")
        )
    elif export.tries > MAX_TRIES:
        fail_export(export, gettext_noop("Its worker ended in the midst of it, several times."))
    else:
        write_export_slice(by, kind, export)


def write_export_slice(by: Principal, kind: ExportKind, export: Export) -> None:
    try:
        if export.format == Export.Format.CSV:
            write_csv_slice(by, kind, export)
        else:
            write_excel_file(by, kind, export)
    except (ExportLeaseLost, OperationalError):  # without a database, the lease expires
        raise
    except Exception:
        logger.exception("export %s could not be written", export.pk)
        fail_export(export, gettext_noop("An error of ours; the installation's log tells more."))


def write_csv_slice(by: Principal, kind: ExportKind, export: Export) -> None:
    """Writes CSV parts until the slice's time is over or all rows are written."""
    until = time.monotonic() + settings.BATCH_SLICE.total_seconds()
    position = export.parts.count()
    if not position:
        first = BYTE_ORDER_MARK + encode_csv([kind.header(by, export.options)], str)
        save_export_part(export, 0, first, total=kind.total(by, export.options))
        position = 1
    for portion in kind.portions(by, export.options, export.place):
        data = encode_csv(portion.rows, kind.cell)
        done = export.done + len(portion.rows)
        save_export_part(export, position, data, done=done, place=portion.place)
        position += 1
        if time.monotonic() > until:
            return update_claimed_export(export, lease_until=None, dispatched_at=None, tries=0)
    return finish_export(export)


def write_excel_file(by: Principal, kind: ExportKind, export: Export) -> None:
    """Writes the whole workbook at once, because a workbook cannot be continued later. The kinds of
    export limit its length."""
    restart_export(export, total=kind.total(by, export.options))
    with tempfile.TemporaryFile() as file:
        rows = iterate_counted_rows(by, kind, export)
        write_workbook(kind.header(by, export.options), rows, file)
        file.seek(0)
        for position in count():
            if not (data := file.read(PART_SIZE)):
                break
            save_export_part(export, position, data)
    finish_export(export)


def iterate_counted_rows(
    by: Principal, kind: ExportKind, export: Export
) -> Iterator[Sequence[object]]:
    for portion in kind.portions(by, export.options, None):
        yield from portion.rows
        update_claimed_export(export, done=export.done + len(portion.rows))


@transaction.atomic
def restart_export(export: Export, **fields: Any) -> None:
    update_claimed_export(export, done=0, size=0, **fields)
    ExportPart.objects.filter(export=export).delete()


@transaction.atomic
def save_export_part(export: Export, position: int, data: bytes, **fields: Any) -> None:
    update_claimed_export(export, size=export.size + len(data), tries=1, **fields)
    whose = {"organization_id": export.organization_id, "export": export}
    ExportPart.objects.create(**whose, position=position, data=data)


def update_claimed_export(export: Export, **fields: Any) -> None:
    """Updates a claimed export. This is the only way to write to one. Raises ExportLeaseLost."""
    mine = Export.objects.filter(pk=export.pk, fence=export.fence, state=State.RUNNING)
    if not mine.update(**{"lease_until": Now() + settings.JOB_LEASE, **fields}):
        raise ExportLeaseLost
    for name in fields.keys() & {"done", "size", "total", "place"}:
        setattr(export, name, fields[name])


def finish_export(export: Export) -> None:
    settled = {"state": State.DONE, "settled_at": Now(), "expires_at": Now() + EXPORT_RETENTION}
    update_claimed_export(export, lease_until=None, **settled)


@transaction.atomic
def fail_export(export: Export, reason: str) -> None:
    settled = {"state": State.FAILED, "settled_at": Now(), "reason": reason, "size": 0}
    update_claimed_export(export, lease_until=None, **settled)
    ExportPart.objects.filter(export=export).delete()
