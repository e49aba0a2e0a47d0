"""The worker's half: a placement as a wish for its platform, and what follows for its number."""

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.models import Operation
from integrations.providers.base import NumberSpec, Refused
from numbers import states
from numbers.models import PhoneNumber, Placement
from organizations.operations import record
from organizations.principals import system

Status, State = PhoneNumber.Status, Placement.State


class PlacementSubject:
    def spec(self, operation: Operation) -> NumberSpec | None:
        rows = Placement.objects.select_related("phone_number__carrier")
        placement = rows.filter(pk=operation.subject_id).first()
        if placement is None:
            return None
        if operation.wish != Operation.Wish.REMOVE:
            refuse_dead_carrier(placement.phone_number.carrier)
        return spec_of(placement, refs=operation.refs)

    def settled(self, operation: Operation) -> None:
        placement = (
            Placement.objects.select_related("phone_number").filter(pk=operation.subject_id).first()
        )
        if placement:
            keep_placement(placement, operation)
            move_number(placement.phone_number, operation)


def spec_of(placement: Placement, *, refs: dict[str, str]) -> NumberSpec:
    number = placement.phone_number
    carrier = number.carrier
    return NumberSpec(
        marker=placement.marker,
        e164=number.e164,
        carrier_refs=carrier.refs if carrier else {},
        application=str(number.application_sid) if number.application_sid else None,
        routed=number.wanted == Status.ACTIVE,
        refs=refs,
    )


def refuse_dead_carrier(carrier: Carrier | None) -> None:
    """Whoever waited for a carrier learns here that it failed."""
    if carrier and carrier.status == Carrier.Status.FAILED:
        reason = carrier.error_message or ""
        raise Refused(
            _("Carrier %(carrier)s could not be set up: %(reason)s")
            % {"carrier": carrier.name, "reason": reason}
        )


def keep_placement(placement: Placement, operation: Operation) -> None:
    placement.refs = operation.refs
    if operation.status == Operation.Status.DONE:
        placement.state = (
            State.REMOVED if operation.wish == Operation.Wish.REMOVE else State.SETTLED
        )
    elif operation.wish == Operation.Wish.ENSURE and placement.state == State.PENDING:
        placement.state = State.FAILED
    placement.save(update_fields=["refs", "state"])


def move_number(number: PhoneNumber, operation: Operation) -> None:
    if operation.wish == Operation.Wish.REMOVE:
        release(number, operation)
    elif operation.status == Operation.Status.DONE:
        arrive(number, operation)
    else:
        refuse(number, operation)


def arrive(number: PhoneNumber, operation: Operation) -> None:
    """All placements settled: the number is what was wanted."""
    unsettled = number.placements.exclude(state=State.SETTLED).exists()
    if unsettled or number.status == number.wanted:
        return
    if states.move(number.pk, to=number.wanted, error_message=None):
        tell(operation, number, f"phone_number.{ACTIONS[number.wanted]}", {"status": number.wanted})


ACTIONS = {Status.ACTIVE: "activated", Status.INACTIVE: "deactivated"}


def refuse(number: PhoneNumber, operation: Operation) -> None:
    """A number that was being set up has failed; one that works stays as it was."""
    after = {"status": Status.FAILED, "reason": operation.reason}
    if states.move(number.pk, to=Status.FAILED, error_message=operation.reason):
        tell(operation, number, "phone_number.failed", after)
    elif number.status in (Status.ACTIVE, Status.INACTIVE):
        states.touch(number.pk, wanted=number.status)
        tell(
            operation,
            number,
            "phone_number.change_refused",
            {"status": number.status, "reason": operation.reason},
        )


def release(number: PhoneNumber, operation: Operation) -> None:
    """Gone from every platform: the number is free for the next holder. Refused: held, with the
    reason."""
    if operation.status != Operation.Status.DONE:
        states.touch(number.pk, error_message=operation.reason)
        tell(operation, number, "phone_number.removal_refused", {"reason": operation.reason})
    elif not number.placements.exclude(state=State.REMOVED).exists():
        release_now(number)
        tell(operation, number, "phone_number.released", {})


def release_now(number: PhoneNumber) -> None:
    states.touch(number.pk, released_at=Now(), error_message=None)


def tell(operation: Operation, number: PhoneNumber, action: str, after: dict) -> None:
    by = system(operation.organization, "worker")
    before = {"status": number.status}
    record(by, action, number, kind="phone_number", label=number.e164, before=before, after=after)
