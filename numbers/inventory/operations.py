"""Requests to add, change, activate, deactivate, retry and delete a number. No function here calls
a platform."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from carriers.models import Carrier
from integrations.ledger import operation_requests as ledger
from integrations.models import Operation
from numbers.inventory import transitions
from numbers.inventory.locks import lock_named_agents, lock_number
from numbers.inventory.placements import (
    create_placement,
    create_placements,
    default_integrations_by_role,
    placement_dependencies,
    request_placement_operation,
    store_sip_settings,
)
from numbers.inventory.reservation import (
    CarrierUnavailable,
    NumberNotSupplied,
    NumberStateConflict,
    ensure_carrier_not_failed,
    ensure_within_pools,
    find_pending_carrier_operation,
    pool_violation,
    reserve_number,
    resolve_carrier,
)
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.operations import record_event

Status, Source = PhoneNumber.Status, PhoneNumber.Source
Action = Operation.Wish


@transaction.atomic
def add_number(
    by: Principal,
    *,
    number: str,
    voip_carrier_sid: UUID | None = None,
    **fields: Any,
) -> PhoneNumber:
    """Creates a pending number on a carrier, with its voice placement and the operation that sets
    it up. Returns the number.

    `number` must be possible and in E.164 (numbers/numbering/e164.py). `fields` are columns of the
    number. With `wanted` inactive, it is set up without routing and stays inactive until its
    activation is requested. Raises CarrierUnavailable, NumberOutsidePools and NumberTaken.
    """
    lock_named_agents(by, fields)
    carrier = resolve_carrier(by, voip_carrier_sid)
    phone_number = reserve_number(
        PhoneNumber(
            organization=by.organization,
            e164=number,
            carrier=carrier,
            source=carrier_number_source(by, carrier),
            created_by_id=by.user_id,
            **fields,
        )
    )
    settling_carrier = find_pending_carrier_operation(carrier)
    placement = create_placement(phone_number, carrier.integration, Placement.Role.VOICE)
    record_number_event(by, phone_number, "created", after=number_audit_snapshot(phone_number))
    request_placement_operation(
        by, placement, Action.ENSURE, label=number, waits_for=settling_carrier, is_new=True
    )
    return phone_number


def carrier_number_source(by: Principal, carrier: Carrier) -> str:
    is_own = carrier.organization_id == by.organization.pk
    return Source.BYOC if is_own and not carrier.is_installation_default else Source.TOPCALLS


# Columns that no platform depends on. Any other may affect one (placements.DEPENDENCIES).
LOCAL_FIELDS = {
    "label",
    "inbound_agent_version",
    "outbound_agent_id",
    "outbound_agent_version",
    "number_provider",
}


@transaction.atomic
def change_number(
    by: Principal,
    number_id: UUID,
    *,
    look: Callable[[PhoneNumber], None] | None = None,
    **changes: Any,
) -> PhoneNumber:
    """Changes the given columns of the number, `status` (active or inactive) or some of
    sip_settings.FIELDS in `sip_settings`, validated by the caller. Returns the number.

    LOCAL_FIELDS change at once. Other changes are requested from the platforms: `status` is the
    actual status, `wanted` the requested one, and a failed number is set up again. `look` is called
    with the locked number before the change. Raises NumberStateConflict, and whatever `look`
    raises.
    """
    lock_named_agents(by, changes)
    number, held = lock_number(by, number_id)
    if look:
        look(number)
    if number.status == Status.DELETED:
        raise NumberStateConflict(_("The number is deleted."))
    wanted = changes.pop("status", None)
    if wanted and wanted != number.wanted:
        ensure_switchable(number, held)
        changes["wanted"] = wanted
    ensure_directions_allowed(number, changes)
    changed = change_sip_settings(number, held, changes.pop("sip_settings", None))
    changes = {name: value for name, value in changes.items() if getattr(number, name) != value}
    changed |= changes.keys()
    if not changed:
        return number
    before = number_audit_snapshot(number)
    transitions.update_number_fields(number.pk, **changes)
    number.refresh_from_db()
    record_number_event(by, number, "changed", before=before, after=number_audit_snapshot(number))
    if changed - LOCAL_FIELDS:
        propagate_number_changes(by, number, held, changed)
    return number


def propagate_number_changes(
    by: Principal, number: PhoneNumber, held: list, changed: set[str]
) -> None:
    """Requests the change from the platforms that depend on what changed. A number on no platform
    is set up only if the organization's number pools allow it."""
    concerned = [pair for pair in held if changed & placement_dependencies(number, pair[0])]
    if not held or (concerned and number.status == Status.FAILED):
        if not pool_violation(number):
            set_up_number(by, number, held)
    else:
        for placement, operation in concerned:
            wish = operation.wish if operation else Action.ENSURE  # a merge stays a merge
            request_placement_operation(by, placement, wish, label=number.e164)
    if held and "outbound_trunk_id" in changed and not number.carrier_id:
        add_voice_placement(by, number, held)


def set_up_number(by: Principal, number: PhoneNumber, held: list) -> None:
    if held:
        restart_setup(by, number, held)
        number.refresh_from_db()
    else:
        place_recorded_number(by, number)


def add_voice_placement(by: Principal, number: PhoneNumber, held: list) -> None:
    """Adds a voice placement for a number that an account owns and that now names a SIP trunk.
    Raises NumberOutsidePools."""
    taken = {placement.role: placement for placement, _operation in held}
    home = default_integrations_by_role(by, number).get(Placement.Role.VOICE)
    supply = taken.get(Placement.Role.SUPPLY)
    if home is None or Placement.Role.VOICE in taken:
        return
    ensure_within_pools(number)
    voice = create_placement(
        number, home, Placement.Role.VOICE
    )  # created first, because the supply's routing depends on it
    supplied = (
        request_placement_operation(by, supply, Action.ENSURE, label=number.e164)
        if supply
        else None
    )
    request_placement_operation(
        by, voice, Action.ENSURE, label=number.e164, waits_for=supplied, is_new=True
    )


def place_recorded_number(by: Principal, number: PhoneNumber) -> bool:
    """Sets up a number that was only recorded, if there is a default integration for it now.
    Returns whether it did. Raises NumberOutsidePools."""
    homes = default_integrations_by_role(by, number)
    if not homes:
        return False
    ensure_within_pools(number)
    moved = transitions.transition_number(
        number.pk, to=Status.PENDING, wanted=Status.ACTIVE, error_message=None
    )
    if not moved:  # deleted meanwhile
        return False
    create_placements(by, number, homes)
    number.refresh_from_db()
    return True


def ensure_directions_allowed(number: PhoneNumber, changes: Mapping[str, Any]) -> None:
    """Ensures that calls in one direction are disabled only where the platform can prevent them.
    Raises NumberStateConflict."""
    closed = [changes.get(name) is False for name in ("supports_inbound", "supports_outbound")]
    if number.carrier_id and any(closed):
        raise NumberStateConflict(
            _(
                "A number on a carrier takes and makes calls as the carrier's gateways do; change "
                "these, or make the number inactive."
            )
        )


def own_trunk_placement(number: PhoneNumber, held: list) -> Placement | None:
    """Returns the voice placement with SIP settings of its own, or None. A number on a carrier uses
    the carrier's gateways."""
    voices = (p for p, _o in held if p.role == Placement.Role.VOICE and not number.carrier_id)
    return next(voices, None)


def change_sip_settings(
    number: PhoneNumber, held: list, settings: Mapping[str, Any] | None
) -> set[str]:
    """Stores new SIP settings. Returns {"sip_settings"} if they differ, or an empty set. Raises
    NumberStateConflict."""
    if settings is None:
        return set()
    voice = own_trunk_placement(number, held)
    if voice is None:
        raise NumberStateConflict(_("The number has no SIP trunks of its own."))
    before = {**voice.settings, **voice.secrets()}
    store_sip_settings(voice, settings)
    if before == {**voice.settings, **voice.secrets()}:
        return set()
    voice.save(update_fields=["settings", "sealed"])
    return {"sip_settings"}


def ensure_switchable(number: PhoneNumber, held: list) -> None:
    if not held:
        raise NumberStateConflict(number.error_message or _("The number is on no platform."))
    if number.status not in (Status.ACTIVE, Status.INACTIVE):
        raise NumberStateConflict(
            _("Only an active or inactive number can be switched; this one is %(status)s.")
            % {"status": number.status}
        )


@transaction.atomic
def retry_number(by: Principal, number_id: UUID) -> PhoneNumber:
    """Sets up a failed number again, makes a postponed operation due now, or requests the refused
    change of a working number again. Returns the number. Raises NumberStateConflict."""
    number, held = lock_number(by, number_id)
    if number.status == Status.FAILED:
        restart_setup(by, number, held)
    elif number.status == Status.DELETED and number.released_at is None:
        retry_placement_operations(by, number, held, Action.REMOVE)
    elif any(operation for _placement, operation in held):
        retry_placement_operations(by, number, held, Action.ENSURE)
    elif held and number.error_message:
        for placement, _operation in held:
            request_placement_operation(by, placement, Action.ENSURE, label=number.e164)
    elif held or not place_recorded_number(by, number):
        raise NumberStateConflict(
            _("There is nothing to try again: the number is %(status)s.")
            % {"status": number.status}
        )
    record_number_event(by, number, "retried")
    number.refresh_from_db()
    return number


def restart_setup(
    by: Principal, number: PhoneNumber, held: list, wish: str = Action.ENSURE
) -> None:
    """Sets up the number again with the `wanted` status it had. The operation waits for a carrier
    that is being set up, and the voice placement for the supply. Raises NumberOutsidePools, and
    NumberStateConflict if the carrier has failed."""
    ensure_within_pools(number)
    waits_for = None
    if number.carrier:
        ensure_carrier_available(number.carrier)
        waits_for = find_pending_carrier_operation(number.carrier)
    transitions.transition_number(number.pk, to=Status.PENDING, error_message=None)
    for placement, _operation in held:  # "supply" sorts before "voice"
        Placement.objects.filter(pk=placement.pk).update(state=Placement.State.PENDING)
        asked = request_placement_operation(
            by, placement, wish, label=number.e164, waits_for=waits_for
        )
        waits_for = asked if placement.role == Placement.Role.SUPPLY else waits_for


@transaction.atomic
def merge_duplicates(by: Principal, number_id: UUID) -> PhoneNumber:
    """Requests that the platforms delete all but one of several identical objects for the number
    and then set it up. Returns the number. Raises NumberStateConflict."""
    number, held = lock_number(by, number_id)
    if number.status == Status.DELETED or not held:
        raise NumberStateConflict(_("The number is on no platform."))
    if number.status == Status.FAILED:
        restart_setup(by, number, held, Action.MERGE)
    else:
        for placement, _operation in held:
            request_placement_operation(by, placement, Action.MERGE, label=number.e164)
    record_number_event(by, number, "merged")
    number.refresh_from_db()
    return number


def ensure_carrier_available(carrier: Carrier) -> None:
    try:
        ensure_carrier_not_failed(carrier)
    except CarrierUnavailable as error:
        raise NumberStateConflict(str(error)) from error


def retry_placement_operations(by: Principal, number: PhoneNumber, held: list, wish: str) -> None:
    for placement, operation in held:
        if operation:
            ledger.make_operation_due(operation)
        elif placement.state != Placement.State.REMOVED and wish == Action.REMOVE:
            request_placement_operation(by, placement, wish, label=number.e164)


@transaction.atomic
def delete_number(by: Principal, number_id: UUID, *, release: bool = False) -> None:
    """Marks the number as deleted (a soft deletion). The row reserves the number until its
    platforms have removed it.

    An account that owns the number keeps it, and is charged for it, unless `release` is set. A
    number that no platform can know of yet is free at once. Deleting it again changes nothing.
    Raises NumberNotSupplied, and NumberStateConflict if `release` is requested after the deletion.
    """
    number, held = lock_number(by, number_id)
    if release:
        mark_for_release(by, number, held)
    if not transitions.transition_number(
        number.pk, to=Status.DELETED, wanted=Status.DELETED, error_message=None
    ):
        return
    after = {"released": True} if release else {}
    record_number_event(by, number, "deleted", before=number_audit_snapshot(number), after=after)
    for placement, operation in held:
        # A release must be requested even if nothing was set up on the account.
        if operation and not placement.release and ledger.cancel_operation(operation):
            Placement.objects.filter(pk=placement.pk).update(state=Placement.State.REMOVED)
        else:
            request_placement_operation(by, placement, Action.REMOVE, label=number.e164)
    if not number.placements.exclude(state=Placement.State.REMOVED).exists():
        transitions.update_number_fields(number.pk, released_at=Now())


def mark_for_release(by: Principal, number: PhoneNumber, held: list) -> None:
    supply = next((p for p, _o in held if p.role == Placement.Role.SUPPLY), None)
    if supply is None:
        raise NumberNotSupplied(
            _("No account supplies this number: there is nothing to give back.")
        )
    if number.status == Status.DELETED and not supply.release:
        raise NumberStateConflict(_("The number is deleted already, and its account keeps it."))
    supply.release = True
    supply.save(update_fields=["release"])


def record_number_event(
    by: Principal, number: PhoneNumber, action: str, **facts_of_it: Any
) -> None:
    """Records an event of the number in the audit log."""
    record_event(
        by, f"phone_number.{action}", number, kind="phone_number", label=number.e164, **facts_of_it
    )


def number_audit_snapshot(number: PhoneNumber) -> dict[str, Any]:
    """Returns what the audit log stores of a number."""
    return {
        "number": number.e164,
        "label": number.label,
        "status": number.status,
        "wanted": number.wanted,
        "carrier": str(number.carrier_id) if number.carrier_id else None,
        "application_sid": str(number.application_sid) if number.application_sid else None,
        "source": number.source,
        **{name: getattr(number, name) for name in AUDITED_FIELDS},
    }


AUDITED_FIELDS = (
    "supports_inbound",
    "supports_outbound",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_webhook_url",
    "outbound_trunk_id",
)
