"""What is looked for in all organizations, before anybody knows for which one."""

from organizations import sight
from organizations.models import Membership, User


def memberships_of(user: User) -> list[Membership]:
    """With their organizations, by the organization's name."""
    rows = user.memberships.select_related("organization", "user")
    with sight.finding():
        return list(rows.order_by("organization__name", "pk"))
