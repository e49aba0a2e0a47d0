"""Stored numbers whose spelling is not the canonical one, as an earlier version took them: two of
them can be one line, under two holders. What each needs, and the correction where it is safe."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import IntegrityError, transaction

from numbers.inventory import transitions
from numbers.inventory.operations import facts, tell
from numbers.inventory.reservation import holding
from numbers.models import PhoneNumber, Placement
from numbers.numbering.e164 import canonical_of
from organizations.access.principals import system

AT_ONCE = 2_000


class Action(StrEnum):
    CORRECT = "correct"  # only recorded: the spelling can be changed in place
    DELETE = "delete"  # the canonical number is here already, or there is none
    REPLACE = "replace"  # a platform knows it by this spelling
    WAIT = "wait"  # it is being removed


@dataclass(frozen=True)
class Finding:
    """A stored number that is not canonical. `canonical` is None where no country has the number;
    `holder` is the live row that has the canonical number already."""

    number: PhoneNumber
    canonical: str | None
    holder: PhoneNumber | None = None
    placements: list[Placement] = field(default_factory=list)

    @property
    def action(self) -> Action:
        if self.number.status == PhoneNumber.Status.DELETED:
            return Action.WAIT
        if self.canonical is None or self.holder:
            return Action.DELETE
        return Action.REPLACE if self.placements else Action.CORRECT


def findings() -> Iterator[Finding]:
    """Of all organizations, in the order of their ids; tombstones stay as they are."""
    live = PhoneNumber.objects.filter(released_at=None).order_by("pk")
    last = None
    while rows := list((live.filter(pk__gt=last) if last else live)[:AT_ONCE].values("pk", "e164")):
        last = rows[-1]["pk"]
        wrong = {row["pk"]: canonical_of(row["e164"]) for row in rows}
        wrong = {row["pk"]: wrong[row["pk"]] for row in rows if wrong[row["pk"]] != row["e164"]}
        for number in live.filter(pk__in=wrong).select_related("organization"):
            yield finding(number, wrong[number.pk])


def finding(number: PhoneNumber, spelled: str | None) -> Finding:
    holder = holding([spelled]).exclude(pk=number.pk) if spelled else PhoneNumber.objects.none()
    placements = number.placements.select_related("integration").order_by("role")
    return Finding(number, spelled, holder.select_related("organization").first(), list(placements))


@transaction.atomic
def correct(found: Finding) -> bool:
    """Change the stored spelling, where the number is still only recorded and nobody holds the
    canonical one. Whether it was done."""
    number = PhoneNumber.objects.select_for_update().filter(pk=found.number.pk).first()
    if number is None or number.released_at or number.e164 != found.number.e164:
        return False
    now = finding(number, found.canonical)
    if now.action != Action.CORRECT:
        return False
    before = facts(number)
    try:
        with transaction.atomic():
            transitions.touch(number.pk, e164=now.canonical, canonical_e164=None)
    except IntegrityError:  # somebody was faster
        return False
    number.refresh_from_db()
    by = system(number.organization, "manage.py check_numbers")
    tell(by, number, "changed", before=before, after=facts(number))
    return True


def keep_line(found: Finding) -> None:
    """Nobody else can add the canonical spelling beside this one, from now on."""
    rows = PhoneNumber.objects.filter(pk=found.number.pk, e164=found.number.e164)
    try:
        with transaction.atomic():
            rows.filter(released_at=None).update(canonical_e164=found.canonical)
    except IntegrityError:  # somebody was faster
        pass
