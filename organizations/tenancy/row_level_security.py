"""The policies of row-level security: which database role sees which rows.

Web and worker see the rows of one organization, which they name in their transaction
(organizations/tenancy/tenant_scope.py). Staff and dispatcher see all rows, and the finder reads all
rows of a few tables. `manage.py grant_roles` installs the policies together with the rights,
because both name roles, which are not part of a migration.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model

from organizations.models import Invitation, Membership, Organization, User
from organizations.tenancy.tenant_scope import DISPATCHER, FINDER, STAFF, WEB, WORKER

# A subquery, so that PostgreSQL evaluates it once and not for each row. Unset means no
# organization.
CURRENT_ORGANIZATION_SQL = (
    "(SELECT nullif(current_setting('patchbay.organization', true), '')::uuid)"
)
# Read before the organization is known. Users have no policy, because they belong to no
# organization.
OWN_ROWS_POLICY = "own"
FINDER_MODELS = (Organization, Membership, Invitation, User)


@dataclass(frozen=True)
class RowPolicy:
    """One policy. `using` says which rows are visible, and `check` which may be written ("" for the
    same ones)."""

    table: str
    name: str
    roles: tuple[str, ...]
    using: str
    command: str = "ALL"
    check: str = ""

    def statement(self) -> str:
        check = f" WITH CHECK ({self.check})" if self.check else ""
        return (
            f'CREATE POLICY "{self.name}" ON "{self.table}" FOR {self.command}'
            f" TO {', '.join(self.roles)} USING ({self.using}){check}"
        )

    def digest(self) -> str:
        """Returns a digest by which the policy in the database is compared with this one."""
        return hashlib.sha256(self.statement().encode()).hexdigest()


_registered_policies: list[RowPolicy] = []
_finder_columns: dict[str, tuple[str, ...]] = {}


def register_row_policies(*policies: RowPolicy) -> None:
    """Registers policies of an app above this one, for rows that must be visible beyond their
    owner. PostgreSQL evaluates policies in the reverse order of their names. `own` comes first,
    because it nearly always matches; a later name raises ValueError."""
    if late := [each.name for each in policies if each.name > OWN_ROWS_POLICY]:
        raise ValueError(f"asked before the policy {OWN_ROWS_POLICY}: {', '.join(late)}")
    _registered_policies.extend(policies)


def allow_finder_columns(model: type[Model], *fields: str) -> None:
    """Lets the finder read these fields of all rows, and no others."""
    _finder_columns[model._meta.db_table] = tuple(model._meta.get_field(f).column for f in fields)
    _registered_policies.append(
        RowPolicy(model._meta.db_table, "found", (FINDER,), "true", "SELECT")
    )


def finder_columns() -> dict[str, tuple[str, ...]]:
    """Returns the columns that the finder may read, by table."""
    whole = {
        m._meta.db_table: tuple(f.column for f in m._meta.concrete_fields) for m in FINDER_MODELS
    }
    return whole | _finder_columns


def list_row_policies() -> list[RowPolicy]:
    return [
        *(each for model in tenant_models() for each in model_row_policies(model)),
        *_registered_policies,
    ]


def tenant_models() -> Iterator[type[Model]]:
    """Yields the models whose rows belong to an organization, and the organizations themselves."""
    for model in apps.get_models():
        if model is Organization or organization_column(model):
            yield model


def organization_column(model: type[Model]) -> str | None:
    fields = model._meta.concrete_fields
    return next((f.column for f in fields if f.related_model is Organization), None)


def model_row_policies(model: type[Model]) -> Iterable[RowPolicy]:
    table = model._meta.db_table
    column = "id" if model is Organization else organization_column(model)
    yield RowPolicy(table, OWN_ROWS_POLICY, (WEB, WORKER), f"{column} = {CURRENT_ORGANIZATION_SQL}")
    yield RowPolicy(table, "everything", (STAFF, DISPATCHER), "true")
    if model in FINDER_MODELS:
        yield RowPolicy(table, "found", (FINDER,), "true", "SELECT")


def apply_row_policies(cursor: Any) -> None:
    """Creates missing policies, replaces changed ones and drops unknown ones. Does not lock a table
    that needs no change."""
    wanted = {(each.table, each.name): each for each in list_row_policies()}
    for table in sorted({table for table, _name in wanted} - tables_with_row_security(cursor)):
        cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    found = existing_row_policies(cursor)
    for key, digest in found.items():
        if key not in wanted or wanted[key].digest() != digest:
            cursor.execute(f'DROP POLICY "{key[1]}" ON "{key[0]}"')
    for key, policy in sorted(wanted.items()):
        if found.get(key) != policy.digest():
            cursor.execute(policy.statement())
            table, name = key
            cursor.execute(f"""COMMENT ON POLICY "{name}" ON "{table}" IS '{policy.digest()}'""")


def tables_with_row_security(cursor: Any) -> set[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relrowsecurity"
        " AND relnamespace = 'public'::regnamespace"
    )
    return {row[0] for row in cursor.fetchall()}


def existing_row_policies(cursor: Any) -> dict[tuple[str, str], str | None]:
    """Returns table and name of the existing policies, with the digest of each."""
    cursor.execute(
        "SELECT c.relname, p.polname, obj_description(p.oid, 'pg_policy')"
        " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " WHERE c.relnamespace = 'public'::regnamespace"
    )
    return {(table, name): digest for table, name, digest in cursor.fetchall()}
