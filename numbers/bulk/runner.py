"""One slice of one batch: claim it, check its rows or do them, let go.

A row's change, its fate and the batch's counters commit together, so that each row is done exactly
once, whatever is killed. Every write is fenced: who lost the batch, or finds it stopped, undoes the
row it is in.
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
from integrations.ledger.worker import locked
from numbers.bulk import selection
from numbers.bulk.actions import DOING, Fate
from numbers.bulk.imports import check as imports
from numbers.bulk.imports import column_mapping
from numbers.bulk.jobs import MOST_ROWS, CannotBatch, may
from numbers.bulk.preview import count
from numbers.inventory.acquisition import NoIntegration
from numbers.inventory.agents import NotAssigned
from numbers.inventory.reservation import NoCarrier, NotPossibleNow, NotSupplied, NumberTaken
from numbers.models import Batch, BatchRow
from organizations.access import principals
from organizations.access.principals import Principal
from organizations.operations import record
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)

State = Batch.State
PORTION = 500  # rows that are checked, or read, at once
MOST_CHECKS = 5  # a file that ends its worker as often is not tried again
MOST_TRIES = 3  # nor a row
REFUSALS = (NotPossibleNow, NumberTaken, NoCarrier, NotSupplied, NotAssigned, NoIntegration)
IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled)
INSERT = f"""
INSERT INTO {BatchRow._meta.db_table} (organization_id, batch_id,
  line, text, "values", before, phone_number_id, fate, message)
SELECT %s, %s, * FROM unnest(%s::int[], %s::text[], %s::jsonb[], %s::jsonb[], %s::uuid[],
  %s::text[], %s::text[])
"""
COUNTERS = {Fate.DONE: "done", Fate.FAILED: "failed"}

CLAIM = """
UPDATE numbers_batch SET lease_until = statement_timestamp() + %(lease)s, fence = fence + 1,
  tries = tries + 1
WHERE id = %(id)s AND state IN ('checking', 'running')
  AND coalesce(lease_until, '-infinity') < statement_timestamp()
RETURNING *
"""


class FenceLost(Exception):
    """Somebody else has claimed the batch since, or has stopped it."""


def run(batch_id: UUID) -> Batch | None:
    """One slice, from claim to release; None when there was nothing to claim, or who has it still
    works though the lease is over: reading a file may take long."""
    if not locked("pg_try_advisory_lock", batch_id):
        return None
    try:
        with override("en"):
            return run_alone(batch_id)
    finally:
        locked("pg_advisory_unlock", batch_id)


def run_alone(batch_id: UUID) -> Batch | None:
    values = {"id": batch_id, "lease": settings.JOB_LEASE}
    with tenant_scope.everything():
        batch = next(iter(Batch.objects.raw(CLAIM, values)), None)
    if batch is None:
        return None
    try:
        with tenant_scope.within(batch.organization_id):
            work(batch)
    except FenceLost:
        logger.info("batch %s: stopped, or in other hands", batch.pk)
    return batch


def work(batch: Batch) -> None:
    by = asker(batch)
    if not may(by, batch):
        lost_its_asker(batch)
    elif batch.state == State.CHECKING and batch.kind == Batch.Kind.CHANGE:
        select(by, batch)
    elif batch.state == State.CHECKING:
        check(by, batch)
    else:
        do_some(batch, until=time.monotonic() + settings.BATCH_SLICE.total_seconds())


def asker(batch: Batch) -> Principal | None:
    """With what they may do by now."""
    return principals.again(batch.organization, batch.actor_kind, batch.actor_id)


def keep(batch: Batch, **fields: Any) -> None:
    """The one way to write to a batch that is claimed. Raises FenceLost."""
    mine = Batch.objects.filter(pk=batch.pk, fence=batch.fence, state=batch.state)
    if not mine.update(**{"lease_until": Now() + settings.JOB_LEASE, **fields}):
        raise FenceLost


def let_go(batch: Batch, **fields: Any) -> None:
    keep(batch, lease_until=None, dispatched_at=None, tries=0, **fields)
    wake_dispatcher()


@transaction.atomic
def settle(batch: Batch, state: str, *, by: Principal, reason: str = "") -> None:
    let_go(batch, state=state, reason=reason, settled_at=Now(), file=None)
    batch.refresh_from_db(fields=["done", "failed", "skipped", "total"])
    counted = {name: getattr(batch, name) for name in ("total", "done", "failed", "skipped")}
    after = {**counted, **({"reason": reason} if reason else {})}
    word = "finished" if state == State.DONE else state
    record(by, f"batch.{word}", batch, kind="batch", label=batch.title, after=after)


def lost_its_asker(batch: Batch) -> None:
    reason = _("%(who)s may not do this any more.") % {"who": batch.actor_label}
    settle(batch, State.STOPPED, by=principals.system(batch.organization), reason=reason)


@transaction.atomic
def select(by: Principal, batch: Batch) -> None:
    """The rows of a change whose numbers are too many for a request."""
    keep(batch)
    try:
        selection.freeze(by, batch)
    except CannotBatch as error:
        settle(batch, State.REFUSED, by=by, reason=str(error))
    else:
        let_go(batch, state=State.READY)


# --- checking an import ---------------------------------------------------------------------------
def check(by: Principal, batch: Batch) -> None:
    """On from the last slice's end, even where somebody was killed in the middle of another."""
    try:
        if batch.tries > MOST_CHECKS:
            raise imports.Unreadable(_("Reading it took too long, or too much memory."))
        keep_rows(by, batch)
    except imports.Unreadable as error:
        settle(batch, State.REFUSED, by=by, reason=str(error))
    except (FenceLost, OperationalError):
        raise
    except Exception:
        logger.exception("batch %s could not be checked", batch.pk)
        settle(batch, State.REFUSED, by=by, reason=_("Reading it failed, by an error of ours."))


def keep_rows(by: Principal, batch: Batch) -> None:
    begin(batch)
    if "progress" not in batch.layout and examine(batch):
        return let_go(batch, state=State.MAPPING)
    check = imports.Check(by, batch)
    found, rows, until = check.found, check.rows(), None
    while portion := list(islice(rows, PORTION)):
        # Finding the way to the first of them is no part of the slice: it would not go on.
        until = until or time.monotonic() + settings.BATCH_SLICE.total_seconds()
        found += len(portion)
        if found > MOST_ROWS:
            raise imports.Unreadable(_("It has more than %(most)s rows.") % {"most": MOST_ROWS})
        keep_portion(batch, portion, found)
        if found == check.found and time.monotonic() >= until and others_wait(batch):
            return let_go(batch, layout={**batch.layout, "progress": check.progress()})
    decide(batch, check)
    told = [*batch.options.get("notices", ()), *batch.layout.get("of_file", ())]
    checked(by, batch, [*told, *check.understanding.notices])
    return None


def examine(batch: Batch) -> bool:
    """Whether somebody has to say first what the columns of a file mean. Raises Unreadable."""
    if imports.is_request(batch):
        return False
    examined = column_mapping.examine(batch.organization, bytes(batch.file), batch.options)
    keep_layout(batch, examined)
    if examined.asks and not batch.options.get("ask"):
        raise imports.Unreadable(column_mapping.numberless(examined.layout))
    return examined.asks


def others_wait(batch: Batch) -> bool:
    """For a slice, and in nobody's hands. Reading a file up to where it was left costs time, so it
    is not put aside for its own organization's others."""
    waiting = Batch.objects.filter(state__in=[State.CHECKING, State.RUNNING], dispatched_at=None)
    with tenant_scope.everything():
        return waiting.exclude(organization_id=batch.organization_id).exists()


def decide(batch: Batch, check: imports.Check) -> None:
    """Ambiguous rows, by what the other rows have shown."""
    after = 0
    ambiguous = batch.rows.filter(fate=Fate.AMBIGUOUS).order_by("line")
    while portion := list(ambiguous.filter(line__gt=after)[:PORTION]):
        after = portion[-1].line
        with transaction.atomic():
            keep(batch)
            written = ["fate", "message", "values", "phone_number_id"]
            BatchRow.objects.bulk_update(check.decided(portion), written)


def keep_layout(batch: Batch, examined: column_mapping.Examined) -> None:
    """The rows are read with it from now on."""
    layout = column_mapping.described(examined, first=batch.layout.get("first", ""))
    batch.layout = {**layout, "of_file": examined.notices}
    if examined.mapping is not None and not examined.asks:
        batch.options["mapping"] = examined.mapping
        batch.options["sheet"] = examined.layout.sheet
    keep(batch, layout=batch.layout, options=batch.options)


@transaction.atomic
def begin(batch: Batch) -> None:
    """What was kept beyond the progress, by a slice that was killed, is read again."""
    progress = batch.layout.get("progress", {"found": 0, "line": 0, "behind": 0})
    keep(batch, total=progress["found"], skipped=0)
    last = progress["line"] + progress["behind"]
    BatchRow.objects.filter(batch=batch, line__gt=last).delete()


@transaction.atomic
def keep_portion(batch: Batch, rows: list[BatchRow], found: int) -> None:
    keep(batch, total=found)
    insert_rows(batch, rows)


def insert_rows(batch: Batch, rows: list[BatchRow]) -> None:
    """In one statement of arrays: Django's takes nearly as long as all the rest of a preview, and
    COPY asks no policy."""
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
        cursor.execute(INSERT, [batch.organization_id, batch.pk, *columns])


@transaction.atomic
def checked(by: Principal, batch: Batch, notices: list[str]) -> None:
    """Ready for somebody to look at and start; a program may have asked to go on at once."""
    notice = "\n".join(notices)
    layout = {n: value for n, value in batch.layout.items() if n not in ("progress", "of_file")}
    keep(batch, reason=notice, layout={**layout, "notices": notices})
    count(batch)
    has_questions = batch.rows.filter(fate=Fate.AMBIGUOUS).exists()
    waits = has_questions or may_have_wrong_columns(batch)
    if not batch.left and not (waits and not batch.options.get("start")):
        reason = "\n".join(filter(None, (nothing_to_add(batch), notice)))
        settle(batch, State.DONE, by=by, reason=reason)
    elif batch.options.get("start"):
        let_go(batch, state=State.RUNNING, started_at=Now(), file=None)
        record(by, "batch.started", batch, kind="batch", label=batch.title)
    else:
        # Whoever is asked about columns or numbers may answer after a look at the rows.
        is_asked = has_questions or batch.options.get("ask")
        let_go(batch, state=State.READY, **({} if is_asked else {"file": None}))


def may_have_wrong_columns(batch: Batch) -> bool:
    """Whether every row of a file is wrong, whose columns can be changed then."""
    is_asked = bool(batch.options.get("ask") and batch.layout.get("columns") and batch.total)
    return is_asked and not batch.rows.exclude(fate=Fate.ERROR).exists()


def nothing_to_add(batch: Batch) -> str:
    if batch.total:
        return _("There is nothing to add: each row says why.")
    return _("There is no number in it.")


# --- doing the rows -------------------------------------------------------------------------------
def do_some(batch: Batch, *, until: float) -> None:
    """Until the time is up, or nothing is left. Who asked is looked up for each portion."""
    give_up_on_row(batch)
    after = 0
    while time.monotonic() < until:
        by = asker(batch)
        if not may(by, batch):
            return lost_its_asker(batch)
        todo = batch.rows.filter(fate=Fate.TODO, line__gt=after).order_by("line")
        rows = list(todo[:PORTION])
        if not rows:
            return settle(batch, State.DONE, by=by)
        for row in rows:
            do(by, batch, row)
            after = row.line
            if time.monotonic() >= until:
                break
    let_go(batch)
    return None


def give_up_on_row(batch: Batch) -> None:
    """The one in which its workers end, one after the other."""
    if batch.tries > MOST_TRIES:
        row = batch.rows.filter(fate=Fate.TODO).order_by("line").first()
        if row:
            row.message = _("Its worker ended in the midst of it, several times.")
            finish(batch, row, Fate.FAILED)


@transaction.atomic
def do(by: Principal, batch: Batch, row: BatchRow) -> None:
    """All of it, or nothing."""
    fate, row.message = attempt(by, batch, row)
    finish(batch, row, fate)


@transaction.atomic(savepoint=False)
def finish(batch: Batch, row: BatchRow, fate: str) -> None:
    row.fate = fate
    written = ("fate", "message", "values", "before", "phone_number_id")
    unseen = BatchRow.objects.filter(pk=row.pk, fate=Fate.TODO)
    if not unseen.update(**{name: getattr(row, name) for name in written}):
        raise FenceLost
    counter = COUNTERS.get(row.fate, "skipped")
    keep(batch, tries=1, **{counter: F(counter) + 1})


def attempt(by: Principal, batch: Batch, row: BatchRow) -> tuple[str, str]:
    """The row's fate, and the sentence to it."""
    try:
        with transaction.atomic():
            return DOING[batch.action](by, batch, row) or Fate.DONE, row.message
    except REFUSALS as error:
        return Fate.FAILED, str(error)
    except ValidationError as error:
        return Fate.FAILED, " ".join(error.messages)
    except ObjectDoesNotExist:
        return Fate.FAILED, _("It is not there any more.")
    except OperationalError as error:
        if not isinstance(error.__cause__, IN_THE_WAY):
            raise  # no database: the lease ends, and somebody goes on
        return Fate.FAILED, _("Something else was changing it just then: try it again.")
    except Exception:
        logger.exception("batch %s, line %s", batch.pk, row.line)
        return Fate.FAILED, _("An error of ours; the installation's log tells more.")
