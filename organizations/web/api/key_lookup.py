"""The lookup of an API key with its organization and its owner's role: one query per request.

The query calls a function of the database owner (migration 0012), because the policies do not know
the organization yet.
"""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, models

from organizations.models import Organization
from organizations.web.api.prepared_queries import execute_prepared


class ApiKeyRecord(NamedTuple):
    """The fields of an ApiKey that authentication needs. PostgreSQL compares the times, because
    parsing them is slow."""

    id: UUID
    key_id: str
    name: str
    digest: bytes
    role: str
    scopes: list[str]
    allowed_cidrs: list[str]
    owner_id: UUID
    is_revoked: bool
    is_expired: bool
    has_end: bool
    is_use_noted: bool  # used within the last minute
    owner_role: str | None  # None if the owner may no longer act here
    organization: Organization

    @property
    def is_limited(self) -> bool:
        """Returns the same as ApiKey.is_limited."""
        return self.has_end or bool(self.allowed_cidrs)


FIND_KEY_STATEMENT = """
    SELECT (f.key).id, (f.key).key_id, (f.key).name, (f.key).digest, (f.key).role, (f.key).scopes,
        (f.key).allowed_cidrs, (f.key).owner_id,
        (f.key).revoked_at IS NOT NULL,
        coalesce((f.key).expires_at <= now(), false),
        (f.key).expires_at IS NOT NULL,
        coalesce((f.key).last_used_at > now() - interval '1 minute', false),
        CASE WHEN f.is_active THEN f.owner_role END,
        {organization_columns}
    FROM find_api_key(%s) f
"""
KEY_COLUMN_COUNT = len(ApiKeyRecord._fields) - 1


def find_key_record(key_id: str) -> ApiKeyRecord | None:
    """Returns the key with this public id, whatever its state, or None."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        row = execute_prepared(build_find_statement(), [key_id]).fetchone()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.connection is None:
            raise
        connection.close()  # PostgreSQL has restarted since; a new connection may work
        row = execute_prepared(build_find_statement(), [key_id]).fetchone()
    return build_key_record(row) if row else None


@cache
def build_find_statement() -> str:
    columns = ", ".join(
        f'(f.organization)."{field.column}"' for field in loaded_organization_fields()
    )
    return FIND_KEY_STATEMENT.format(organization_columns=columns)


@cache
def loaded_organization_fields() -> list[models.Field]:
    """Returns all fields but the times, which are loaded on first access."""
    fields = Organization._meta.concrete_fields
    return [field for field in fields if not isinstance(field, models.DateTimeField)]


def build_key_record(row: tuple[Any, ...]) -> ApiKeyRecord:
    names = [field.attname for field in loaded_organization_fields()]
    organization = Organization.from_db(DEFAULT_DB_ALIAS, names, row[KEY_COLUMN_COUNT:])
    return ApiKeyRecord(*row[:KEY_COLUMN_COUNT], organization)
