"""The worker's half: a placement as a wish for its platform, and what follows for its number."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.models import Integration, Operation
from integrations.providers.base import NumberSpec, Refused, SipSpec
from numbers.inventory import transitions
from numbers.inventory.placements import ask
from numbers.models import Agent, PhoneNumber, Placement
from organizations.access.principals import system
from organizations.operations import record

Status, State, Asked = PhoneNumber.Status, Placement.State, Operation.Status


class PlacementSubject:
    def spec(self, operation: Operation) -> NumberSpec | None:
        rows = Placement.objects.select_related("phone_number__carrier")
        placement = rows.filter(pk=operation.subject_id).first()
        if placement is None:
            return None
        if operation.wish != Operation.Wish.REMOVE:
            refuse_dead_carrier(placement.phone_number.carrier)
            refuse_dead_supply(placement)
        return spec_of(placement, refs=operation.refs)

    def forget(self, integration: Integration) -> None:
        """The tombstones stay, without what they had on it."""
        released = PhoneNumber.objects.filter(released_at__isnull=False)
        released.filter(carrier__integration=integration).update(carrier=None)
        Placement.objects.filter(
            integration=integration, phone_number__released_at__isnull=False
        ).delete()

    def lock(self, operation: Operation) -> Collection[UUID] | QuerySet:
        """The number; all of its placements settle together, as a refusal changes the others."""
        of_number = Placement.objects.filter(pk=operation.subject_id).values("phone_number")
        numbers = PhoneNumber.objects.select_for_update(no_key=True).filter(pk__in=of_number)
        number_id = numbers.values_list("pk", flat=True).first()
        if number_id is None:
            return [operation.subject_id]
        return Placement.objects.filter(phone_number=number_id).values("pk")

    def settled(self, operation: Operation) -> None:
        rows = Placement.objects.select_related("phone_number")
        placement = rows.filter(pk=operation.subject_id).first()
        if placement:
            keep_placement(placement, operation)
            move_number(placement.phone_number, operation)


def spec_of(placement: Placement, *, refs: dict[str, str]) -> NumberSpec:
    number, carrier = placement.phone_number, placement.phone_number.carrier
    is_supply = placement.role == Placement.Role.SUPPLY
    applies = number.application_sid and not is_supply
    return NumberSpec(
        marker=placement.marker,
        e164=number.e164,
        carrier_refs=carrier.refs if carrier else {},
        # One of the platform where its calls land; what supplies it knows other ones.
        application=str(number.application_sid) if applies else None,
        routed=number.wanted == Status.ACTIVE and (number.supports_inbound or not is_supply),
        refs=refs,
        sip=None if is_supply or carrier else sip_of(placement),
        webhook=webhook_of(number) if is_supply else None,
        lands_elsewhere=is_supply and has_voice(number),
        purchase=placement.purchase,
        release=placement.release,
    )


def sip_of(placement: Placement) -> SipSpec:
    """Without an address there is no way out; a supplied number may call by its account."""
    number = placement.phone_number
    way_out = placement.settings.get("server_address") or number.outbound_trunk_id
    return SipSpec(
        inbound=number.supports_inbound,
        outbound=number.supports_outbound and bool(way_out),
        outbound_trunk_id=number.outbound_trunk_id or "",
        **placement.settings,
        **placement.secrets(),
    )


def webhook_of(number: PhoneNumber) -> str | None:
    """Where a supply platform shall send its calls: nowhere in particular without an agent."""
    if not number.supports_inbound:
        return None
    if number.inbound_webhook_url:
        return number.inbound_webhook_url
    agents = Agent.objects.filter(organization_id=number.organization_id)
    agents = agents.filter(agent_id=number.inbound_agent_id)
    return agents.values_list("voice_url", flat=True).first()


def has_voice(number: PhoneNumber) -> bool:
    voice = number.placements.filter(role=Placement.Role.VOICE)
    return number.supports_inbound and voice.exclude(state=State.REMOVED).exists()


def refuse_dead_carrier(carrier: Carrier | None) -> None:
    """Whoever waited for a carrier learns here that it failed."""
    if carrier and carrier.status == Carrier.Status.FAILED:
        reason = carrier.error_message or ""
        raise Refused(
            _("Carrier %(carrier)s could not be set up: %(reason)s")
            % {"carrier": carrier.name, "reason": reason}
        )


def refuse_dead_supply(placement: Placement) -> None:
    """Trunks for a number that the account turned out not to own would carry nothing."""
    number = placement.phone_number
    if placement.role == Placement.Role.SUPPLY or number.carrier_id:  # a carrier supplies it
        return
    supply = number.placements.filter(role=Placement.Role.SUPPLY)
    if supply.filter(state=State.FAILED).exists():
        raise Refused(_("The number could not be taken in from the account that supplies it."))


def keep_placement(placement: Placement, operation: Operation) -> None:
    placement.refs = operation.refs
    if operation.status == Operation.Status.DONE:
        placement.state = (
            State.REMOVED if operation.wish == Operation.Wish.REMOVE else State.SETTLED
        )
        placement.purchase = None  # done once: what is lost later is not bought again unasked
    elif operation.wish != Operation.Wish.REMOVE and placement.state == State.PENDING:
        placement.state = State.FAILED
    placement.save(update_fields=["refs", "state", "purchase"])


def move_number(number: PhoneNumber, operation: Operation) -> None:
    if operation.wish == Operation.Wish.REMOVE:
        release(number, operation)
    elif operation.status == Operation.Status.DONE:
        arrive(number, operation)
    else:
        refuse(number, operation)


def arrive(number: PhoneNumber, operation: Operation) -> None:
    """All placements are as was asked for last: the number is what was wanted."""
    others = placed_elsewhere(number, operation)
    if any(state != State.SETTLED or last == Asked.OPEN for state, last in others):
        return
    if number.status == number.wanted:
        # Of a change that was refused, and has been made since, or is not wished any more.
        if number.error_message and not any(last == Asked.REFUSED for _state, last in others):
            transitions.touch(number.pk, error_message=None)
    elif transitions.move(number.pk, to=number.wanted, error_message=None):
        tell(operation, number, f"phone_number.{ACTIONS[number.wanted]}", {"status": number.wanted})


def placed_elsewhere(number: PhoneNumber, operation: Operation) -> list[tuple[str, str]]:
    """Of its other placements: the state, and the status of what was asked for there last."""
    asked = Operation.objects.filter(subject_kind="placement", subject_id=OuterRef("pk"))
    last = Subquery(asked.order_by("-created_at").values("status")[:1])
    others = number.placements.exclude(pk=operation.subject_id)
    return list(others.annotate(last=last).values_list("state", "last"))


ACTIONS = {Status.ACTIVE: "activated", Status.INACTIVE: "deactivated"}


def refuse(number: PhoneNumber, operation: Operation) -> None:
    """A number that was being set up has failed; one that works stays as it was."""
    after = {"status": Status.FAILED, "reason": operation.reason}
    if number.status == Status.FAILED:  # by another placement, whose reason comes first
        return
    if transitions.move(number.pk, to=Status.FAILED, error_message=operation.reason):
        tell(operation, number, "phone_number.failed", after)
    elif number.status in (Status.ACTIVE, Status.INACTIVE):
        transitions.touch(number.pk, wanted=number.status, error_message=operation.reason)
        tell(
            operation,
            number,
            "phone_number.change_refused",
            {"status": number.status, "reason": operation.reason},
        )
        if number.wanted != number.status:
            turn_back(number, operation)


def turn_back(number: PhoneNumber, operation: Operation) -> None:
    """A switch that one platform refused is undone on the others, which may have made it."""
    by = system(operation.organization, "worker")
    others = number.placements.exclude(pk=operation.subject_id).select_related("integration")
    for placement in others:
        ask(by, placement, Operation.Wish.ENSURE, label=number.e164)


def release(number: PhoneNumber, operation: Operation) -> None:
    """Gone from every platform: the number is free for the next holder. Refused: held, with the
    reason."""
    if operation.status != Operation.Status.DONE:
        transitions.touch(number.pk, error_message=operation.reason)
        tell(operation, number, "phone_number.removal_refused", {"reason": operation.reason})
    elif not number.placements.exclude(state=State.REMOVED).exists():
        release_now(number)
        tell(operation, number, "phone_number.released", {})


def release_now(number: PhoneNumber) -> None:
    transitions.touch(number.pk, released_at=Now(), error_message=None)


def tell(operation: Operation, number: PhoneNumber, action: str, after: dict) -> None:
    by = system(operation.organization, "worker")
    before = {"status": number.status}
    record(by, action, number, kind="phone_number", label=number.e164, before=before, after=after)
