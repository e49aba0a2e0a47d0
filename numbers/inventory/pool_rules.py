"""Which numbers an organization may hold, and on which carriers: those of the number pools that an
operator assigned to it.

Only two are asked for a pool: a limited organization, and a number that goes on a carrier of
another organization. Nothing is locked: a number that is added in the moment in which its pool is
withdrawn was either checked before, and is held like those before it, or is refused.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from carriers.models import Carrier
from numbers.models import NumberPool
from organizations.models import Organization

MAX_LISTED_NAMES = 5  # how many pools or carriers a refusal names
MIN_PREFIX_LENGTH = 2  # of a prefix: the plus and one digit
NumberOnCarrier = tuple[str, Carrier | None]  # a number in E.164, and the carrier it shall go on


def find_pool_violations(
    organization: Organization, wished: Iterable[NumberOnCarrier]
) -> dict[NumberOnCarrier, str]:
    """Those that the organization may not hold there, each with the reason: two queries, none where
    nothing needs a pool."""
    asked = [pair for pair in wished if requires_pool(organization, pair[1])]
    if not asked:
        return {}
    pools = OrganizationPools(organization, [number for number, _carrier in asked])
    reasons = {pair: pools.complaint(*pair) for pair in asked}
    return {pair: reason for pair, reason in reasons.items() if reason}


def filter_numbers_by_pools(organization: Organization, numbers: Collection[str]) -> set[str]:
    """Those that a purchase may bring; they go on no carrier."""
    refused = find_pool_violations(organization, [(number, None) for number in numbers])
    return {number for number in numbers if (number, None) not in refused}


def requires_pool(organization: Organization, carrier: Carrier | None) -> bool:
    if organization.numbers_limited:
        return True
    if carrier is None or carrier.organization_id == organization.pk:
        return False
    # Where anybody may make an organization, the default carrier is no longer everybody's.
    return settings.OPEN_ORGANIZATIONS or not carrier.is_installation_default


class OrganizationPools:
    """The pools of an organization, as far as `numbers` need to know of them."""

    def __init__(self, organization: Organization, numbers: Collection[str]):
        self.organization = organization
        self.pools = list(organization.number_pools.select_related("carrier").order_by("name"))
        self.prefixes = {pool.pk: frozenset(pool.prefixes) for pool in self.pools}
        self.listed: dict[str, set[UUID]] = {}
        found = organization.pooled_numbers.filter(e164__in=numbers) if self.pools else []
        for row in found:
            self.listed.setdefault(row.e164, set()).add(row.pool_id)

    def complaint(self, number: str, carrier: Carrier | None) -> str:
        """Why the number may not go there, or ""."""
        pools = self.with_number(number)
        if any(self.may_go(pool, carrier) for pool in pools):
            return ""
        words = {"number": number}
        if carriers := [pool.carrier.name for pool in pools if pool.carrier]:
            text = _(
                "%(number)s is assigned to the organization for this carrier only: %(carriers)s."
            )
            return text % {**words, "carriers": join_listed_names(carriers)}
        if pools:
            text = _("No operator assigned %(number)s to the organization for this carrier.")
        elif self.pools:
            text = _(
                "%(number)s is in none of the organization's number pools: %(pools)s. An operator "
                "can assign more."
            )
            words["pools"] = join_listed_names([pool.name for pool in self.pools])
        else:
            text = _(
                "%(number)s is not assigned to the organization, which has no number pools. An "
                "operator can assign some."
            )
        return text % words

    def with_number(self, number: str) -> list[NumberPool]:
        listed = self.listed.get(number, ())
        begins = {number[:end] for end in range(MIN_PREFIX_LENGTH, len(number) + 1)}
        return [
            pool
            for pool in self.pools
            if pool.pk in listed or not self.prefixes[pool.pk].isdisjoint(begins)
        ]

    def may_go(self, pool: NumberPool, carrier: Carrier | None) -> bool:
        """A pool without a carrier opens those that the organization has anyway."""
        if pool.carrier_id:
            return carrier is not None and carrier.pk == pool.carrier_id
        is_own = carrier is None or carrier.organization_id == self.organization.pk
        return is_own or carrier.is_installation_default


def join_listed_names(names: Iterable[str]) -> str:
    several = list(dict.fromkeys(names))
    return ", ".join(
        [*several[:MAX_LISTED_NAMES], *(["…"] if len(several) > MAX_LISTED_NAMES else [])]
    )
