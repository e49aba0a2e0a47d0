"""Operations on one gateway at a time: add, change and remove. The platform is updated
afterwards."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from carriers.models import Carrier
from carriers.operations import change_carrier, lock_carrier
from carriers.validation import gateway_errors, gateway_list_errors
from organizations.access.principals import Principal

GATEWAY_FIELDS = ("ipv4", "port", "netmask", "inbound", "outbound", "protocol")
MAX_GATEWAYS = 50
GatewayValues = dict[str, Any]


def add_gateway(
    by: Principal, carrier_id: UUID, gateway: Mapping[str, Any], *, password: str = ""
) -> Carrier:
    """Adds a gateway. Raises ValidationError if the list would be invalid, CarrierActionNotAllowed,
    and PasswordRequired if calls would go to another address and no `password` replaces the stored
    one."""
    return update_gateway_list(
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
    """Changes a gateway, with the errors of add_gateway. Raises DoesNotExist if it was removed
    meanwhile, instead of adding it again."""

    def changed(kept: dict[UUID, GatewayValues]) -> list[GatewayValues]:
        return list({**kept, gateway_id: dict(gateway)}.values())

    return update_gateway_list(by, carrier_id, changed, of=gateway_id, password=password)


def remove_gateway(by: Principal, carrier_id: UUID, gateway_id: UUID) -> Carrier:
    """Removes a gateway, with the errors of change_gateway. A carrier needs at least one."""

    def rest(kept: dict[UUID, GatewayValues]) -> list[GatewayValues]:
        return [values for key, values in kept.items() if key != gateway_id]

    return update_gateway_list(by, carrier_id, rest, of=gateway_id)


@transaction.atomic
def update_gateway_list(
    by: Principal,
    carrier_id: UUID,
    change: Callable[[dict[UUID, GatewayValues]], list[GatewayValues]],
    *,
    of: UUID | None = None,
    password: str = "",
) -> Carrier:
    """Applies `change` to the list under the carrier's lock, so that concurrent changes do not
    overwrite each other."""
    carrier = lock_carrier(by, carrier_id)
    if of:
        carrier.gateways.get(pk=of)
    kept = {
        gateway.pk: gateway_values(gateway) for gateway in carrier.gateways.order_by("position")
    }
    wished = change(kept)
    if wished == list(kept.values()):
        return carrier
    ensure_valid_gateways(wished, carrier.trunk_type)
    return change_carrier(by, carrier, gateways=wished, password=password)


def gateway_values(gateway: Any) -> GatewayValues:
    return {name: getattr(gateway, name) for name in GATEWAY_FIELDS}


def ensure_valid_gateways(gateways: list[GatewayValues], trunk_type: str) -> None:
    if not gateways:
        raise ValidationError(_("A carrier needs at least one gateway."))
    if len(gateways) > MAX_GATEWAYS:
        raise ValidationError(
            _("A carrier has at most %(most)s gateways.") % {"most": MAX_GATEWAYS}
        )
    complaints = [text for g in gateways for text in gateway_errors(g).values()]
    complaints += gateway_list_errors(gateways, trunk_type).values()
    if complaints:
        raise ValidationError(complaints)
