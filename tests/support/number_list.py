"""The list of numbers: rows for it, and its page."""

from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url


def create_numbers(member, *numbers: str, **fields) -> list[PhoneNumber]:
    """As they are once all is said and done; the way there has tests of its own."""
    fields = {"source": "byoc", "status": "active", **fields}
    made = [PhoneNumber(organization=member.organization, e164=n, **fields) for n in numbers]
    return PhoneNumber.objects.bulk_create(made)


def get_number_list(client, member, name: str = "numbers", **query):
    return client.get(screen_url(member.organization, name), query)
