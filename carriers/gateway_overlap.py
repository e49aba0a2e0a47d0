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

from django.db.models import Q, QuerySet

from carriers.models import Carrier, SipGateway
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.tenancy import tenant_scope

MIN_DISCLOSED_PREFIX = 24  # bits of a netmask


@dataclass(frozen=True)
class GatewayOverlap:
    """`carrier_id` and `carrier` are empty for another organization's: its name is not ours to
    tell, nor its address."""

    address: str
    carrier_id: UUID | None = None
    carrier: str = ""
    other_address: str = ""


def find_gateway_overlaps(
    integration: Integration,
    gateways: Iterable[Mapping[str, Any]],
    *,
    carrier: Carrier | None = None,
) -> list[GatewayOverlap]:
    """What of `gateways`, as they are or shall be, others on the same platform cover too.

    `carrier` is the one they belong to, if it exists already.
    """
    mine = [
        (parse_gateway_network(g["ipv4"], g["netmask"]), g["ipv4"])
        for g in gateways
        if g["inbound"]
    ]
    if not mine:
        return []
    others = platform_inbound_gateways(integration)
    if carrier:
        others = others.exclude(carrier=carrier)
    with tenant_scope.global_lookup():
        others = list(others)
    found = [
        build_gateway_overlap(integration, address, other)
        for other in others
        for network, address in mine
        if network and can_disclose_overlap(integration, network, other)
        if has_common_addresses(network, parse_gateway_network(other.ipv4, other.netmask))
    ]
    return list(dict.fromkeys(found))


def can_disclose_overlap(integration: Integration, network: IPv4Network, other: SipGateway) -> bool:
    """Of another organization's gateway only by a network of 256 addresses at most: whoever may ask
    by wider ones finds it by halving."""
    is_own = other.organization_id == integration.organization_id
    return is_own or network.prefixlen >= MIN_DISCLOSED_PREFIX


def build_gateway_overlap(
    integration: Integration, address: str, other: SipGateway
) -> GatewayOverlap:
    if other.organization_id != integration.organization_id:
        return GatewayOverlap(address)
    shown = other.ipv4 if other.netmask == 32 else f"{other.ipv4}/{other.netmask}"
    return GatewayOverlap(address, other.carrier_id, other.carrier.name, shown)


def platform_inbound_gateways(integration: Integration) -> QuerySet[SipGateway]:
    """Of all carriers that live on the platform, whoever's they are."""
    gone = Carrier.Status.DELETED
    rows = SipGateway.objects.filter(
        inbound=True, carrier__integration__in=integrations_on_same_platform(integration)
    )
    shown = ("organization_id", "ipv4", "netmask", "carrier_id", "carrier__name")
    rows = rows.exclude(carrier__status=gone).select_related("carrier").only(*shown)
    return rows.order_by("carrier__name")


def integrations_on_same_platform(integration: Integration) -> QuerySet[Integration]:
    """The connections that lead to one and the same server: those of the same address; another
    organization's only if it names the same account there, as a server may have many customers."""
    provider = PROVIDERS[integration.kind]
    server = matching_settings_filter(integration, [provider.base_url_field])
    names = [field.name for field in provider.fields if field.identity]
    account = matching_settings_filter(integration, names)
    if server is None:
        return Integration.objects.filter(pk=integration.pk)
    near = Q(organization=integration.organization_id)
    near = near if account is None else near | account
    return Integration.objects.filter(server, near, kind=integration.kind)


def matching_settings_filter(integration: Integration, names: list[str | None]) -> Q | None:
    """None where it says nothing itself."""
    values = {f"settings__{name}": integration.settings.get(name) for name in names if name}
    return Q(**values) if values and all(values.values()) else None


def parse_gateway_network(address: str, netmask: int) -> IPv4Network | None:
    try:
        return IPv4Network(f"{address}/{netmask}", strict=False)
    except (AddressValueError, ValueError):
        return None


def has_common_addresses(one: IPv4Network, other: IPv4Network | None) -> bool:
    return other is not None and one.overlaps(other)
