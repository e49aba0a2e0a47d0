"""Where people look at carriers: the ledger links to it."""

from collections.abc import Collection
from uuid import UUID

from organizations.models import Organization
from organizations.web.views.base import screen_url


def carrier_urls(organization: Organization, ids: Collection[UUID]) -> dict[UUID, str]:
    """By the carriers' ids; without those that are others' or gone."""
    own = organization.carriers.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: screen_url(organization, "carrier", carrier_id=pk) for pk in own}
