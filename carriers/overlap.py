"""Inbound gateways that a platform cannot tell apart.

Platforms match a call to its carrier by the address it comes from, and by that alone: jambonz looks
at address and netmask and never at the port (sbc-inbound 134, 201, 218, 224). Two carriers whose
networks overlap are then told apart by the dialled number, if at all. It is allowed, for sometimes
it is meant; people are warned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from carriers.models import Carrier, SipGateway
from integrations.models import Integration
from integrations.providers import PROVIDERS


@dataclass(frozen=True)
class Overlap:
    """`carrier_id` and `carrier` are empty for another organization's: its name is not ours to
    tell, nor its address."""

    address: str
    carrier_id: UUID | None = None
    carrier: str = ""
    other_address: str = ""


def overlaps(
    integration: Integration,
    gateways: Iterable[Mapping[str, Any]],
    *,
    carrier: Carrier | None = None,
) -> list[Overlap]:
    """What of `gateways`, as they are or shall be, others on the same platform cover too.

    `carrier` is the one they belong to, if it exists already.
    """
    mine = [(network_of(g["ipv4"], g["netmask"]), g["ipv4"]) for g in gateways if g["inbound"]]
    if not mine:
        return []
    others = inbound_on(integration)
    if carrier:
        others = others.exclude(carrier=carrier)
    found = [
        overlap(integration, address, other)
        for other in others
        for network, address in mine
        if network and meets(network, network_of(other.ipv4, other.netmask))
    ]
    return list(dict.fromkeys(found))


def overlap(integration: Integration, address: str, other: SipGateway) -> Overlap:
    if other.organization_id != integration.organization_id:
        return Overlap(address)
    shown = other.ipv4 if other.netmask == 32 else f"{other.ipv4}/{other.netmask}"
    return Overlap(address, other.carrier_id, other.carrier.name, shown)


def inbound_on(integration: Integration) -> QuerySet[SipGateway]:
    """Of all carriers that live on the platform, whoever's they are."""
    gone = Carrier.Status.DELETED
    rows = SipGateway.objects.filter(
        inbound=True, carrier__integration__in=same_platform(integration)
    )
    return rows.exclude(carrier__status=gone).select_related("carrier").order_by("carrier__name")


def same_platform(integration: Integration) -> QuerySet[Integration]:
    """The connections that lead to one and the same server: those of the same address."""
    field = PROVIDERS[integration.kind].base_url_field
    address = integration.settings.get(field) if field else None
    if not address:
        return Integration.objects.filter(pk=integration.pk)
    same = {f"settings__{field}": address}
    return Integration.objects.filter(kind=integration.kind, **same)


def network_of(address: str, netmask: int) -> IPv4Network | None:
    try:
        return IPv4Network(f"{address}/{netmask}", strict=False)
    except (AddressValueError, ValueError):
        return None


def meets(one: IPv4Network, other: IPv4Network | None) -> bool:
    return other is not None and one.overlaps(other)
