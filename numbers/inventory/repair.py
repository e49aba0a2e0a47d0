"""Requests to restore what a platform has lost of a number."""

from uuid import UUID

from django.db import transaction

from integrations.models import Operation
from numbers.inventory.allowed_actions import SWITCHABLE_STATUSES
from numbers.inventory.operations import lock_number, record_number_event, retry_number
from numbers.inventory.placements import request_placement_operation
from numbers.models import PhoneNumber
from organizations.access.principals import Principal


@transaction.atomic
def repair_number(by: Principal, number_id: UUID) -> PhoneNumber:
    """Requests the desired state from the platforms of the number. A number that is not active or
    inactive, or has an open operation, is retried instead. Returns the number. Raises
    NumberStateConflict."""
    number, held = lock_number(by, number_id)
    is_open = any(operation for _placement, operation in held)
    if is_open or not held or number.status not in SWITCHABLE_STATUSES:
        return retry_number(by, number_id)
    for placement, _operation in held:
        request_placement_operation(by, placement, Operation.Wish.ENSURE, label=number.e164)
    record_number_event(by, number, "repaired")
    return number
