"""What is looked for in all organizations, before anybody knows for which one."""

from organizations.models import Membership, User
from organizations.tenancy import tenant_scope


def list_user_memberships(user: User) -> list[Membership]:
    """With their organizations, by the organization's name."""
    rows = user.memberships.select_related("organization", "user")
    with tenant_scope.global_lookup():
        return list(rows.order_by("organization__name", "pk"))
