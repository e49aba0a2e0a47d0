"""Waiting, outside any transaction, until the requested operations have settled."""

import time
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.ledger import operation_requests as ledger
from integrations.models import Operation
from numbers.inventory.operations import delete_number
from numbers.models import PhoneNumber
from organizations.access.principals import Principal
from organizations.web.api.problems import Problem, field_error, invalid_request_problem

DEADLINE_SECONDS = 10.0
FAILED_STATUSES = (PhoneNumber.Status.FAILED, PhoneNumber.Status.DELETED)


class Deadline:
    """One deadline for the whole request, however many operations it waits for."""

    def __init__(self, seconds: float = DEADLINE_SECONDS):
        self.at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self.at - time.monotonic())


def wait_until_settled(number: PhoneNumber, deadline: Deadline) -> bool:
    """Returns whether the number has no open operation any more, and refreshes `number`. A failed
    number ends the waiting."""
    for operation_id in open_number_operations(number):
        ledger.wait_for_operation(operation_id, seconds=deadline.left)
        number.refresh_from_db()
        if number.status == PhoneNumber.Status.FAILED:
            return True
    return not open_number_operations(number)


def open_number_operations(number: PhoneNumber) -> list[UUID]:
    """Returns the open operations in the order of their requests, so the one that supplies the
    number comes first."""
    rows = number.organization.operations.filter(
        subject_kind="placement",
        subject_id__in=number.placements.values("pk"),
        status=Operation.Status.OPEN,
    )
    return list(rows.order_by("created_at", "pk").values_list("pk", flat=True))


def remove_refused_number(
    by: Principal, number: PhoneNumber, deadline: Deadline, *, at: str
) -> Problem:
    """Deletes a new number that a platform refused and returns the problem to raise. `at` is the
    field to report."""
    reason = number.error_message or _("It was deleted while it was being set up.")
    delete_number(by, number.pk)
    wait_until_settled(number, deadline)
    return invalid_request_problem(field_error(at, reason, "refused"))
