"""Who acts: an API key, an operator of the installation, or the system itself."""

from dataclasses import dataclass
from uuid import UUID

from organizations.models import ApiKey, Organization, User
from organizations.roles import Permission, Role, granted, lower_role


@dataclass(frozen=True)
class Principal:
    """One actor in one organization: what it may do, and how the audit log names it."""

    organization: Organization
    kind: str  # key | staff | system
    id: str
    label: str
    user_id: UUID | None
    permissions: frozenset[Permission]
    role: str = Role.ADMIN

    def can(self, permission: str) -> bool:
        return permission in self.permissions


def of_key(key: ApiKey, *, owner_role: str) -> Principal:
    """`key.organization` and `key.owner` must be loaded; the owner's own role caps the key's."""
    role = lower_role(key.role, owner_role)
    permissions = granted(role, key.scopes)
    return Principal(
        key.organization,
        "key",
        str(key.id),
        f"{key.name} (pb_live_{key.key_id})",
        key.owner_id,
        permissions,
        role,
    )


def of_staff(user: User, organization: Organization) -> Principal:
    """An operator acting in the admin on a row of `organization`; the audit log says so."""
    return Principal(
        organization,
        "staff",
        str(user.id),
        f"operator {user.email}",
        user.id,
        frozenset(Permission),
    )


def system(organization: Organization, label: str = "Patchbay") -> Principal:
    """Patchbay itself: workers, management commands."""
    return Principal(organization, "system", "", label, None, frozenset(Permission))
