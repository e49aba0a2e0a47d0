"""Who may do what: one table from role to permissions, and one from API-key scope to
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
    """`<noun>:<verb>`, the words of the vendors' documents. Carriers go with phone_numbers."""

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
# What a key does by these outlasts it: none of them for one that ends, or is held to networks.
LIMITED_KEY_EXCLUSIONS = frozenset(
    {Permission.MEMBERS_CREATE, Permission.MEMBERS_UPDATE, Permission.MEMBERS_DELETE}
)
READ_PERMISSIONS = frozenset(p for p in Permission if p.value.endswith(":read"))

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.AGENT_MANAGER: frozenset(Permission) - ADMIN_ONLY_PERMISSIONS,
    Role.USER: READ_PERMISSIONS - {Permission.EVENTS_READ},
}

# A scope narrows what the key's role grants; a key without scopes has all of its role.
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
    """The permissions of a role, narrowed by scopes where there are any. Of a key that is limited
    (`ApiKey.is_limited`) the LIMITED_KEY_EXCLUSIONS ones are still to be taken away."""
    of_role = ROLE_PERMISSIONS.get(role, frozenset())
    if not scopes:
        return of_role
    return of_role & frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def lower_role(one: str, other: str) -> str:
    """The weaker of two roles: a key never outgrows the membership of its owner."""
    order = [Role.USER, Role.AGENT_MANAGER, Role.ADMIN]
    return min(one, other, key=order.index)
