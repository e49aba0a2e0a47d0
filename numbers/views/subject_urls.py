"""The page of a placement, which is the page of its number, for links from the ledger."""

from collections.abc import Collection
from uuid import UUID

from organizations.models import Organization
from organizations.web.views.base import screen_url


def placement_urls(organization: Organization, ids: Collection[UUID]) -> dict[UUID, str]:
    """Returns the URLs by placement id, without placements that are gone or belong to another
    organization."""
    own = organization.placements.filter(pk__in=ids).values_list("pk", "phone_number_id")
    return {pk: screen_url(organization, "number", number_id=number) for pk, number in own}
