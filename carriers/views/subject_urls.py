"""The pages of carriers, for links from the ledger."""

from collections.abc import Collection
from uuid import UUID

from organizations.models import Organization
from organizations.web.views.base import screen_url


def carrier_urls(organization: Organization, ids: Collection[UUID]) -> dict[UUID, str]:
    """Returns the URLs by carrier id, without carriers that are gone or belong to another
    organization."""
    own = organization.carriers.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: screen_url(organization, "carrier", carrier_id=pk) for pk in own}
