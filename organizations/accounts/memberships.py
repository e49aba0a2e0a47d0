"""Lookups across all organizations, for requests whose organization is not known yet."""

from organizations.models import Membership, User
from organizations.tenancy import tenant_scope


def list_user_memberships(user: User) -> list[Membership]:
    """Returns the memberships of a user with their organizations, sorted by the organization's
    name."""
    rows = user.memberships.select_related("organization", "user")
    with tenant_scope.global_lookup():
        return list(rows.order_by("organization__name", "pk"))
