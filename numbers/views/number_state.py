"""The state of a number in words: the status, its reason, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.ledger import history
from integrations.ledger.history import operation_wait_reason
from integrations.models import Operation
from numbers.inventory.allowed_actions import (
    MERGE_DUPLICATES_HINT,
    SWITCHABLE_STATUSES,
    is_pending_removal,
    status_text,
)
from numbers.models import PhoneNumber, Placement

Status = PhoneNumber.Status


@dataclass(frozen=True)
class NumberState:
    """The state to show. `is_moving` means that an operation is open and the page polls. `retry` is
    the label of the retry button, or "" if there is nothing to retry."""

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


def build_number_state(
    number: PhoneNumber, placements: Sequence[Placement], open_operations: Sequence[Operation]
) -> NumberState:
    first = next(iter(open_operations), None)
    next_words, next_at = next_step(number, first)
    return NumberState(
        status="pending" if is_pending_removal(number) else number.status,
        label=status_text(number),
        meaning=status_description(number, placements),
        why=failure_reason(number, placements, first),
        waits=operation_wait_reason(first) if first else "",
        next=next_words,
        next_at=next_at,
        attempts=first.attempts if first else 0,
        is_moving=bool(first),
        retry=retry_button_label(number, placements, open_operations),
    )


def status_description(number: PhoneNumber, placements: Sequence[Placement]) -> str:
    if is_pending_removal(number):
        return _("It is being taken off its platforms. Until that is done, nobody can add it.")
    if number.status == Status.INACTIVE and not placements:
        return _("It is only recorded here: no platform knows of it, and no call arrives.")
    if number.status in SWITCHABLE_STATUSES and number.wanted != number.status:
        return switching_description(number)
    return {
        Status.PENDING: _("It is being set up on its platform."),
        Status.ACTIVE: _("It is set up, and calls reach it."),
        Status.INACTIVE: _("It stays on its platform, but calls lead nowhere."),
        Status.FAILED: _("It could not be set up: no call reaches it."),
        Status.DELETED: _("It is deleted and gone from its platforms; anybody may add it again."),
    }[number.status]


def switching_description(number: PhoneNumber) -> str:
    if number.wanted == Status.ACTIVE:
        return _("It is being switched on.")
    return _("It is being switched off; until that is done, calls still reach it.")


def failure_reason(
    number: PhoneNumber, placements: Sequence[Placement], operation: Operation | None
) -> str:
    """Returns the reason of the open operation, else that of the failed number."""
    if operation:
        return operation.reason
    return number.error_message or "" if placements else ""


def next_step(number: PhoneNumber, operation: Operation | None) -> tuple[str, datetime | None]:
    if operation:
        return operation_next_step(operation)
    if number.status == Status.FAILED and MERGE_DUPLICATES_HINT in (number.error_message or ""):
        return _("Merge the duplicates: one stays, and the number is set up on it."), None
    if number.status == Status.FAILED:
        return _("Mend what is named above, here or at the platform, then try again."), None
    if is_pending_removal(number):
        return _("Try the removal again once its cause is mended."), None
    if number.error_message and number.status in SWITCHABLE_STATUSES:
        return _("The number works as before. Change it otherwise, or ask for it again."), None
    return "", None


def operation_next_step(operation: Operation) -> tuple[str, datetime | None]:
    now = timezone.now()
    if operation.lease_until and operation.lease_until > now:
        return _("An attempt is under way."), None
    if history.provisioning_outage_reason(operation):
        return _("It goes on by itself once they work again."), None
    is_due = operation.attempts == 0 or (operation.next_attempt_at or now) <= now
    if operation.waits_for_id or is_due and operation_wait_reason(operation):
        return _("It goes on by itself then."), None
    if is_due:
        return _("An attempt is about to start; this takes seconds."), None
    return _("It is tried again by itself."), operation.next_attempt_at


def retry_button_label(
    number: PhoneNumber, placements: Sequence[Placement], open_operations: Sequence[Operation]
) -> str:
    if any(operation.attempts and not operation.waits_for_id for operation in open_operations):
        return _("Try now")
    if open_operations or not placements:
        return ""
    if number.status == Status.FAILED:
        return _("Try again")
    if is_pending_removal(number):
        return _("Try the removal again")
    refused = number.error_message and number.status in SWITCHABLE_STATUSES
    return _("Ask again") if refused else ""
