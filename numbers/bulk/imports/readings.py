"""Rows whose digits may mean several numbers or a range, decided by the other rows of the import or
by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from integrations.ledger.leases import wake_dispatcher
from numbers.bulk.imports.options import INTERNATIONAL, NATIONAL, NUMBER_FORMATS
from numbers.bulk.jobs import BulkJobError, lock_bulk_job, record_bulk_job_event
from numbers.models import Batch, BatchRow
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.readings import (
    AmbiguousNumber,
    NumberRangeError,
    ParsedNumber,
    number_with_country,
)
from organizations.access.principals import Principal

RANGE_CHOICE = "range"  # a person's choice of all numbers of the range
MAX_CHOICES = 2_000
# Rows that are ready or done and have a note.
HAS_NOTE = Q(fate__in=[BatchRow.Fate.TODO, BatchRow.Fate.DONE]) & ~Q(message="")


@dataclass
class NumberFormatEvidence:
    """Counts rows without a plus that have only one valid reading. They decide the ambiguous rows
    if all agree; a national reading must also be in the format of its country. No other row can
    decide whether a row is a range."""

    national: int = 0
    international: int = 0

    def see(self, reading: ParsedNumber) -> None:
        if reading.is_valid and reading.way == NATIONAL:
            self.national += 1
        elif reading.is_valid and reading.way == INTERNATIONAL:
            self.international += 1

    def choice(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """Returns the one of a row's readings that the evidence supports, or None."""
        readings = [] if "range" in values else values["readings"]
        if self.international and not self.national:
            found = [each for each in readings if each["way"] == INTERNATIONAL]
        elif self.national and not self.international:
            found = [each for each in readings if each["way"] == NATIONAL and each["is_sure"]]
        else:
            found = []
        return found[0] if len(found) == 1 else None


def count_rows_by_result(batch: Batch) -> tuple[dict[str, int], int]:
    """Returns the count of rows by result, and how many of those ready or done have a note."""
    rows = batch.rows.values("fate").annotate(count=Count("pk"), noted=Count("pk", filter=HAS_NOTE))
    found = list(rows.order_by())
    return {row["fate"]: row["count"] for row in found}, sum(row["noted"] for row in found)


def serialize_candidates(error: AmbiguousNumber | NumberRangeError) -> dict[str, Any]:
    """Returns the possible numbers as a row stores them."""
    readings = [
        {"number": each.number, "way": each.way, "is_sure": each.is_sure, "note": each.note}
        for each in row_candidate_numbers(error)
    ]
    if isinstance(error, NumberRangeError):
        return {"readings": readings, "range": {"first": error.first, "last": error.last}}
    return {"readings": readings}


def row_candidate_numbers(error: InvalidPhoneNumber) -> tuple[ParsedNumber, ...]:
    if isinstance(error, AmbiguousNumber):
        return error.readings
    return (error.single,) if error.single else ()


def candidate_question(error: AmbiguousNumber | NumberRangeError) -> str:
    """Returns the message of a row that needs a choice."""
    if isinstance(error, NumberRangeError):
        words = {"first": error.first, "last": error.last}
        if error.single:
            words["number"] = number_with_country(error.single.number)
            return _("One number, %(number)s, or the range %(first)s to %(last)s?") % words
        return _("The range %(first)s to %(last)s?") % words
    shown = [number_with_country(reading.number) for reading in error.readings]
    if len(shown) == 1:
        return _("Is this %(number)s?") % {"number": shown[0]}
    return _("Is this %(first)s or %(second)s?") % {"first": shown[0], "second": shown[1]}


@transaction.atomic
def choose_row_numbers(
    by: Principal,
    batch_id: UUID,
    *,
    choices: Mapping[int, str] | None = None,
    without_plus: str | None = None,
) -> Batch:
    """Checks an import again with a person's choices. `choices` maps a line to one of the numbers
    offered for its row, or to RANGE_CHOICE; `without_plus`, one of NUMBER_FORMATS, decides all
    other rows. Returns the job. Raises BulkJobError."""
    batch = lock_bulk_job(by, batch_id)
    if batch.state == Batch.State.CHECKING:
        return batch  # the form was submitted twice
    chosen = validate_number_choices(batch, choices or {})
    if without_plus and without_plus not in NUMBER_FORMATS:
        raise BulkJobError(_("Choose national or international."))
    if not chosen and not without_plus:
        raise BulkJobError(_("Choose a number for at least one row."))
    ensure_choices_allowed(batch)
    batch.options["choices"] = {**batch.options.get("choices", {}), **chosen}
    if without_plus:
        batch.options["without_plus"] = without_plus
    batch.state, batch.dispatched_at, batch.tries = Batch.State.CHECKING, None, 0
    batch.save(update_fields=["options", "state", "dispatched_at", "tries"])
    record_bulk_job_event(
        by, batch, "chosen", {"choices": len(chosen), "without_plus": without_plus or ""}
    )
    wake_dispatcher()
    return batch


def ensure_choices_allowed(batch: Batch) -> None:
    has_file = Batch.objects.filter(pk=batch.pk, file__isnull=False).exists()
    if batch.state != Batch.State.READY or not has_file:
        raise BulkJobError(_("Numbers can be chosen only before the import has started."))


def validate_number_choices(batch: Batch, choices: Mapping[int, str]) -> dict[str, str]:
    """Returns the choices by line number as text, as the options store them. Raises
    BulkJobError."""
    if len(choices) + len(batch.options.get("choices", {})) > MAX_CHOICES:
        raise BulkJobError(_("Too many rows: choose for all of them at once."))
    rows = batch.rows.filter(line__in=choices, fate=BatchRow.Fate.AMBIGUOUS)
    offered = {row.line: offered_choices(row) for row in rows}
    for line, choice in choices.items():
        if choice not in offered.get(line, ()):
            raise BulkJobError(_("Line %(line)d does not offer this choice.") % {"line": line})
    return {str(line): choice for line, choice in choices.items()}


def offered_choices(row: BatchRow) -> list[str]:
    found = [each["number"] for each in row.values.get("readings", ())]
    return [*found, RANGE_CHOICE] if "range" in row.values else found
