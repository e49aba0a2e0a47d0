"""Reconciliation of placements, done by the worker: the desired state of a placement on its
platform, and what the result means for its number."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.models import Integration, Operation
from integrations.providers.base import NumberSpec, Refused, SipSpec
from numbers.inventory import transitions
from numbers.inventory.placements import request_placement_operation
from numbers.models import Agent, PhoneNumber, Placement
from organizations.access.principals import system_principal
from organizations.operations import record_event

Status, State, OperationStatus = PhoneNumber.Status, Placement.State, Operation.Status


class PlacementReconciler:
    def spec(self, operation: Operation) -> NumberSpec | None:
        rows = Placement.objects.select_related("phone_number__carrier")
        placement = rows.filter(pk=operation.subject_id).first()
        if placement is None:
            return None
        if operation.wish != Operation.Wish.REMOVE:
            ensure_carrier_set_up(placement.phone_number.carrier)
            ensure_supply_not_failed(placement)
        return build_number_spec(placement, refs=operation.refs)

    def forget(self, integration: Integration) -> None:
        """Detaches released numbers from an integration that is about to be deleted. Their rows
        stay, without their placements on it."""
        released = PhoneNumber.objects.filter(released_at__isnull=False)
        released.filter(carrier__integration=integration).update(carrier=None)
        Placement.objects.filter(
            integration=integration, phone_number__released_at__isnull=False
        ).delete()

    def lock(self, operation: Operation) -> Collection[UUID] | QuerySet:
        """Locks the number. Returns the ids of all its placements, which settle together because a
        refusal changes the others."""
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
            store_placement_result(placement, operation)
            apply_operation_result(placement.phone_number, operation)


def build_number_spec(placement: Placement, *, refs: dict[str, str]) -> NumberSpec:
    number, carrier = placement.phone_number, placement.phone_number.carrier
    is_supply = placement.role == Placement.Role.SUPPLY
    applies = number.application_sid and not is_supply
    return NumberSpec(
        marker=placement.marker,
        e164=number.e164,
        carrier_refs=carrier.refs if carrier else {},
        # The application is one of the voice platform; the supply platform has others.
        application=str(number.application_sid) if applies else None,
        routed=number.wanted == Status.ACTIVE and (number.supports_inbound or not is_supply),
        refs=refs,
        sip=None if is_supply or carrier else build_sip_spec(placement),
        webhook=effective_webhook_url(number) if is_supply else None,
        lands_elsewhere=is_supply and has_voice_placement(number),
        purchase=placement.purchase,
        release=placement.release,
    )


def build_sip_spec(placement: Placement) -> SipSpec:
    """Returns the SIP settings of a number with trunks of its own. Outbound calls need a server
    address or an outbound trunk; a number that an account owns may make calls through the
    account."""
    number = placement.phone_number
    way_out = placement.settings.get("server_address") or number.outbound_trunk_id
    return SipSpec(
        inbound=number.supports_inbound,
        outbound=number.supports_outbound and bool(way_out),
        outbound_trunk_id=number.outbound_trunk_id or "",
        **placement.settings,
        **placement.secrets(),
    )


def effective_webhook_url(number: PhoneNumber) -> str | None:
    """Returns the URL that the supply platform sends the number's calls to, or None without inbound
    calls, or with neither a webhook nor an agent that has a voice URL."""
    if not number.supports_inbound:
        return None
    if number.inbound_webhook_url:
        return number.inbound_webhook_url
    agents = Agent.objects.filter(organization_id=number.organization_id)
    agents = agents.filter(agent_id=number.inbound_agent_id)
    return agents.values_list("voice_url", flat=True).first()


def has_voice_placement(number: PhoneNumber) -> bool:
    voice = number.placements.filter(role=Placement.Role.VOICE)
    return number.supports_inbound and voice.exclude(state=State.REMOVED).exists()


def ensure_carrier_set_up(carrier: Carrier | None) -> None:
    """Raises Refused if the carrier that the operation waited for has failed."""
    if carrier and carrier.status == Carrier.Status.FAILED:
        reason = carrier.error_message or ""
        raise Refused(
            _("Carrier %(carrier)s could not be set up: %(reason)s")
            % {"carrier": carrier.name, "reason": reason}
        )


def ensure_supply_not_failed(placement: Placement) -> None:
    """Raises Refused if the account does not own the number, because its trunks would carry no
    calls."""
    number = placement.phone_number
    if placement.role == Placement.Role.SUPPLY or number.carrier_id:  # the carrier owns it
        return
    supply = number.placements.filter(role=Placement.Role.SUPPLY)
    if supply.filter(state=State.FAILED).exists():
        raise Refused(_("The number could not be taken in from the account that supplies it."))


def store_placement_result(placement: Placement, operation: Operation) -> None:
    placement.refs = operation.refs
    if operation.status == Operation.Status.DONE:
        placement.state = (
            State.REMOVED if operation.wish == Operation.Wish.REMOVE else State.SETTLED
        )
        placement.purchase = None  # a number lost later is not bought again
    elif operation.wish != Operation.Wish.REMOVE and placement.state == State.PENDING:
        placement.state = State.FAILED
    placement.save(update_fields=["refs", "state", "purchase"])


def apply_operation_result(number: PhoneNumber, operation: Operation) -> None:
    if operation.wish == Operation.Wish.REMOVE:
        finish_removal(number, operation)
    elif operation.status == Operation.Status.DONE:
        complete_status_change(number, operation)
    else:
        handle_refused_operation(number, operation)


def complete_status_change(number: PhoneNumber, operation: Operation) -> None:
    """Changes the status to the requested one once all placements have settled as requested
    last."""
    others = other_placement_states(number, operation)
    if any(state != State.SETTLED or last == OperationStatus.OPEN for state, last in others):
        return
    if number.status == number.wanted:
        # Clear the error of a change that was refused, if it was made since or is no longer
        # requested.
        if number.error_message and not any(
            last == OperationStatus.REFUSED for _state, last in others
        ):
            transitions.update_number_fields(number.pk, error_message=None)
    elif transitions.transition_number(number.pk, to=number.wanted, error_message=None):
        record_provisioning_event(
            operation,
            number,
            f"phone_number.{EVENT_BY_STATUS[number.wanted]}",
            {"status": number.wanted},
        )


def other_placement_states(number: PhoneNumber, operation: Operation) -> list[tuple[str, str]]:
    """Returns, for each other placement of the number, its state and the status of the last
    operation requested on it."""
    asked = Operation.objects.filter(subject_kind="placement", subject_id=OuterRef("pk"))
    last = Subquery(asked.order_by("-created_at").values("status")[:1])
    others = number.placements.exclude(pk=operation.subject_id)
    return list(others.annotate(last=last).values_list("state", "last"))


EVENT_BY_STATUS = {Status.ACTIVE: "activated", Status.INACTIVE: "deactivated"}


def handle_refused_operation(number: PhoneNumber, operation: Operation) -> None:
    """Marks a number that was being set up as failed. A working number keeps its status and stores
    the reason."""
    after = {"status": Status.FAILED, "reason": operation.reason}
    if number.status == Status.FAILED:  # another placement failed first, and its reason stays
        return
    if transitions.transition_number(number.pk, to=Status.FAILED, error_message=operation.reason):
        record_provisioning_event(operation, number, "phone_number.failed", after)
    elif number.status in (Status.ACTIVE, Status.INACTIVE):
        transitions.update_number_fields(
            number.pk, wanted=number.status, error_message=operation.reason
        )
        record_provisioning_event(
            operation,
            number,
            "phone_number.change_refused",
            {"status": number.status, "reason": operation.reason},
        )
        if number.wanted != number.status:
            revert_other_placements(number, operation)


def revert_other_placements(number: PhoneNumber, operation: Operation) -> None:
    """Reverts a status change on the other platforms, which may have made it, after one refused
    it."""
    by = system_principal(operation.organization, "worker")
    others = number.placements.exclude(pk=operation.subject_id).select_related("integration")
    for placement in others:
        request_placement_operation(by, placement, Operation.Wish.ENSURE, label=number.e164)


def finish_removal(number: PhoneNumber, operation: Operation) -> None:
    """Releases the number for others once every platform has removed it. If a removal is refused,
    stores the reason and keeps the number reserved."""
    if operation.status != Operation.Status.DONE:
        transitions.update_number_fields(number.pk, error_message=operation.reason)
        record_provisioning_event(
            operation, number, "phone_number.removal_refused", {"reason": operation.reason}
        )
    elif not number.placements.exclude(state=State.REMOVED).exists():
        mark_released(number)
        record_provisioning_event(operation, number, "phone_number.released", {})


def mark_released(number: PhoneNumber) -> None:
    transitions.update_number_fields(number.pk, released_at=Now(), error_message=None)


def record_provisioning_event(
    operation: Operation, number: PhoneNumber, action: str, after: dict
) -> None:
    by = system_principal(operation.organization, "worker")
    before = {"status": number.status}
    record_event(
        by, action, number, kind="phone_number", label=number.e164, before=before, after=after
    )
