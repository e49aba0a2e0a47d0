"""Where people look at placements, which is at their numbers: the ledger links to it."""

from collections.abc import Collection
from uuid import UUID

from organizations.models import Organization
from organizations.web.views.base import screen_url


def placement_urls(organization: Organization, ids: Collection[UUID]) -> dict[UUID, str]:
    """By the placements' ids; without those that are others' or gone."""
    own = organization.placements.filter(pk__in=ids).values_list("pk", "phone_number_id")
    return {pk: screen_url(organization, "number", number_id=number) for pk, number in own}
