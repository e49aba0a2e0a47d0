"""The state of a number in plain words: what is, why, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.api.operations import held_back_by
from integrations.ledger import history
from integrations.models import Operation
from numbers.inventory.allowed_actions import SEVERAL, WORKING, status_text
from numbers.models import PhoneNumber, Placement

Status = PhoneNumber.Status


@dataclass(frozen=True)
class State:
    """`is_moving`: something is open, and the page follows it. `retry` is the word on the button
    that tries again, "" where there is nothing to try."""

    status: str
    label: str
    meaning: str
    why: str = ""
    waits: str = ""
    next: str = ""
    next_at: datetime | None = None
    attempts: int = 0
    is_moving: bool = False
    retry: str = ""


def state_of(
    number: PhoneNumber, placements: Sequence[Placement], open_operations: Sequence[Operation]
) -> State:
    first = next(iter(open_operations), None)
    next_words, next_at = what_next(number, first)
    return State(
        status="pending" if is_leaving(number) else number.status,
        label=status_text(number),
        meaning=meaning(number, placements),
        why=why(number, placements, first),
        waits=held_back_by(first) if first else "",
        next=next_words,
        next_at=next_at,
        attempts=first.attempts if first else 0,
        is_moving=bool(first),
        retry=retry_word(number, placements, open_operations),
    )


def is_leaving(number: PhoneNumber) -> bool:
    return number.status == Status.DELETED and number.released_at is None


def meaning(number: PhoneNumber, placements: Sequence[Placement]) -> str:
    if is_leaving(number):
        return _("It is being taken off its platforms. Until that is done, nobody can add it.")
    if number.status == Status.INACTIVE and not placements:
        return _("It is only recorded here: no platform knows of it, and no call arrives.")
    if number.status in WORKING and number.wanted != number.status:
        return turning(number)
    return {
        Status.PENDING: _("It is being set up on its platform."),
        Status.ACTIVE: _("It is set up, and calls reach it."),
        Status.INACTIVE: _("It stays on its platform, but calls lead nowhere."),
        Status.FAILED: _("It could not be set up: no call reaches it."),
        Status.DELETED: _("It is deleted and gone from its platforms; anybody may add it again."),
    }[number.status]


def turning(number: PhoneNumber) -> str:
    if number.wanted == Status.ACTIVE:
        return _("It is being switched on.")
    return _("It is being switched off; until that is done, calls still reach it.")


def why(number: PhoneNumber, placements: Sequence[Placement], operation: Operation | None) -> str:
    """What the platform had against it."""
    if operation:
        return operation.reason
    return number.error_message or "" if placements else ""


def what_next(number: PhoneNumber, operation: Operation | None) -> tuple[str, datetime | None]:
    if operation:
        return what_next_of(operation)
    if number.status == Status.FAILED and SEVERAL in (number.error_message or ""):
        return _("Merge the duplicates: one stays, and the number is set up on it."), None
    if number.status == Status.FAILED:
        return _("Mend what is named above, here or at the platform, then try again."), None
    if is_leaving(number):
        return _("Try the removal again once its cause is mended."), None
    if number.error_message and number.status in WORKING:
        return _("The number works as before. Change it otherwise, or ask for it again."), None
    return "", None


def what_next_of(operation: Operation) -> tuple[str, datetime | None]:
    now = timezone.now()
    if operation.lease_until and operation.lease_until > now:
        return _("An attempt is under way."), None
    if history.stopped(operation):
        return _("It goes on by itself once they work again."), None
    is_due = operation.attempts == 0 or (operation.next_attempt_at or now) <= now
    if operation.waits_for_id or is_due and held_back_by(operation):
        return _("It goes on by itself then."), None
    if is_due:
        return _("An attempt is about to start; this takes seconds."), None
    return _("It is tried again by itself."), operation.next_attempt_at


def retry_word(
    number: PhoneNumber, placements: Sequence[Placement], open_operations: Sequence[Operation]
) -> str:
    if any(operation.attempts and not operation.waits_for_id for operation in open_operations):
        return _("Try now")
    if open_operations or not placements:
        return ""
    if number.status == Status.FAILED:
        return _("Try again")
    if is_leaving(number):
        return _("Try the removal again")
    refused = number.error_message and number.status in WORKING
    return _("Ask again") if refused else ""
