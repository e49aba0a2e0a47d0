"""Number pools for tests."""

from typing import Any

from numbers.inventory.number_pools import create_pool
from numbers.models import NumberPool
from organizations.models import Organization
from tests.support.factories import Member

INSIDE_POOL, OUTSIDE_POOL = "+442071838750", "+4930901820"
LONDON_PREFIXES = ["+4420"]


def limit_to_pools(member: Member, *, limited: bool = True) -> None:
    """Also as the member's own instance has it."""
    Organization.objects.filter(pk=member.organization.pk).update(numbers_limited=limited)
    member.organization.numbers_limited = limited


def assign_pool(member: Member, **fields: Any) -> NumberPool:
    """London, unless it is said otherwise."""
    given = {"name": "London", "prefixes": LONDON_PREFIXES, "numbers": [], **fields}
    return create_pool(member.by, **given)
