"""The history of a number across all its placements."""

from uuid import UUID

from django.db.models import Case, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from integrations.ledger.history import CALLS_PER_OPERATION, HistoryEntry, subject_history
from integrations.models import Operation
from numbers.models import PhoneNumber, Placement


def build_number_history(
    number: PhoneNumber, *, limit: int = 50, calls_each: int = CALLS_PER_OPERATION
) -> list[HistoryEntry]:
    """Returns the operations of a number, newest first, with their platform calls and what they
    wait for. `limit` counts operations, `calls_each` the calls of each."""
    placements = number.placements.values_list("pk", flat=True)
    return subject_history("placement", list(placements), limit=limit, calls_each=calls_each)


def annotate_open_reason(numbers: QuerySet[PhoneNumber]) -> QuerySet[PhoneNumber]:
    """Adds the column `open_reason`, which is what an open operation waits for or the result of its
    last attempt."""
    placements = Placement.objects.filter(phone_number=OuterRef(OuterRef("pk"))).values("pk")
    unsettled = Operation.objects.filter(
        subject_kind="placement", subject_id__in=placements, status=Operation.Status.OPEN
    )
    waits = Concat(
        Value(_("Waits for")), Value(" "), "waits_for__subject_label", output_field=TextField()
    )
    reason = Case(When(waits_for__isnull=False, then=waits), default="reason")
    return numbers.annotate(open_reason=Subquery(unsettled.values_list(reason)[:1]))


def find_placement_number_id(placement_id: UUID) -> UUID | None:
    """Returns the id of the number that has this placement, or None."""
    rows = Placement.objects.filter(pk=placement_id)
    return rows.values_list("phone_number_id", flat=True).first()
