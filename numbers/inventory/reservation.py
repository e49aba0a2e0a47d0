"""Getting hold of a number: the carrier that shall have it, and the row that nobody else has."""

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
    """The request's carrier cannot take the number; `failed` tells a known one that could not be
    set up."""

    def __init__(self, message: str, *, failed: bool = False):
        super().__init__(message)
        self.failed = failed


class NumberTaken(Exception):
    """Held by somebody, maybe by the asker; never says by whom."""

    def __init__(self, message: str, *, being_removed: bool = False):
        super().__init__(message)
        self.being_removed = being_removed


class NumberStateConflict(Exception):
    """The number's state does not allow it; the text says what is."""


class NumberOutsidePools(NumberStateConflict):
    """The organization may not hold the number, or not there, as no operator assigned it."""


class NumberNotSupplied(Exception):
    """No account supplies the number, so none can be given it back."""


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
    """Insert it; the database decides who is first. Raises NumberOutsidePools, QuotaExceeded,
    NumberTaken."""
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
    """Before it is held, and before it is set up where it is on no platform yet. Raises
    NumberOutsidePools."""
    if reason := pool_violation(phone_number):
        raise NumberOutsidePools(reason)


def pool_violation(phone_number: PhoneNumber) -> str:
    """Why the organization may not hold it on its carrier, or ""."""
    number = phone_number.canonical_e164 or phone_number.e164
    wished = (number, phone_number.carrier)
    return pool_rules.find_pool_violations(phone_number.organization, [wished]).get(wished, "")


def find_reserved_numbers(numbers: Collection[str]) -> QuerySet[PhoneNumber]:
    """Whoever has the lines of these (canonical E.164) in the installation, also
    under a spelling that an earlier version took."""
    return PhoneNumber.objects.alias(held_line=canonical_e164_expression()).filter(
        held_line__in=numbers, released_at=None
    )


def reservation_conflict_error(wanted: PhoneNumber) -> NumberTaken:
    """Only the own organization hears that the number is on its way out, or how it is spelled."""
    own = find_reserved_numbers([wanted.e164]).filter(organization=wanted.organization).first()
    if own is None:
        return number_taken_error(wanted.e164, being_removed=False)
    return number_taken_error(
        wanted.e164, being_removed=own.status == Status.DELETED, spelled=own.e164
    )


def number_taken_error(number: str, *, being_removed: bool, spelled: str = "") -> NumberTaken:
    """`spelled`: as the asker's own organization has it."""
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
    """The operation the number must wait for. Call it after the insert, which may wait for another
    transaction's. An earlier deletion of the carrier is seen here; a later one waits, and sees the
    number."""
    lock_carrier_against_deletion(carrier)
    operation = None
    if carrier.status == Carrier.Status.PENDING:
        operation = ledger.lock_open_operation("carrier", carrier.id)
        if operation is None:  # settled since the status was read
            carrier.refresh_from_db(fields=["status", "error_message"])
    if carrier.status == Carrier.Status.DELETED:
        raise CarrierUnavailable(_("There is no carrier with this sid."))
    ensure_carrier_not_failed(carrier)
    return operation
