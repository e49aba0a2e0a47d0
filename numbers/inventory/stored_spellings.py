"""Stored numbers that are not in canonical E.164, because an earlier version accepted them, with
what to do about each and a correction where that is safe. Two of them can be the same number with
two holders."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import IntegrityError, transaction

from numbers.inventory import transitions
from numbers.inventory.operations import number_audit_snapshot, record_number_event
from numbers.inventory.reservation import find_reserved_numbers
from numbers.models import PhoneNumber, Placement
from numbers.numbering.e164 import find_canonical_e164
from organizations.access.principals import system_principal

PAGE_SIZE = 2_000


class CorrectionAction(StrEnum):
    CORRECT = "correct"  # on no platform: the spelling can be changed in place
    DELETE = "delete"  # the canonical number exists already, or there is none
    REPLACE = "replace"  # a platform knows the number by this spelling
    WAIT = "wait"  # the number is being removed


@dataclass(frozen=True)
class NonCanonicalNumber:
    """A stored number that is not canonical. `canonical` is None if no country has the number;
    `holder` is the number in use with the canonical spelling."""

    number: PhoneNumber
    canonical: str | None
    holder: PhoneNumber | None = None
    placements: list[Placement] = field(default_factory=list)

    @property
    def action(self) -> CorrectionAction:
        if self.number.status == PhoneNumber.Status.DELETED:
            return CorrectionAction.WAIT
        if self.canonical is None or self.holder:
            return CorrectionAction.DELETE
        return CorrectionAction.REPLACE if self.placements else CorrectionAction.CORRECT


def find_noncanonical_numbers() -> Iterator[NonCanonicalNumber]:
    """Yields the non-canonical numbers of all organizations in the order of their ids, except
    released ones."""
    live = PhoneNumber.objects.filter(released_at=None).order_by("pk")
    last = None
    while rows := list(
        (live.filter(pk__gt=last) if last else live)[:PAGE_SIZE].values("pk", "e164")
    ):
        last = rows[-1]["pk"]
        wrong = {row["pk"]: find_canonical_e164(row["e164"]) for row in rows}
        wrong = {row["pk"]: wrong[row["pk"]] for row in rows if wrong[row["pk"]] != row["e164"]}
        for number in live.filter(pk__in=wrong).select_related("organization"):
            yield examine_stored_number(number, wrong[number.pk])


def examine_stored_number(number: PhoneNumber, spelled: str | None) -> NonCanonicalNumber:
    holder = (
        find_reserved_numbers([spelled]).exclude(pk=number.pk)
        if spelled
        else PhoneNumber.objects.none()
    )
    placements = number.placements.select_related("integration").order_by("role")
    return NonCanonicalNumber(
        number, spelled, holder.select_related("organization").first(), list(placements)
    )


@transaction.atomic
def correct_stored_number(found: NonCanonicalNumber) -> bool:
    """Corrects the stored spelling if the number is still on no platform and nobody holds the
    canonical one. Returns whether it was corrected."""
    number = PhoneNumber.objects.select_for_update().filter(pk=found.number.pk).first()
    if number is None or number.released_at or number.e164 != found.number.e164:
        return False
    now = examine_stored_number(number, found.canonical)
    if now.action != CorrectionAction.CORRECT:
        return False
    before = number_audit_snapshot(number)
    try:
        with transaction.atomic():
            transitions.update_number_fields(number.pk, e164=now.canonical, canonical_e164=None)
    except IntegrityError:  # another transaction added the canonical number first
        return False
    number.refresh_from_db()
    by = system_principal(number.organization, "manage.py check_numbers")
    record_number_event(by, number, "changed", before=before, after=number_audit_snapshot(number))
    return True


def reserve_canonical_number(found: NonCanonicalNumber) -> None:
    """Reserves the canonical spelling for this number, so that nobody else can add it."""
    rows = PhoneNumber.objects.filter(pk=found.number.pk, e164=found.number.e164)
    try:
        with transaction.atomic():
            rows.filter(released_at=None).update(canonical_e164=found.canonical)
    except IntegrityError:  # another transaction added the canonical number first
        pass
