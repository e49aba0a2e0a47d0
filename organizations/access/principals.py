"""Who acts: a member, an API key, an operator of the installation, or the system itself."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from organizations.access.roles import LASTING, Permission, Role, granted, lower_role
from organizations.models import ApiKey, Membership, Organization, User

NONE: frozenset[Permission] = frozenset()


@dataclass(frozen=True)
class Principal:
    """One actor in one organization: what it may do, and how the audit log names it."""

    organization: Organization
    kind: str  # member | key | staff | system | anonymous
    id: str
    label: str
    user_id: UUID | None
    permissions: frozenset[Permission]
    role: str = Role.ADMIN
    withheld: frozenset[Permission] = NONE  # granted, but not to a key with these limits

    def can(self, permission: str) -> bool:
        return permission in self.permissions


def of_member(membership: Membership) -> Principal:
    """A person on the screens; `membership.organization` and `.user` must be loaded."""
    user = membership.user
    return Principal(
        membership.organization,
        "member",
        str(user.id),
        user.email,
        user.id,
        granted(membership.role, []),
        membership.role,
    )


def of_key(key: ApiKey, *, owner_role: str) -> Principal:
    """`key.organization` and `key.owner` must be loaded; the owner's own role caps the key's."""
    role = lower_role(key.role, owner_role)
    permissions = granted(role, key.scopes)
    withheld = permissions & LASTING if key.is_limited else NONE
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


def nobody_known(organization: Organization) -> Principal:
    """Somebody who has not shown who they are; for the audit log only."""
    label = "unauthenticated client"
    return Principal(organization, "anonymous", "", label, None, frozenset(), Role.USER)


def again(organization: Organization, kind: str, actor_id: str) -> Principal | None:
    """Who asked for something that is done later, with what they may do by then; None when they may
    not act any more (no member, a revoked or expired key)."""
    if kind == "system":
        return system(organization)
    if kind == "staff":
        user = User.objects.filter(pk=actor_id, is_active=True, is_staff=True).first()
        return of_staff(user, organization) if user else None
    if kind == "member":
        return member_again(organization, actor_id)
    return key_again(organization, actor_id)


def member_again(organization: Organization, user_id: str) -> Principal | None:
    rows = organization.memberships.select_related("organization", "user")
    membership = rows.filter(user_id=user_id, user__is_active=True).first()
    return of_member(membership) if membership else None


def key_again(organization: Organization, key_id: str) -> Principal | None:
    lives = Q(expires_at=None) | Q(expires_at__gt=Now())
    keys = organization.api_keys.select_related("organization", "owner")
    key = keys.filter(lives, pk=key_id, revoked_at=None, owner__is_active=True).first()
    owner = organization.memberships.filter(user_id=key.owner_id).first() if key else None
    return of_key(key, owner_role=owner.role) if key and owner else None
