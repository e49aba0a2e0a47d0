"""Requests to create, start, stop, undo and retry bulk jobs."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from integrations.ledger.leases import wake_dispatcher
from numbers.bulk import preview
from numbers.bulk.imports.options import import_text_error
from numbers.bulk.preview import SelectedNumbers
from numbers.models import Batch, PhoneNumber
from organizations.access import quotas
from organizations.access.principals import Principal
from organizations.access.quotas import Quota, QuotaExceeded
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.operations import record_event
from organizations.text.rules import trim_text

State, Kind = Batch.State, Batch.Kind

MAX_ROWS = 100_000
MAX_SYNCHRONOUS_ROWS = 1_000  # rows selected within a request; a worker selects more
IMPORT = "import"
CHANGE_ACTIONS = ("activate", "deactivate", "label", "assign", "retry", "delete")
REQUIRED_PERMISSIONS = {
    **dict.fromkeys(CHANGE_ACTIONS, Permission.PHONE_NUMBERS_UPDATE),
    "delete": Permission.PHONE_NUMBERS_DELETE,
    IMPORT: Permission.PHONE_NUMBERS_CREATE,
}
INVERSE_ACTIONS = {
    "label": "label",
    "assign": "assign",
    "activate": "deactivate",
    "deactivate": "activate",
}
TITLE_LENGTH = Batch._meta.get_field("title").max_length


class BulkJobError(Exception):
    """Raised if a bulk job cannot be created, started, stopped, undone or retried; the message says
    why."""


def can_run_bulk_job(by: Principal | None, batch: Batch) -> bool:
    """Returns whether `by` may run the job. Whoever requested it may have left the organization
    (None) or lost permissions."""
    return by is not None and by.can(REQUIRED_PERMISSIONS[batch.action])


@transaction.atomic
def create_change_job(
    by: Principal,
    *,
    action: str,
    options: Mapping[str, Any],
    numbers: QuerySet[PhoneNumber],
    query: str | None = None,
) -> Batch:
    """Creates a job in state `ready` over the selected numbers, each with its expected result;
    nothing changes before `start_bulk_job`. `query` is the query string of the list that shows
    exactly these numbers. If they are many, the job starts in state `checking`, and a worker
    selects them.

    `options` are `label` or `agent_id`, which None clears, and `release` for a deletion, which
    releases numbers that an account owns. Returns the job. Raises BulkJobError.
    """
    if action not in CHANGE_ACTIONS:
        raise BulkJobError(_("There is no such change."))
    wish = validate_change_values(by, action, options)
    chosen = by.organization.phone_numbers.filter(pk__in=numbers.values("pk"))[: MAX_ROWS + 1]
    ensure_selection_size(count := chosen.count())
    title, options = bulk_job_title(action, wish | agent_title_values(by, wish)), dict(options)
    if query is None or count <= MAX_SYNCHRONOUS_ROWS:
        made = create_bulk_job(by, Kind.CHANGE, action, title, options, State.READY)
        return fill_bulk_job(by, made, preview.select_numbers(chosen, wish))
    options |= {"query": query, "zone": timezone.get_current_timezone_name()}
    return queue_bulk_job(
        by, create_bulk_job(by, Kind.CHANGE, action, title, options, State.CHECKING)
    )


def ensure_selection_size(count: int) -> None:
    if not count:
        raise BulkJobError(_("No number is selected."))
    if count > MAX_ROWS:
        raise BulkJobError(
            _("More than %(most)s numbers are selected; do it in parts, for example by carrier.")
            % {"most": f"{MAX_ROWS:,}"}
        )


def validate_change_values(
    by: Principal, action: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the values that each row is to get. Raises BulkJobError."""
    if action == "label":
        label = trim_text(options.get("label") or "") or None
        if wrong := import_text_error("label", label or ""):
            raise BulkJobError(wrong)
        return {"label": label}
    if action == "assign":
        agent_id = trim_text(options.get("agent_id") or "") or None
        if wrong := import_text_error("agent_id", agent_id or ""):
            raise BulkJobError(wrong)
        if agent_id and not by.organization.agents.filter(agent_id=agent_id).exists():
            raise BulkJobError(_("There is no agent %(id)s.") % {"id": agent_id})
        return {"agent_id": agent_id}
    return {}


def agent_title_values(by: Principal, wish: Mapping[str, Any]) -> dict[str, str]:
    """Returns the agent's name for the title, because people know agents by name."""
    named = by.organization.agents.filter(agent_id=wish.get("agent_id")).first()
    return {"agent_id": named.name} if named else {}


def bulk_job_title(action: str, wish: Mapping[str, Any]) -> str:
    """Returns the title in English, like every text stored in a job; screens translate it."""
    words = {
        "activate": gettext_noop("Activate numbers"),
        "deactivate": gettext_noop("Deactivate numbers"),
        "label": gettext_noop("Label numbers “%(label)s”")
        if wish.get("label")
        else gettext_noop("Remove labels"),
        "assign": gettext_noop("Assign numbers to agent %(agent_id)s")
        if wish.get("agent_id")
        else gettext_noop("Unassign numbers from their agents"),
        "retry": gettext_noop("Try numbers again"),
        "delete": gettext_noop("Delete numbers"),
    }
    return words[action] % wish


def create_bulk_job(
    by: Principal, kind: str, action: str, title: str, options: dict[str, Any], state: str, **more
) -> Batch:
    batch = Batch(
        organization=by.organization,
        kind=kind,
        action=action,
        title=title[:TITLE_LENGTH],
        options=options,
        state=state,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label[:200],
        **more,
    )
    if not can_run_bulk_job(by, batch):
        raise PermissionDenied(_("Your role does not allow this."))
    batch.save(force_insert=True)
    return batch


def fill_bulk_job(by: Principal, batch: Batch, chosen: SelectedNumbers) -> Batch:
    preview.insert_preview_rows(batch, chosen)
    record_bulk_job_event(
        by, batch, "proposed", {"action": batch.action, "total": batch.total, **batch.options}
    )
    return batch


def queue_bulk_job(by: Principal, batch: Batch) -> Batch:
    """Queues the job for a worker, which fills it."""
    record_bulk_job_event(by, batch, "proposed", {"action": batch.action, **batch.options})
    wake_dispatcher()
    return batch


def fill_or_queue_job(by: Principal, batch: Batch, chosen: SelectedNumbers, rows: int) -> Batch:
    """Fills the job at once, or queues it for a worker if it has many rows."""
    if rows <= MAX_SYNCHRONOUS_ROWS:
        return fill_bulk_job(by, batch, chosen)
    batch.state = State.CHECKING
    batch.save(update_fields=["state"])
    return queue_bulk_job(by, batch)


@transaction.atomic
def create_import_job(
    by: Principal,
    *,
    title: str,
    options: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]] = (),
    file: bytes | None = None,
) -> Batch:
    """Creates a job in state `checking` over `rows` (number, label, …) or a CSV or Excel file,
    which a worker reads. The option `start` starts the job without a preview; `ask` makes it wait
    until a user confirms columns that are uncertain. Returns the job. Raises BulkJobError."""
    given, whole = "file", file
    if file is None:
        listed = list(rows)
        if not listed:
            raise BulkJobError(_("There is nothing to import."))
        if len(listed) > MAX_ROWS:
            most = {"most": f"{MAX_ROWS:,}"}
            raise BulkJobError(_("At most %(most)s rows are taken in at once.") % most)
        given, whole = "rows", json.dumps(listed).encode()
    options = {**options, "given": given}
    claim_import_quota(by)
    batch = create_bulk_job(by, Kind.IMPORT, IMPORT, title, options, State.CHECKING, file=whole)
    record_bulk_job_event(by, batch, "proposed", {"action": IMPORT})
    wake_dispatcher()
    return batch


def claim_import_quota(by: Principal) -> None:
    """Raises BulkJobError if the organization has reached its quota of open imports or stored
    rows."""
    try:
        quotas.ensure_quota(by.organization, "open_imports")
        quotas.ensure_quota(by.organization, "import_rows", 0)
    except QuotaExceeded as error:
        raise BulkJobError(" ".join(error.messages)) from error


def count_open_imports(organization: Organization) -> int:
    states = [State.CHECKING, State.MAPPING, State.READY, State.RUNNING]
    return organization.batches.filter(kind=Kind.IMPORT, state__in=states).count()


def count_stored_rows(organization: Organization) -> int:
    """Returns the number of rows of all jobs whose rows are still stored."""
    kept = Q(settled_at=None) | Q(settled_at__gt=Now() - settings.BATCH_RETENTION)
    total = organization.batches.filter(kept).aggregate(rows=Sum("total"))
    return total["rows"] or 0


QUOTAS = (
    Quota("open_imports", gettext_lazy("open imports"), 200, count_open_imports),
    Quota("import_rows", gettext_lazy("stored rows of imports"), 2_000_000, count_stored_rows),
)


def lock_bulk_job(by: Principal, batch_id: UUID) -> Batch:
    """Locks and returns the job. Raises DoesNotExist and PermissionDenied."""
    batch = by.organization.batches.select_for_update().defer("file").get(pk=batch_id)
    if not can_run_bulk_job(by, batch):
        raise PermissionDenied(_("Your role does not allow this."))
    return batch


@transaction.atomic
def start_bulk_job(by: Principal, batch_id: UUID, *, release: bool | None = None) -> Batch:
    """Starts a `ready` job, which runs in the name of whoever starts it. `release` overrides this
    option of a deletion. Returns the job. Raises BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state in (State.RUNNING, State.DONE):
        return batch  # the form was submitted twice
    if batch.state != State.READY:
        state = {"state": batch.get_state_display()}
        raise BulkJobError(_("It cannot be started: it is %(state)s.") % state)
    if not batch.left:
        raise BulkJobError(_("There is nothing to do in it."))
    if release is not None and batch.action == "delete":
        batch.options["release"] = release
    batch.state, batch.file = State.RUNNING, None
    batch.started_at, batch.dispatched_at = Now(), None
    set_bulk_job_actor(by, batch)
    batch.save(update_fields=START_FIELDS)
    batch.refresh_from_db(fields=["started_at"])
    record_bulk_job_event(by, batch, "started", {"left": batch.left, **batch.options})
    wake_dispatcher()
    return batch


ACTOR_FIELDS = ["actor_kind", "actor_id", "actor_label"]
START_FIELDS = ["state", "options", "file", "started_at", "dispatched_at", *ACTOR_FIELDS]


def set_bulk_job_actor(by: Principal, batch: Batch) -> None:
    """Sets the principal in whose name the job runs from now on."""
    batch.actor_kind, batch.actor_id, batch.actor_label = by.kind, by.id, by.label[:200]


@transaction.atomic
def stop_bulk_job(by: Principal, batch_id: UUID) -> Batch:
    """Stops the job: no further row begins, and rows done stay done. Returns the job. Raises
    BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state == State.STOPPED:
        return batch  # the form was submitted twice
    if batch.state not in (State.CHECKING, State.MAPPING, State.READY, State.RUNNING):
        state = {"state": batch.get_state_display()}
        raise BulkJobError(_("There is nothing to stop: it is %(state)s.") % state)
    batch.reason = gettext_noop("%(who)s stopped it.") % {"who": by.label}
    batch.state, batch.settled_at, batch.lease_until = State.STOPPED, Now(), None
    batch.file = None
    batch.save(update_fields=["state", "reason", "file", "settled_at", "lease_until"])
    batch.refresh_from_db(fields=["settled_at"])
    counted = {name: getattr(batch, name) for name in ("done", "failed", "left")}
    record_bulk_job_event(by, batch, "stopped", counted)
    return batch


@transaction.atomic
def create_undo_job(by: Principal, batch_id: UUID) -> Batch:
    """Creates a job in state `ready` that restores the previous values wherever nobody has changed
    them since. Returns the job. Raises BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    ensure_undoable(batch)
    if waiting := batch.undone_by.filter(state__in=[State.CHECKING, State.READY]).first():
        return waiting  # the form was submitted twice
    title = gettext_noop("Undo: %(title)s") % {"title": batch.title}
    inverse = INVERSE_ACTIONS[batch.action]
    made = create_bulk_job(by, Kind.CHANGE, inverse, title, {}, State.READY, undoes=batch)
    return fill_or_queue_job(by, made, preview.select_undo_numbers(batch), batch.done)


def ensure_undoable(batch: Batch) -> None:
    if batch.action not in INVERSE_ACTIONS:
        raise BulkJobError(_("This cannot be undone."))
    if batch.state not in (State.DONE, State.STOPPED):
        raise BulkJobError(_("It can be undone when it is done."))
    if not batch.kept_rows.filter(fate="done").exists():
        raise BulkJobError(_("There is nothing to undo."))
    if was_undone(batch):
        raise BulkJobError(_("It was undone already."))


def was_undone(batch: Batch) -> bool:
    """Returns whether the job was undone, which counts from the start of the undo."""
    return batch.undone_by.filter(state__in=[State.RUNNING, State.DONE]).exists()


@transaction.atomic
def create_retry_job(by: Principal, batch_id: UUID) -> Batch:
    """Creates a job over the rows that failed, or had not begun when the job was stopped. A change
    is `ready` to start; an import is checked again. Returns the job. Raises BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    rows = batch.kept_rows.filter(fate__in=preview.UNFINISHED_RESULTS)
    is_settled = batch.state in (State.DONE, State.STOPPED)
    # A job that never started was discarded, or its check was stopped and has only some of the
    # rows.
    if not (is_settled and batch.started_at and rows.exists()):
        raise BulkJobError(_("There is nothing to try again."))
    if waiting := find_open_retry_job(batch):
        return waiting  # the form was submitted twice
    title = gettext_noop("Again: %(title)s") % {"title": batch.title}
    options = {name: value for name, value in batch.options.items() if name not in FILE_OPTIONS}
    options["repeats"] = str(batch.pk)
    if batch.kind == Kind.IMPORT:
        options["given"] = "rows_again"
        return queue_bulk_job(
            by, create_bulk_job(by, batch.kind, IMPORT, title, options, State.CHECKING)
        )
    same = {"undoes_id": batch.undoes_id}
    made = create_bulk_job(by, batch.kind, batch.action, title, options, State.READY, **same)
    return fill_or_queue_job(
        by, made, preview.select_unfinished_numbers(batch), batch.failed + batch.left
    )


# Options of the file or selection, which a retry of single rows does not need.
FILE_OPTIONS = ("start", "ask", "mapping", "sheet", "confirm", "choices", "query", "zone")


def find_open_retry_job(batch: Batch) -> Batch | None:
    """Returns the open job that retries this one. Its rows count as failed until it is done, so a
    second retry would repeat them."""
    moving = batch.organization.batches.filter(options__repeats=str(batch.pk)).defer("file")
    return moving.filter(state__in=[State.CHECKING, State.READY, State.RUNNING]).first()


def record_bulk_job_event(
    by: Principal, batch: Batch, action: str, after: Mapping[str, Any]
) -> None:
    """Records an event of the job in the audit log; the operations of its rows record their own."""
    record_event(by, f"batch.{action}", batch, kind="batch", label=batch.title, after=dict(after))
