"""Rules of number pools: which numbers an organization may add, and on which carriers.

A pool is required of an organization with `numbers_limited` and for a carrier of another
organization. Nothing is locked: a number that is added while its pool is being deleted was either
checked before, and stays like earlier ones, or is refused.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from carriers.models import Carrier
from numbers.models import NumberPool
from organizations.models import Organization

MAX_LISTED_NAMES = 5  # how many pools or carriers an error names
MIN_PREFIX_LENGTH = 2  # the plus and one digit
NumberOnCarrier = tuple[str, Carrier | None]  # E.164 number, carrier


def find_pool_violations(
    organization: Organization, wished: Iterable[NumberOnCarrier]
) -> dict[NumberOnCarrier, str]:
    """Returns the numbers that the organization may not add on that carrier, each with the reason.
    Runs two queries, or none if no pool is required."""
    asked = [pair for pair in wished if requires_pool(organization, pair[1])]
    if not asked:
        return {}
    pools = OrganizationPools(organization, [number for number, _carrier in asked])
    reasons = {pair: pools.complaint(*pair) for pair in asked}
    return {pair: reason for pair, reason in reasons.items() if reason}


def filter_numbers_by_pools(organization: Organization, numbers: Collection[str]) -> set[str]:
    """Returns those of `numbers` that the organization may buy. Bought numbers are on no
    carrier."""
    refused = find_pool_violations(organization, [(number, None) for number in numbers])
    return {number for number in numbers if (number, None) not in refused}


def requires_pool(organization: Organization, carrier: Carrier | None) -> bool:
    if organization.numbers_limited:
        return True
    if carrier is None or carrier.organization_id == organization.pk:
        return False
    # If anyone can create an organization, the default carrier needs a pool like any other.
    return settings.OPEN_ORGANIZATIONS or not carrier.is_installation_default


class OrganizationPools:
    """The pools of an organization that concern these numbers."""

    def __init__(self, organization: Organization, numbers: Collection[str]):
        self.organization = organization
        self.pools = list(organization.number_pools.select_related("carrier").order_by("name"))
        self.prefixes = {pool.pk: frozenset(pool.prefixes) for pool in self.pools}
        self.listed: dict[str, set[UUID]] = {}
        found = organization.pooled_numbers.filter(e164__in=numbers) if self.pools else []
        for row in found:
            self.listed.setdefault(row.e164, set()).add(row.pool_id)

    def complaint(self, number: str, carrier: Carrier | None) -> str:
        """Returns why the number may not be added on the carrier, or ""."""
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
        """Returns whether the pool allows the carrier. A pool without a carrier allows the carriers
        of the organization and the installation's default carrier."""
        if pool.carrier_id:
            return carrier is not None and carrier.pk == pool.carrier_id
        is_own = carrier is None or carrier.organization_id == self.organization.pk
        return is_own or carrier.is_installation_default


def join_listed_names(names: Iterable[str]) -> str:
    several = list(dict.fromkeys(names))
    return ", ".join(
        [*several[:MAX_LISTED_NAMES], *(["…"] if len(several) > MAX_LISTED_NAMES else [])]
    )
