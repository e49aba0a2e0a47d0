"""Reservation of numbers: the carrier for a number, and the row that makes its holder the only
one."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from carriers.models import Carrier
from carriers.operations import find_usable_carrier, lock_carrier_against_deletion
from integrations.ledger import operation_requests as ledger
from integrations.models import Operation
from numbers.inventory import pool_rules
from numbers.models import PhoneNumber, canonical_e164_expression
from organizations.access import quotas
from organizations.access.principals import Principal

Status = PhoneNumber.Status


class CarrierUnavailable(Exception):
    """Raised if the requested carrier cannot take the number. `failed` says that the carrier exists
    but could not be set up."""

    def __init__(self, message: str, *, failed: bool = False):
        super().__init__(message)
        self.failed = failed


class NumberTaken(Exception):
    """Raised if the number exists already, perhaps in the same organization. The message never
    names the holder."""

    def __init__(self, message: str, *, being_removed: bool = False):
        super().__init__(message)
        self.being_removed = being_removed


class NumberStateConflict(Exception):
    """Raised if the status of the number does not allow the request; the message says which status
    it has."""


class NumberOutsidePools(NumberStateConflict):
    """Raised if the number pools do not allow the organization to add the number, or not on this
    carrier."""


class NumberNotSupplied(Exception):
    """Raised if no account owns the number, so that it cannot be released."""


def resolve_carrier(by: Principal, voip_carrier_sid: UUID | None) -> Carrier:
    carrier = find_usable_carrier(by, voip_carrier_sid=voip_carrier_sid)
    if carrier is None or carrier.status == Carrier.Status.DELETED:
        raise CarrierUnavailable(
            _("There is no carrier with this sid.")
            if voip_carrier_sid
            else _(
                "Name a carrier: neither the organization nor the installation has a default one."
            )
        )
    ensure_carrier_not_failed(carrier)
    return carrier


def ensure_carrier_not_failed(carrier: Carrier) -> None:
    if carrier.status == Carrier.Status.FAILED:
        raise CarrierUnavailable(
            _("Carrier %(carrier)s could not be set up: %(reason)s Repair it or name another.")
            % {"carrier": carrier.name, "reason": carrier.error_message or ""},
            failed=True,
        )


def reserve_number(phone_number: PhoneNumber) -> PhoneNumber:
    """Inserts the number and returns it; the database decides who is first. Raises
    NumberOutsidePools, QuotaExceeded and NumberTaken."""
    ensure_within_pools(phone_number)
    quotas.ensure_quota(phone_number.organization, "numbers")
    try:
        with transaction.atomic():
            phone_number.save(force_insert=True)
    except IntegrityError as error:
        if "phone_number_one_holder" not in str(error):
            raise
        raise reservation_conflict_error(phone_number) from error
    return phone_number


def ensure_within_pools(phone_number: PhoneNumber) -> None:
    """Raises NumberOutsidePools if the number pools do not allow the number. Called before a number
    is inserted, and before one on no platform is set up."""
    if reason := pool_violation(phone_number):
        raise NumberOutsidePools(reason)


def pool_violation(phone_number: PhoneNumber) -> str:
    """Returns why the organization may not have the number on its carrier, or ""."""
    number = phone_number.canonical_e164 or phone_number.e164
    wished = (number, phone_number.carrier)
    return pool_rules.find_pool_violations(phone_number.organization, [wished]).get(wished, "")


def find_reserved_numbers(numbers: Collection[str]) -> QuerySet[PhoneNumber]:
    """Returns the numbers in the installation that reserve one of these (canonical E.164),
    including those stored in another spelling by an earlier version."""
    return PhoneNumber.objects.alias(held_line=canonical_e164_expression()).filter(
        held_line__in=numbers, released_at=None
    )


def reservation_conflict_error(wanted: PhoneNumber) -> NumberTaken:
    """Returns the error for a number that exists. Only its own organization learns that it is being
    removed or how it is stored."""
    own = find_reserved_numbers([wanted.e164]).filter(organization=wanted.organization).first()
    if own is None:
        return number_taken_error(wanted.e164, being_removed=False)
    return number_taken_error(
        wanted.e164, being_removed=own.status == Status.DELETED, spelled=own.e164
    )


def number_taken_error(number: str, *, being_removed: bool, spelled: str = "") -> NumberTaken:
    """Returns the error for a number that exists. `spelled` is its spelling in the caller's own
    organization."""
    if being_removed:
        return NumberTaken(
            _("%(number)s is being removed from its platform; add it again when that is done.")
            % {"number": number},
            being_removed=True,
        )
    if spelled and spelled != number:
        return NumberTaken(
            _("%(number)s is already here, written %(spelled)s: delete that one first.")
            % {"number": number, "spelled": spelled}
        )
    return NumberTaken(_("%(number)s is already in this installation.") % {"number": number})


def find_pending_carrier_operation(carrier: Carrier) -> Operation | None:
    """Returns the carrier's operation that the number must wait for, or None. Call it after the
    insert, which may wait for another transaction. An earlier deletion of the carrier is seen here;
    a later one waits and then sees the number. Raises CarrierUnavailable."""
    lock_carrier_against_deletion(carrier)
    operation = None
    if carrier.status == Carrier.Status.PENDING:
        operation = ledger.lock_open_operation("carrier", carrier.id)
        if operation is None:  # settled after the status was read
            carrier.refresh_from_db(fields=["status", "error_message"])
    if carrier.status == Carrier.Status.DELETED:
        raise CarrierUnavailable(_("There is no carrier with this sid."))
    ensure_carrier_not_failed(carrier)
    return operation
