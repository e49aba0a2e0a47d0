"""Principals, who act: a member, an API key, an operator of the installation, or the system."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from organizations.access.roles import (
    LIMITED_KEY_EXCLUSIONS,
    Permission,
    Role,
    granted_permissions,
    lower_role,
)
from organizations.models import ApiKey, Membership, Organization, User

NO_PERMISSIONS: frozenset[Permission] = frozenset()


@dataclass(frozen=True)
class Principal:
    """One actor in one organization: its permissions, and its name in the audit log."""

    organization: Organization
    kind: str  # member | key | staff | system | anonymous
    id: str
    label: str
    user_id: UUID | None
    permissions: frozenset[Permission]
    role: str = Role.ADMIN
    withheld: frozenset[Permission] = NO_PERMISSIONS  # in the role, but not for a limited key

    def can(self, permission: str) -> bool:
        return permission in self.permissions


def member_principal(membership: Membership) -> Principal:
    """Returns the principal of a person who uses the screens. `membership.organization` and
    `membership.user` must be loaded."""
    user = membership.user
    return Principal(
        membership.organization,
        "member",
        str(user.id),
        user.email,
        user.id,
        granted_permissions(membership.role, []),
        membership.role,
    )


def api_key_principal(key: ApiKey, *, owner_role: str) -> Principal:
    """Returns the principal of an API key. `key.organization` and `key.owner` must be loaded. The
    owner's own role caps the key's."""
    role = lower_role(key.role, owner_role)
    permissions = granted_permissions(role, key.scopes)
    withheld = permissions & LIMITED_KEY_EXCLUSIONS if key.is_limited else NO_PERMISSIONS
    return Principal(
        key.organization,
        "key",
        str(key.id),
        f"{key.name} (pb_live_{key.key_id})",
        key.owner_id,
        permissions - withheld,
        role,
        withheld,
    )


def staff_principal(user: User, organization: Organization) -> Principal:
    """Returns the principal of an operator who acts in the admin on a row of `organization`. The
    audit log names them as an operator."""
    return Principal(
        organization,
        "staff",
        str(user.id),
        f"operator {user.email}",
        user.id,
        frozenset(Permission),
    )


def system_principal(organization: Organization, label: str = "Patchbay") -> Principal:
    """Returns the principal of Patchbay itself, for workers and management commands."""
    return Principal(organization, "system", "", label, None, frozenset(Permission))


def anonymous_principal(organization: Organization) -> Principal:
    """Returns the principal of an unauthenticated client, for the audit log only."""
    label = "unauthenticated client"
    return Principal(organization, "anonymous", "", label, None, frozenset(), Role.USER)


def reload_principal(organization: Organization, kind: str, actor_id: str) -> Principal | None:
    """Returns the requester of work that is done later, with their current permissions. Returns
    None if they may no longer act (not a member any more, or the key is revoked or expired)."""
    if kind == "system":
        return system_principal(organization)
    if kind == "staff":
        user = User.objects.filter(pk=actor_id, is_active=True, is_staff=True).first()
        return staff_principal(user, organization) if user else None
    if kind == "member":
        return reload_member_principal(organization, actor_id)
    return reload_key_principal(organization, actor_id)


def reload_member_principal(organization: Organization, user_id: str) -> Principal | None:
    rows = organization.memberships.select_related("organization", "user")
    membership = rows.filter(user_id=user_id, user__is_active=True).first()
    return member_principal(membership) if membership else None


def reload_key_principal(organization: Organization, key_id: str) -> Principal | None:
    lives = Q(expires_at=None) | Q(expires_at__gt=Now())
    keys = organization.api_keys.select_related("organization", "owner")
    key = keys.filter(lives, pk=key_id, revoked_at=None, owner__is_active=True).first()
    owner = organization.memberships.filter(user_id=key.owner_id).first() if key else None
    return api_key_principal(key, owner_role=owner.role) if key and owner else None
