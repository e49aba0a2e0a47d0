"""One gateway at a time: added, changed, removed. The carrier follows on its platform."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from carriers.models import Carrier
from carriers.operations import change_carrier, lock_carrier
from carriers.validation import gateway_complaints, gateways_complaints
from organizations.access.principals import Principal

FIELDS = ("ipv4", "port", "netmask", "inbound", "outbound", "protocol")
MAX_GATEWAYS = 50
Values = dict[str, Any]


def add_gateway(
    by: Principal, carrier_id: UUID, gateway: Mapping[str, Any], *, password: str = ""
) -> Carrier:
    """Raises ValidationError where the list would be impossible, CannotDo, and PasswordNeeded where
    calls would go to another address and no `password` takes the place of the stored one."""
    return change_list(
        by, carrier_id, lambda kept: [*kept.values(), dict(gateway)], password=password
    )


def change_gateway(
    by: Principal,
    carrier_id: UUID,
    gateway_id: UUID,
    gateway: Mapping[str, Any],
    *,
    password: str = "",
) -> Carrier:
    """As add_gateway. One that was removed meanwhile is not made again: DoesNotExist."""

    def changed(kept: dict[UUID, Values]) -> list[Values]:
        return list({**kept, gateway_id: dict(gateway)}.values())

    return change_list(by, carrier_id, changed, of=gateway_id, password=password)


def remove_gateway(by: Principal, carrier_id: UUID, gateway_id: UUID) -> Carrier:
    """As change_gateway; a carrier keeps at least one."""

    def rest(kept: dict[UUID, Values]) -> list[Values]:
        return [values for key, values in kept.items() if key != gateway_id]

    return change_list(by, carrier_id, rest, of=gateway_id)


@transaction.atomic
def change_list(
    by: Principal,
    carrier_id: UUID,
    change: Callable[[dict[UUID, Values]], list[Values]],
    *,
    of: UUID | None = None,
    password: str = "",
) -> Carrier:
    """The list is read under the carrier's lock, so that two changes at once do not lose one."""
    carrier = lock_carrier(by, carrier_id)
    if of:
        carrier.gateways.get(pk=of)
    kept = {gateway.pk: values_of(gateway) for gateway in carrier.gateways.order_by("position")}
    wished = change(kept)
    if wished == list(kept.values()):
        return carrier
    refuse_impossible(wished, carrier.trunk_type)
    return change_carrier(by, carrier, gateways=wished, password=password)


def values_of(gateway: Any) -> Values:
    return {name: getattr(gateway, name) for name in FIELDS}


def refuse_impossible(gateways: list[Values], trunk_type: str) -> None:
    if not gateways:
        raise ValidationError(_("A carrier needs at least one gateway."))
    if len(gateways) > MAX_GATEWAYS:
        raise ValidationError(
            _("A carrier has at most %(most)s gateways.") % {"most": MAX_GATEWAYS}
        )
    complaints = [text for g in gateways for text in gateway_complaints(g).values()]
    complaints += gateways_complaints(gateways, trunk_type).values()
    if complaints:
        raise ValidationError(complaints)
