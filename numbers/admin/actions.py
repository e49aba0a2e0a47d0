"""Admin actions on numbers. Each calls one operation."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.inventory import operations
from numbers.inventory.allowed_actions import find_allowed_actions
from numbers.inventory.reservation import NumberNotSupplied, NumberStateConflict
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.web.admin.row_actions import RowAction

Status = PhoneNumber.Status


def retry_number_action(by: Principal, number: PhoneNumber) -> str:
    operations.retry_number(by, number.pk)
    return _("%(number)s is tried again.") % {"number": number}


def activate_number_action(by: Principal, number: PhoneNumber) -> str:
    operations.change_number(by, number.pk, status=Status.ACTIVE)
    return _("%(number)s is being activated.") % {"number": number}


def deactivate_number_action(by: Principal, number: PhoneNumber) -> str:
    operations.change_number(by, number.pk, status=Status.INACTIVE)
    return _("%(number)s is being deactivated.") % {"number": number}


def delete_number_action(by: Principal, number: PhoneNumber) -> str:
    operations.delete_number(by, number.pk)
    return _("%(number)s is deleted; its platforms follow.") % {"number": number}


def release_number_action(by: Principal, number: PhoneNumber) -> str:
    operations.delete_number(by, number.pk, release=True)
    return _("%(number)s is deleted and given back.") % {"number": number}


def merge_duplicates_action(by: Principal, number: PhoneNumber) -> str:
    operations.merge_duplicates(by, number.pk)
    return _("The duplicates of %(number)s are being merged.") % {"number": number}


def number_release_warning(number: PhoneNumber) -> str:
    return " ".join(
        [
            number_delete_warning(number),
            _("The account gives it back to its platform, which may sell it to others."),
        ]
    )


def can_release_number(number: PhoneNumber) -> bool:
    roles = {placement.role for placement in number.placements.all()}
    return number.status != Status.DELETED and Placement.Role.SUPPLY in roles


def number_delete_warning(number: PhoneNumber) -> str:
    words = {
        "organization": number.organization,
        "platforms": ", ".join(sorted({p.integration.name for p in number.placements.all()})),
    }
    return (
        _(
            "Calls to it end. It is removed from %(platforms)s; once that is done, "
            "%(organization)s no longer holds it and anybody may add it. This cannot be undone."
        )
        % words
    )


def can_retry_number(number: PhoneNumber) -> bool:
    if number.error_message and number.status in (Status.ACTIVE, Status.INACTIVE):
        return number.placements.exists()
    unfinished = number.status in (Status.PENDING, Status.FAILED)
    return unfinished or (number.status == Status.DELETED and number.released_at is None)


ACTIONS = (
    RowAction(
        "retry",
        gettext_lazy("Try again now"),
        retry_number_action,
        refusals=(NumberStateConflict,),
        possible=can_retry_number,
        icon="replay",
    ),
    RowAction(
        "activate",
        gettext_lazy("Activate"),
        activate_number_action,
        refusals=(NumberStateConflict,),
        possible=lambda number: number.wanted == Status.INACTIVE,
        icon="toggle_on",
    ),
    RowAction(
        "deactivate",
        gettext_lazy("Deactivate"),
        deactivate_number_action,
        refusals=(NumberStateConflict,),
        possible=lambda number: number.status == Status.ACTIVE and number.wanted == Status.ACTIVE,
        icon="toggle_off",
    ),
    RowAction(
        "delete",
        gettext_lazy("Delete"),
        delete_number_action,
        refusals=(NumberStateConflict,),
        possible=lambda number: number.status != Status.DELETED,
        loses=number_delete_warning,
        permission="delete",
        icon="delete",
    ),
    RowAction(
        "release",
        gettext_lazy("Delete and give back"),
        release_number_action,
        refusals=(NumberStateConflict, NumberNotSupplied),
        possible=can_release_number,
        loses=number_release_warning,
        permission="delete",
        icon="undo",
    ),
    RowAction(
        "merge",
        gettext_lazy("Merge duplicates"),
        merge_duplicates_action,
        refusals=(NumberStateConflict,),
        possible=lambda number: "merge" in find_allowed_actions(number, number.placements.all()),
        icon="merge",
    ),
)
