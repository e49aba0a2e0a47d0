"""The status text of a number and the actions that are allowed on it now. The operations make the
final decision."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from numbers.models import PhoneNumber, Placement

Status = PhoneNumber.Status
SWITCHABLE_STATUSES = (Status.ACTIVE, Status.INACTIVE)
# The hint in a provider's error when it found several identical objects of ours (see
# Provider.plan_merge).
MERGE_DUPLICATES_HINT = "merge-duplicates"


def status_text(number: PhoneNumber) -> str:
    """Returns the status label, with the pending change if there is one: "active → inactive"."""
    status = number.get_status_display()
    if number.status == Status.DELETED and number.released_at is None:
        return _("being removed")
    is_set_up_inactive = number.status == Status.PENDING and number.wanted == Status.INACTIVE
    if (
        is_set_up_inactive
        or number.wanted != number.status
        and number.status in SWITCHABLE_STATUSES
    ):
        return f"{status} → {Status(number.wanted).label}"
    return status


def find_allowed_actions(number: PhoneNumber, placements: Sequence[Placement]) -> set[str]:
    """Returns the allowed actions among activate, deactivate, merge, edit, delete, look (check on
    the platform) and give_back (release)."""
    lives = number.status != Status.DELETED
    switchable = bool(placements) and number.status in SWITCHABLE_STATUSES
    answers = {
        "activate": switchable and number.wanted == Status.INACTIVE,
        "deactivate": switchable and number.wanted == Status.ACTIVE,
        "merge": lives
        and bool(placements)
        and MERGE_DUPLICATES_HINT in (number.error_message or ""),
        "edit": lives,
        "delete": lives,
        "look": bool(placements) and number.released_at is None,
        "give_back": lives and has_supply_placement(placements),
    }
    return {name for name, answer in answers.items() if answer}


def has_supply_placement(placements: Sequence[Placement]) -> bool:
    """Returns whether an account owns the number and pays for it."""
    return any(placement.role == Placement.Role.SUPPLY for placement in placements)


def is_pending_removal(number: PhoneNumber) -> bool:
    """Returns whether the number was deleted and its removal from the platforms has not settled."""
    return number.status == PhoneNumber.Status.DELETED and number.released_at is None
