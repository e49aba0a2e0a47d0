"""The asker's half: add, change, activate, deactivate, retry and delete a number. No platform call
here."""

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
from numbers.inventory.locks import lock_named_agents, locked
from numbers.inventory.placements import ask, default_homes, depends_on, keep_sip, place, settle_in
from numbers.inventory.reservation import (
    NoCarrier,
    NotPossibleNow,
    NotSupplied,
    carrier_for,
    carrier_operation,
    hold_number,
    outside_pools,
    refuse_failed,
    refuse_outside_pools,
)
from numbers.models import PhoneNumber, Placement
from organizations.access.principals import Principal
from organizations.operations import record

Status, Source = PhoneNumber.Status, PhoneNumber.Source
Wish = Operation.Wish


@transaction.atomic
def add_number(
    by: Principal,
    *,
    number: str,
    voip_carrier_sid: UUID | None = None,
    **fields: Any,
) -> PhoneNumber:
    """A pending number on a carrier, its voice placement, and the wish to set it up.

    `number` is E.164 and possible (numbers/numbering/e164.py). `fields` are columns of the number;
    with `wanted` inactive it is set up without its routing, and never active before somebody asks
    for it. Raises NoCarrier, OutsidePools and NumberTaken.
    """
    lock_named_agents(by, fields)
    carrier = carrier_for(by, voip_carrier_sid)
    phone_number = hold_number(
        PhoneNumber(
            organization=by.organization,
            e164=number,
            carrier=carrier,
            source=source_on(by, carrier),
            created_by_id=by.user_id,
            **fields,
        )
    )
    settling_carrier = carrier_operation(carrier)
    placement = place(phone_number, carrier.integration, Placement.Role.VOICE)
    tell(by, phone_number, "created", after=facts(phone_number))
    ask(by, placement, Wish.ENSURE, label=number, waits_for=settling_carrier, is_new=True)
    return phone_number


def source_on(by: Principal, carrier: Carrier) -> str:
    is_own = carrier.organization_id == by.organization.pk
    return Source.BYOC if is_own and not carrier.is_installation_default else Source.TOPCALLS


# What only the row knows; everything else may be a wish for the platforms (placing.DEPENDENCIES).
LOCAL = {
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
    """Change columns of the number, `status` (active ↔ inactive) or `sip_settings` (some of
    sip.FIELDS, checked by the caller); only the keys given change.

    What is LOCAL is changed at once. The others are wishes: the answer tells the state that is, and
    `wanted` what is under way; a failed number is tried again with them. `look` is shown the locked
    number as it is before. Raises NotPossibleNow, and whatever `look` does.
    """
    lock_named_agents(by, changes)
    number, held = locked(by, number_id)
    if look:
        look(number)
    if number.status == Status.DELETED:
        raise NotPossibleNow(_("The number is deleted."))
    wanted = changes.pop("status", None)
    if wanted and wanted != number.wanted:
        check_switch(number, held)
        changes["wanted"] = wanted
    refuse_directions(number, changes)
    changed = change_sip(number, held, changes.pop("sip_settings", None))
    changes = {name: value for name, value in changes.items() if getattr(number, name) != value}
    changed |= changes.keys()
    if not changed:
        return number
    before = facts(number)
    transitions.touch(number.pk, **changes)
    number.refresh_from_db()
    tell(by, number, "changed", before=before, after=facts(number))
    if changed - LOCAL:
        follow(by, number, held, changed)
    return number


def follow(by: Principal, number: PhoneNumber, held: list, changed: set[str]) -> None:
    """The platforms that depend on what changed are asked for what the number is now. One that is
    on none, and outside the organization's number pools, is changed and goes on none."""
    concerned = [pair for pair in held if changed & depends_on(number, pair[0])]
    if not held or (concerned and number.status == Status.FAILED):
        if not outside_pools(number):
            set_up(by, number, held)
    else:
        for placement, operation in concerned:
            wish = operation.wish if operation else Wish.ENSURE  # a merge stays one
            ask(by, placement, wish, label=number.e164)
    if held and "outbound_trunk_id" in changed and not number.carrier_id:
        add_trunks(by, number, held)


def set_up(by: Principal, number: PhoneNumber, held: list) -> None:
    if held:
        start_again(by, number, held)
        number.refresh_from_db()
    else:
        place_now(by, number)


def add_trunks(by: Principal, number: PhoneNumber, held: list) -> None:
    """A supplied number that names a SIP trunk now gets its place on that platform too. Raises
    OutsidePools."""
    taken = {placement.role: placement for placement, _operation in held}
    home = default_homes(by, number).get(Placement.Role.VOICE)
    supply = taken.get(Placement.Role.SUPPLY)
    if home is None or Placement.Role.VOICE in taken:
        return
    refuse_outside_pools(number)
    voice = place(number, home, Placement.Role.VOICE)  # first: the supply's routing looks for it
    supplied = ask(by, supply, Wish.ENSURE, label=number.e164) if supply else None
    ask(by, voice, Wish.ENSURE, label=number.e164, waits_for=supplied, is_new=True)


def place_now(by: Principal, number: PhoneNumber) -> bool:
    """A number that was only recorded moves in where there is a default integration for it now.
    Raises OutsidePools."""
    homes = default_homes(by, number)
    if not homes:
        return False
    refuse_outside_pools(number)
    moved = transitions.move(number.pk, to=Status.PENDING, wanted=Status.ACTIVE, error_message=None)
    if not moved:  # deleted
        return False
    settle_in(by, number, homes)
    number.refresh_from_db()
    return True


def refuse_directions(number: PhoneNumber, changes: Mapping[str, Any]) -> None:
    """What cannot be kept from happening is not promised. Raises NotPossibleNow."""
    closed = [changes.get(name) is False for name in ("supports_inbound", "supports_outbound")]
    if number.carrier_id and any(closed):
        raise NotPossibleNow(
            _(
                "A number on a carrier takes and makes calls as the carrier's gateways do; change "
                "these, or make the number inactive."
            )
        )


def own_trunks(number: PhoneNumber, held: list) -> Placement | None:
    """The voice placement that has SIP settings; a carrier's number has the carrier's gateways."""
    voices = (p for p, _o in held if p.role == Placement.Role.VOICE and not number.carrier_id)
    return next(voices, None)


def change_sip(number: PhoneNumber, held: list, settings: Mapping[str, Any] | None) -> set[str]:
    """What changed by it: "sip_settings" or nothing. Raises NotPossibleNow."""
    if settings is None:
        return set()
    voice = own_trunks(number, held)
    if voice is None:
        raise NotPossibleNow(_("The number has no SIP trunks of its own."))
    before = {**voice.settings, **voice.secrets()}
    keep_sip(voice, settings)
    if before == {**voice.settings, **voice.secrets()}:
        return set()
    voice.save(update_fields=["settings", "sealed"])
    return {"sip_settings"}


def check_switch(number: PhoneNumber, held: list) -> None:
    if not held:
        raise NotPossibleNow(number.error_message or _("The number is on no platform."))
    if number.status not in (Status.ACTIVE, Status.INACTIVE):
        raise NotPossibleNow(
            _("Only an active or inactive number can be switched; this one is %(status)s.")
            % {"status": number.status}
        )


@transaction.atomic
def retry_number(by: Principal, number_id: UUID) -> PhoneNumber:
    """A failed number is pending again; a postponed operation is tried now, a refused change of a
    working number asked for again. Raises NotPossibleNow."""
    number, held = locked(by, number_id)
    if number.status == Status.FAILED:
        start_again(by, number, held)
    elif number.status == Status.DELETED and number.released_at is None:
        repeat(by, number, held, Wish.REMOVE)
    elif any(operation for _placement, operation in held):
        repeat(by, number, held, Wish.ENSURE)
    elif held and number.error_message:
        for placement, _operation in held:
            ask(by, placement, Wish.ENSURE, label=number.e164)
    elif held or not place_now(by, number):
        raise NotPossibleNow(
            _("There is nothing to try again: the number is %(status)s.")
            % {"status": number.status}
        )
    tell(by, number, "retried")
    number.refresh_from_db()
    return number


def start_again(by: Principal, number: PhoneNumber, held: list, wish: str = Wish.ENSURE) -> None:
    """As on the first day, as active or inactive as it was wanted then: a carrier that is being set
    up is waited for, a failed one named; the voice placement waits for the supply. Raises
    OutsidePools."""
    refuse_outside_pools(number)
    waits_for = None
    if number.carrier:
        refuse_carrier_now(number.carrier)
        waits_for = carrier_operation(number.carrier)
    transitions.move(number.pk, to=Status.PENDING, error_message=None)
    for placement, _operation in held:  # supply comes first, by its name
        Placement.objects.filter(pk=placement.pk).update(state=Placement.State.PENDING)
        asked = ask(by, placement, wish, label=number.e164, waits_for=waits_for)
        waits_for = asked if placement.role == Placement.Role.SUPPLY else waits_for


@transaction.atomic
def merge_duplicates(by: Principal, number_id: UUID) -> PhoneNumber:
    """Leave one of several equal objects that a platform holds for the number; then set it up.
    Raises NotPossibleNow."""
    number, held = locked(by, number_id)
    if number.status == Status.DELETED or not held:
        raise NotPossibleNow(_("The number is on no platform."))
    if number.status == Status.FAILED:
        start_again(by, number, held, Wish.MERGE)
    else:
        for placement, _operation in held:
            ask(by, placement, Wish.MERGE, label=number.e164)
    tell(by, number, "merged")
    number.refresh_from_db()
    return number


def refuse_carrier_now(carrier: Carrier) -> None:
    try:
        refuse_failed(carrier)
    except NoCarrier as error:
        raise NotPossibleNow(str(error)) from error


def repeat(by: Principal, number: PhoneNumber, held: list, wish: str) -> None:
    for placement, operation in held:
        if operation:
            ledger.try_now(operation)
        elif placement.state != Placement.State.REMOVED and wish == Wish.REMOVE:
            ask(by, placement, wish, label=number.e164)


@transaction.atomic
def delete_number(by: Principal, number_id: UUID, *, release: bool = False) -> None:
    """Soft delete at once; the row holds the number until it is gone from its platforms.

    An account that owns the number keeps it, and pays for it, unless `release` gives it back. What
    no platform can know of yet is released on the spot. Deleting twice changes nothing. Raises
    NotSupplied, and NotPossibleNow for a release that comes after the deletion.
    """
    number, held = locked(by, number_id)
    if release:
        note_release(by, number, held)
    if not transitions.move(
        number.pk, to=Status.DELETED, wanted=Status.DELETED, error_message=None
    ):
        return
    after = {"released": True} if release else {}
    tell(by, number, "deleted", before=facts(number), after=after)
    for placement, operation in held:
        # What is to be given back must be asked for, even where we have never been.
        if operation and not placement.release and ledger.withdraw(operation):
            Placement.objects.filter(pk=placement.pk).update(state=Placement.State.REMOVED)
        else:
            ask(by, placement, Wish.REMOVE, label=number.e164)
    if not number.placements.exclude(state=Placement.State.REMOVED).exists():
        transitions.touch(number.pk, released_at=Now())


def note_release(by: Principal, number: PhoneNumber, held: list) -> None:
    supply = next((p for p, _o in held if p.role == Placement.Role.SUPPLY), None)
    if supply is None:
        raise NotSupplied(_("No account supplies this number: there is nothing to give back."))
    if number.status == Status.DELETED and not supply.release:
        raise NotPossibleNow(_("The number is deleted already, and its account keeps it."))
    supply.release = True
    supply.save(update_fields=["release"])


def tell(by: Principal, number: PhoneNumber, action: str, **facts_of_it: Any) -> None:
    """One line in the audit log."""
    record(
        by, f"phone_number.{action}", number, kind="phone_number", label=number.e164, **facts_of_it
    )


def facts(number: PhoneNumber) -> dict[str, Any]:
    """What the audit log keeps of a number."""
    return {
        "number": number.e164,
        "label": number.label,
        "status": number.status,
        "wanted": number.wanted,
        "carrier": str(number.carrier_id) if number.carrier_id else None,
        "application_sid": str(number.application_sid) if number.application_sid else None,
        "source": number.source,
        **{name: getattr(number, name) for name in TOLD},
    }


TOLD = (
    "supports_inbound",
    "supports_outbound",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_webhook_url",
    "outbound_trunk_id",
)
