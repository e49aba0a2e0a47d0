"""Inbound gateways that a platform cannot tell apart.

Platforms match a call to its carrier by its source address alone: jambonz compares address and
netmask and never the port (sbc-inbound 134, 201, 218, 224). Two carriers whose networks overlap are
then distinguished by the dialled number, if at all. An overlap is allowed, because it can be
intended, but users are warned.
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
    """An overlap. `carrier_id`, `carrier` and the other address are empty for another
    organization's gateway, because its name and address must not be disclosed."""

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
    """Returns the overlaps of `gateways`, existing or planned, with gateways of other carriers on
    the same platform.

    `carrier` is the carrier that they belong to, if it exists already.
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
    """Returns whether the overlap may be reported. For another organization's gateway, only for
    networks of at most 256 addresses, because wider ones would allow finding it by bisection."""
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
    """Returns the inbound gateways of all carriers on the platform, in all organizations."""
    gone = Carrier.Status.DELETED
    rows = SipGateway.objects.filter(
        inbound=True, carrier__integration__in=integrations_on_same_platform(integration)
    )
    shown = ("organization_id", "ipv4", "netmask", "carrier_id", "carrier__name")
    rows = rows.exclude(carrier__status=gone).select_related("carrier").only(*shown)
    return rows.order_by("carrier__name")


def integrations_on_same_platform(integration: Integration) -> QuerySet[Integration]:
    """Returns the integrations that connect to the same server: those with the same base URL.
    Another organization's counts only if it uses the same account there, because a server may have
    many customers."""
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
    """Returns the condition that the settings `names` equal those of the integration, or None if
    the integration does not set all of them."""
    values = {f"settings__{name}": integration.settings.get(name) for name in names if name}
    return Q(**values) if values and all(values.values()) else None


def parse_gateway_network(address: str, netmask: int) -> IPv4Network | None:
    try:
        return IPv4Network(f"{address}/{netmask}", strict=False)
    except (AddressValueError, ValueError):
        return None


def has_common_addresses(one: IPv4Network, other: IPv4Network | None) -> bool:
    return other is not None and one.overlaps(other)
