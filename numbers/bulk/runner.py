"""The runner of bulk jobs, which processes one slice of one job: it claims the job, checks or
executes rows, and releases it.

A row's change, its result and the job's counters are committed together, so each row is executed
exactly once, whatever process dies. Every write is fenced: a worker that lost the job, or finds it
stopped, rolls back its current row.
"""

import json
import logging
import time
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import override
from psycopg import errors

from integrations.ledger.leases import wake_dispatcher
from integrations.ledger.worker import call_advisory_lock
from numbers.bulk import selection
from numbers.bulk.actions import ROW_ACTIONS, Result
from numbers.bulk.imports import check as imports
from numbers.bulk.imports import column_mapping
from numbers.bulk.jobs import MAX_ROWS, BulkJobError, can_run_bulk_job
from numbers.bulk.preview import update_row_counts
from numbers.inventory.acquisition import NoUsableIntegration
from numbers.inventory.agents import AgentAssignmentConflict
from numbers.inventory.reservation import (
    CarrierUnavailable,
    NumberNotSupplied,
    NumberStateConflict,
    NumberTaken,
)
from numbers.models import Batch, BatchRow
from organizations.access import principals
from organizations.access.principals import Principal
from organizations.operations import record_event
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)

State = Batch.State
ROWS_PER_CHUNK = 500  # rows that are checked or read at once
MAX_CHECK_ATTEMPTS = 5  # a file that has ended its worker this often is refused
MAX_ROW_ATTEMPTS = 3  # a row that has ended its worker this often has failed
REFUSAL_ERRORS = (
    NumberStateConflict,
    NumberTaken,
    CarrierUnavailable,
    NumberNotSupplied,
    AgentAssignmentConflict,
    NoUsableIntegration,
)
LOCK_ERRORS = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled)
INSERT_ROWS_SQL = f"""
INSERT INTO {BatchRow._meta.db_table} (organization_id, batch_id,
  line, text, "values", before, phone_number_id, fate, message)
SELECT %s, %s, * FROM unnest(%s::int[], %s::text[], %s::jsonb[], %s::jsonb[], %s::uuid[],
  %s::text[], %s::text[])
"""
COUNTER_BY_RESULT = {Result.DONE: "done", Result.FAILED: "failed"}

CLAIM_SQL = """
UPDATE numbers_batch SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1,
  tries = tries + 1
WHERE id = %(id)s AND state IN ('checking', 'running')
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


class FencingTokenLost(Exception):
    """Raised if another worker has claimed the job, or a user has stopped it."""


def run_bulk_job(batch_id: UUID) -> Batch | None:
    """Runs one slice, from claim to release. Returns None if there was nothing to claim, or if the
    worker that has the job is still busy after its lease, because reading a file may take long."""
    if not call_advisory_lock("pg_try_advisory_lock", batch_id):
        return None
    try:
        with override("en"):
            return run_exclusive_slice(batch_id)
    finally:
        call_advisory_lock("pg_advisory_unlock", batch_id)


def run_exclusive_slice(batch_id: UUID) -> Batch | None:
    values = {"id": batch_id, "lease": settings.JOB_LEASE}
    with tenant_scope.all_organizations():
        batch = next(iter(Batch.objects.raw(CLAIM_SQL, values)), None)
    if batch is None:
        return None
    try:
        with tenant_scope.within(batch.organization_id):
            process_bulk_job(batch)
    except FencingTokenLost:
        logger.info("batch %s: stopped, or in other hands", batch.pk)
    return batch


def process_bulk_job(batch: Batch) -> None:
    by = find_bulk_job_requester(batch)
    if not can_run_bulk_job(by, batch):
        stop_unauthorized_bulk_job(batch)
    elif batch.state == State.CHECKING and batch.kind == Batch.Kind.CHANGE:
        select_change_rows(by, batch)
    elif batch.state == State.CHECKING:
        check_import(by, batch)
    else:
        execute_rows(batch, until=time.monotonic() + settings.BATCH_SLICE.total_seconds())


def find_bulk_job_requester(batch: Batch) -> Principal | None:
    """Returns the principal that requested the job, with its current permissions, or None."""
    return principals.reload_principal(batch.organization, batch.actor_kind, batch.actor_id)


def update_claimed_bulk_job(batch: Batch, **fields: Any) -> None:
    """Updates the claimed job and renews its lease; every write to a claimed job goes through here.
    Raises FencingTokenLost."""
    mine = Batch.objects.filter(pk=batch.pk, fence=batch.fence, state=batch.state)
    if not mine.update(**{"lease_until": Now() + settings.JOB_LEASE, **fields}):
        raise FencingTokenLost


def release_bulk_job(batch: Batch, **fields: Any) -> None:
    update_claimed_bulk_job(batch, lease_until=None, dispatched_at=None, tries=0, **fields)
    wake_dispatcher()


@transaction.atomic
def finish_bulk_job(batch: Batch, state: str, *, by: Principal, reason: str = "") -> None:
    release_bulk_job(batch, state=state, reason=reason, settled_at=Now(), file=None)
    batch.refresh_from_db(fields=["done", "failed", "skipped", "total"])
    counted = {name: getattr(batch, name) for name in ("total", "done", "failed", "skipped")}
    after = {**counted, **({"reason": reason} if reason else {})}
    word = "finished" if state == State.DONE else state
    record_event(by, f"batch.{word}", batch, kind="batch", label=batch.title, after=after)


def stop_unauthorized_bulk_job(batch: Batch) -> None:
    reason = _("%(who)s may not do this any more.") % {"who": batch.actor_label}
    finish_bulk_job(
        batch, State.STOPPED, by=principals.system_principal(batch.organization), reason=reason
    )


@transaction.atomic
def select_change_rows(by: Principal, batch: Batch) -> None:
    """Inserts the rows of a change that has too many numbers for a request."""
    update_claimed_bulk_job(batch)
    try:
        selection.insert_selected_rows(by, batch)
    except BulkJobError as error:
        finish_bulk_job(batch, State.REFUSED, by=by, reason=str(error))
    else:
        release_bulk_job(batch, state=State.READY)


# --- checking an import ---------------------------------------------------------------------------
def check_import(by: Principal, batch: Batch) -> None:
    """Checks an import, from the end of the last completed slice, even if a worker died during
    another."""
    try:
        if batch.tries > MAX_CHECK_ATTEMPTS:
            raise imports.UnreadableFile(_("Reading it took too long, or too much memory."))
        store_checked_rows(by, batch)
    except imports.UnreadableFile as error:
        finish_bulk_job(batch, State.REFUSED, by=by, reason=str(error))
    except (FencingTokenLost, OperationalError):
        raise
    except Exception:
        logger.exception("batch %s could not be checked", batch.pk)
        finish_bulk_job(
            batch, State.REFUSED, by=by, reason=_("Reading it failed, by an error of ours.")
        )


def store_checked_rows(by: Principal, batch: Batch) -> None:
    discard_rows_beyond_progress(batch)
    if "progress" not in batch.layout and examine_file_columns(batch):
        return release_bulk_job(batch, state=State.MAPPING)
    check = imports.ImportCheck(by, batch)
    found, rows, until = check.found, check.rows(), None
    while portion := list(islice(rows, ROWS_PER_CHUNK)):
        # Seeking to the first row does not count, or a slice might never get any further.
        until = until or time.monotonic() + settings.BATCH_SLICE.total_seconds()
        found += len(portion)
        if found > MAX_ROWS:
            raise imports.UnreadableFile(_("It has more than %(most)s rows.") % {"most": MAX_ROWS})
        store_row_chunk(batch, portion, found)
        if found == check.found and time.monotonic() >= until and has_waiting_organizations(batch):
            return release_bulk_job(batch, layout={**batch.layout, "progress": check.progress()})
    resolve_ambiguous_rows(batch, check)
    told = [*batch.options.get("notices", ()), *batch.layout.get("of_file", ())]
    complete_import_check(by, batch, [*told, *check.understanding.notices])
    return None


def examine_file_columns(batch: Batch) -> bool:
    """Stores what the columns of the file mean. Returns whether a user must confirm them first.
    Raises UnreadableFile."""
    if imports.has_request_rows(batch):
        return False
    examined = column_mapping.examine_import_file(
        batch.organization, bytes(batch.file), batch.options
    )
    store_file_layout(batch, examined)
    if examined.asks and not batch.options.get("ask"):
        raise imports.UnreadableFile(column_mapping.no_number_column_message(examined.layout))
    return examined.asks


def has_waiting_organizations(batch: Batch) -> bool:
    """Returns whether a job of another organization waits for a worker. Resuming a file costs time,
    so the job is not interrupted for others of its own organization."""
    waiting = Batch.objects.filter(state__in=[State.CHECKING, State.RUNNING], dispatched_at=None)
    with tenant_scope.all_organizations():
        return waiting.exclude(organization_id=batch.organization_id).exists()


def resolve_ambiguous_rows(batch: Batch, check: imports.ImportCheck) -> None:
    """Decides ambiguous rows by what the other rows have shown."""
    after = 0
    ambiguous = batch.rows.filter(fate=Result.AMBIGUOUS).order_by("line")
    while portion := list(ambiguous.filter(line__gt=after)[:ROWS_PER_CHUNK]):
        after = portion[-1].line
        with transaction.atomic():
            update_claimed_bulk_job(batch)
            written = ["fate", "message", "values", "phone_number_id"]
            BatchRow.objects.bulk_update(check.decided(portion), written)


def store_file_layout(batch: Batch, examined: column_mapping.ExaminedFile) -> None:
    """Stores the layout of the file, by which its rows are read from now on."""
    layout = column_mapping.serialize_file_layout(examined, first=batch.layout.get("first", ""))
    batch.layout = {**layout, "of_file": examined.notices}
    if examined.mapping is not None and not examined.asks:
        batch.options["mapping"] = examined.mapping
        batch.options["sheet"] = examined.layout.sheet
    update_claimed_bulk_job(batch, layout=batch.layout, options=batch.options)


@transaction.atomic
def discard_rows_beyond_progress(batch: Batch) -> None:
    """Discards rows beyond the progress, stored by a worker that died; they are read again."""
    progress = batch.layout.get("progress", {"found": 0, "line": 0, "behind": 0})
    update_claimed_bulk_job(batch, total=progress["found"], skipped=0)
    last = progress["line"] + progress["behind"]
    BatchRow.objects.filter(batch=batch, line__gt=last).delete()


@transaction.atomic
def store_row_chunk(batch: Batch, rows: list[BatchRow], found: int) -> None:
    update_claimed_bulk_job(batch, total=found)
    insert_checked_rows(batch, rows)


def insert_checked_rows(batch: Batch, rows: list[BatchRow]) -> None:
    """Inserts rows with one statement of arrays. Django's insert takes nearly as long as the rest
    of a preview, and COPY ignores row-level security."""
    columns = [
        [row.line for row in rows],
        [row.text for row in rows],
        [json.dumps(row.values) for row in rows],
        [json.dumps(row.before) for row in rows],
        [row.phone_number_id for row in rows],
        [row.fate for row in rows],
        [row.message for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ROWS_SQL, [batch.organization_id, batch.pk, *columns])


@transaction.atomic
def complete_import_check(by: Principal, batch: Batch, notices: list[str]) -> None:
    """Makes the job ready to be previewed and started, or starts it if the request said so."""
    notice = "\n".join(notices)
    layout = {n: value for n, value in batch.layout.items() if n not in ("progress", "of_file")}
    update_claimed_bulk_job(batch, reason=notice, layout={**layout, "notices": notices})
    update_row_counts(batch)
    has_questions = batch.rows.filter(fate=Result.AMBIGUOUS).exists()
    waits = has_questions or may_have_wrong_columns(batch)
    if not batch.left and not (waits and not batch.options.get("start")):
        reason = "\n".join(filter(None, (nothing_to_add_reason(batch), notice)))
        finish_bulk_job(batch, State.DONE, by=by, reason=reason)
    elif batch.options.get("start"):
        release_bulk_job(batch, state=State.RUNNING, started_at=Now(), file=None)
        record_event(by, "batch.started", batch, kind="batch", label=batch.title)
    else:
        # Keep the file, because columns or numbers may still be confirmed after a preview of the
        # rows.
        is_asked = has_questions or batch.options.get("ask")
        release_bulk_job(batch, state=State.READY, **({} if is_asked else {"file": None}))


def may_have_wrong_columns(batch: Batch) -> bool:
    """Returns whether every row of a file is wrong, so that its columns may be changed."""
    is_asked = bool(batch.options.get("ask") and batch.layout.get("columns") and batch.total)
    return is_asked and not batch.rows.exclude(fate=Result.ERROR).exists()


def nothing_to_add_reason(batch: Batch) -> str:
    if batch.total:
        return _("There is nothing to add: each row says why.")
    return _("There is no number in it.")


# --- executing rows -------------------------------------------------------------------------------
def execute_rows(batch: Batch, *, until: float) -> None:
    """Executes rows until the time is up or none is left. The requester's permissions are checked
    again for each chunk."""
    fail_crashing_row(batch)
    after = 0
    while time.monotonic() < until:
        by = find_bulk_job_requester(batch)
        if not can_run_bulk_job(by, batch):
            return stop_unauthorized_bulk_job(batch)
        todo = batch.rows.filter(fate=Result.TODO, line__gt=after).order_by("line")
        rows = list(todo[:ROWS_PER_CHUNK])
        if not rows:
            return finish_bulk_job(batch, State.DONE, by=by)
        for row in rows:
            execute_row(by, batch, row)
            after = row.line
            if time.monotonic() >= until:
                break
    release_bulk_job(batch)
    return None


def fail_crashing_row(batch: Batch) -> None:
    """Fails the row during which worker after worker has died."""
    if batch.tries > MAX_ROW_ATTEMPTS:
        row = batch.rows.filter(fate=Result.TODO).order_by("line").first()
        if row:
            row.message = _("Its worker ended in the midst of it, several times.")
            store_row_result(batch, row, Result.FAILED)


@transaction.atomic
def execute_row(by: Principal, batch: Batch, row: BatchRow) -> None:
    """Executes one row completely or not at all."""
    fate, row.message = attempt_row_action(by, batch, row)
    store_row_result(batch, row, fate)


@transaction.atomic(savepoint=False)
def store_row_result(batch: Batch, row: BatchRow, fate: str) -> None:
    row.fate = fate
    written = ("fate", "message", "values", "before", "phone_number_id")
    unseen = BatchRow.objects.filter(pk=row.pk, fate=Result.TODO)
    if not unseen.update(**{name: getattr(row, name) for name in written}):
        raise FencingTokenLost
    counter = COUNTER_BY_RESULT.get(row.fate, "skipped")
    update_claimed_bulk_job(batch, tries=1, **{counter: F(counter) + 1})


def attempt_row_action(by: Principal, batch: Batch, row: BatchRow) -> tuple[str, str]:
    """Returns the result of the row and its message."""
    try:
        with transaction.atomic():
            return ROW_ACTIONS[batch.action](by, batch, row) or Result.DONE, row.message
    except REFUSAL_ERRORS as error:
        return Result.FAILED, str(error)
    except ValidationError as error:
        return Result.FAILED, " ".join(error.messages)
    except ObjectDoesNotExist:
        return Result.FAILED, _("It is not there any more.")
    except OperationalError as error:
        if not isinstance(error.__cause__, LOCK_ERRORS):
            raise  # the database is unavailable: another worker resumes after the lease
        return Result.FAILED, _("Something else was changing it just then: try it again.")
    except Exception:
        logger.exception("batch %s, line %s", batch.pk, row.line)
        return Result.FAILED, _("An error of ours; the installation's log tells more.")
