"""Roles and API-key scopes: one table from role to permissions, and one from scope to
permissions."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    ADMIN = "admin", _("Admin: everything in the organization, members and settings included")
    AGENT_MANAGER = (
        "agent_manager",
        _("Agent manager: numbers, carriers, integrations, agents and API keys"),
    )
    USER = "user", _("User: reads, changes nothing")


class Permission(StrEnum):
    """A permission, `<noun>:<verb>` in the words of the vendors' documents. Carriers use
    phone_numbers."""

    PHONE_NUMBERS_READ = "phone_numbers:read"
    PHONE_NUMBERS_CREATE = "phone_numbers:create"
    PHONE_NUMBERS_UPDATE = "phone_numbers:update"
    PHONE_NUMBERS_DELETE = "phone_numbers:delete"
    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_CREATE = "integrations:create"
    INTEGRATIONS_UPDATE = "integrations:update"
    INTEGRATIONS_DELETE = "integrations:delete"
    API_KEYS_READ = "api_keys:read"
    API_KEYS_CREATE = "api_keys:create"
    API_KEYS_DELETE = "api_keys:delete"
    AGENTS_READ = "agents:read"
    AGENTS_CREATE = "agents:create"
    AGENTS_UPDATE = "agents:update"
    AGENTS_DELETE = "agents:delete"
    MEMBERS_READ = "members:read"
    MEMBERS_CREATE = "members:create"
    MEMBERS_UPDATE = "members:update"
    MEMBERS_DELETE = "members:delete"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_UPDATE = "organization:update"
    EVENTS_READ = "events:read"


ADMIN_ONLY_PERMISSIONS = frozenset(
    {
        Permission.ORGANIZATION_UPDATE,
        Permission.MEMBERS_CREATE,
        Permission.MEMBERS_UPDATE,
        Permission.MEMBERS_DELETE,
    }
)
# The effects of these permissions outlast the key, so a key that expires or is limited to networks
# has none of them.
LIMITED_KEY_EXCLUSIONS = frozenset(
    {Permission.MEMBERS_CREATE, Permission.MEMBERS_UPDATE, Permission.MEMBERS_DELETE}
)
READ_PERMISSIONS = frozenset(p for p in Permission if p.value.endswith(":read"))

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.AGENT_MANAGER: frozenset(Permission) - ADMIN_ONLY_PERMISSIONS,
    Role.USER: READ_PERMISSIONS - {Permission.EVENTS_READ},
}

# A scope narrows what the key's role grants. A key without scopes has everything its role grants.
SCOPES: dict[str, frozenset[Permission]] = {
    f"{noun}:{kind}": frozenset(
        p
        for p in Permission
        if p.value.startswith(f"{noun}:") and (p in READ_PERMISSIONS) == (kind == "read")
    )
    for noun in dict.fromkeys(p.value.partition(":")[0] for p in Permission)
    for kind in ("read", "write")
    if not (noun == "events" and kind == "write")
}


def granted_permissions(role: str, scopes: list[str]) -> frozenset[Permission]:
    """Returns the permissions of a role, narrowed by scopes if there are any. For a limited key
    (`ApiKey.is_limited`), the caller removes LIMITED_KEY_EXCLUSIONS."""
    of_role = ROLE_PERMISSIONS.get(role, frozenset())
    if not scopes:
        return of_role
    return of_role & frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def lower_role(one: str, other: str) -> str:
    """Returns the weaker of two roles. A key never exceeds the membership of its owner."""
    order = [Role.USER, Role.AGENT_MANAGER, Role.ADMIN]
    return min(one, other, key=order.index)
