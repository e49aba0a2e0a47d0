"""Requests to confirm the meanings of a file's columns, to choose its sheet, and to change the
columns after the preview."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.ledger.leases import wake_dispatcher
from numbers.bulk.imports import column_mapping
from numbers.bulk.jobs import (
    ACTOR_FIELDS,
    BulkJobError,
    lock_bulk_job,
    record_bulk_job_event,
    set_bulk_job_actor,
)
from numbers.models import Batch
from organizations.access.principals import Principal

State = Batch.State
# Choices for single rows were made with the previous columns.
RESET_OPTIONS = ("mapping", "sheet", "confirm", "choices")
CONFIRM_FIELDS = ["state", "options", "dispatched_at", *ACTOR_FIELDS]


class InvalidMapping(BulkJobError):
    """Raised if the columns cannot have the chosen meanings. `errors` has one sentence for each
    wrong column by its index from 0, and for the mapping as a whole at -1."""

    def __init__(self, errors: dict[int, str]):
        super().__init__(" ".join(dict.fromkeys(errors.values())))
        self.errors = errors


@transaction.atomic
def confirm_mapping(
    by: Principal, batch_id: UUID, *, mapping: Mapping[int, str], sheet: str = ""
) -> Batch:
    """Confirms the meanings of the columns of a job in state `mapping`, by column index from 0. The
    file is checked with them, and the organization stores them for the next file with the same
    headings. Other columns keep the proposed meanings. Another `sheet` is examined first. Returns
    the job. Raises BulkJobError, of which InvalidMapping names the columns."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state in (State.CHECKING, State.READY, State.RUNNING, State.DONE):
        return batch  # the form was submitted twice
    ensure_bulk_job_state(batch, State.MAPPING)
    if sheet not in ("", batch.layout["sheet"]):
        return recheck_with_sheet(by, batch, sheet)
    columns = column_mapping.deserialize_columns(batch.layout)
    meanings = column_mapping.complete_column_meanings(columns, mapping)
    if errors := column_mapping.validate_column_meanings(columns, meanings):
        raise InvalidMapping(errors)
    named = column_mapping.build_column_mapping(columns, meanings)
    column_mapping.remember_column_mapping(by, batch.layout, named)
    recheck_import(by, batch, {"mapping": named, "sheet": batch.layout["sheet"]})
    record_bulk_job_event(
        by, batch, "columns_confirmed", {"mapping": named, "sheet": batch.layout["sheet"]}
    )
    return batch


@transaction.atomic
def choose_import_sheet(by: Principal, batch_id: UUID, *, sheet: str) -> Batch:
    """Chooses another sheet of a job in state `mapping`, whose columns are then examined. Returns
    the job. Raises BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state == State.CHECKING or sheet == batch.layout.get("sheet"):
        return batch  # the form was submitted twice
    ensure_bulk_job_state(batch, State.MAPPING)
    return recheck_with_sheet(by, batch, sheet)


def recheck_with_sheet(by: Principal, batch: Batch, sheet: str) -> Batch:
    if sheet not in batch.layout["sheets"]:
        raise BulkJobError(column_mapping.missing_sheet_message(sheet))
    recheck_import(by, batch, {"sheet": sheet, "confirm": True})
    return batch


def recheck_import(by: Principal, batch: Batch, options: Mapping[str, Any]) -> None:
    kept = {name: value for name, value in batch.options.items() if name not in RESET_OPTIONS}
    batch.options = {**kept, **options}
    batch.state, batch.dispatched_at = State.CHECKING, None
    set_bulk_job_actor(by, batch)
    batch.save(update_fields=CONFIRM_FIELDS)
    wake_dispatcher()


@transaction.atomic
def reopen_mapping(by: Principal, batch_id: UUID) -> Batch:
    """Returns a `ready` job to state `mapping`, to change its columns. Returns the job. Raises
    BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state == State.MAPPING:
        return batch  # the form was submitted twice
    ensure_bulk_job_state(batch, State.READY)
    if not can_reopen_mapping(batch):
        raise BulkJobError(_("Its columns cannot be changed any more: hand the file in again."))
    batch.state = State.MAPPING
    batch.save(update_fields=["state"])
    return batch


def can_reopen_mapping(batch: Batch) -> bool:
    """Returns whether the file is still stored, which only jobs created on screens keep until
    then."""
    is_ready = batch.state == State.READY
    return is_ready and bool(batch.options.get("ask") and batch.layout.get("columns"))


def ensure_bulk_job_state(batch: Batch, expected: str) -> None:
    if batch.state != expected:
        state = {"state": batch.get_state_display()}
        raise BulkJobError(_("This is not possible now: it is %(state)s.") % state)
