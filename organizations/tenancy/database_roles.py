"""Roles of the programs in PostgreSQL, and which of them a program may assume.

Two roles log in. A program assumes the other roles for a part of its work, and only where the code
says so (organizations/tenancy/tenant_scope.py).
"""

from typing import Any

from psycopg import sql

from organizations.tenancy.tenant_scope import DISPATCHER, FINDER, STAFF, WEB, WORKER

LOGIN_ROLES = (WEB, WORKER)
ASSUMABLE_ROLES = {WEB: (STAFF, FINDER), WORKER: (DISPATCHER, FINDER)}
NOLOGIN_ROLES = (STAFF, FINDER, DISPATCHER)
ROLES = (*LOGIN_ROLES, *NOLOGIN_ROLES)


def missing_role_statements(cursor: Any) -> list[sql.Composable]:
    """Returns the SQL statements that create the assumable roles and let the login roles assume
    them. A role that may create roles must run them. The login roles exist already."""
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
    known = {row[0] for row in cursor.fetchall()}
    create = sql.SQL("CREATE ROLE {} NOLOGIN NOINHERIT")
    found = [create.format(sql.Identifier(part)) for part in NOLOGIN_ROLES if part not in known]
    inheriting = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND rolinherit"
    cursor.execute(inheriting, [[*LOGIN_ROLES]])
    # With INHERIT, a login role would always have the rights of the roles it may assume.
    plain = sql.SQL("ALTER ROLE {} NOINHERIT")
    found += [plain.format(sql.Identifier(row[0])) for row in cursor.fetchall()]
    grant = sql.SQL("GRANT {} TO {}")
    for login, parts in ASSUMABLE_ROLES.items():
        for part in parts:
            if part not in known or not is_role_member(cursor, login, part):
                found.append(grant.format(sql.Identifier(part), sql.Identifier(login)))
    return found


def is_role_member(cursor: Any, login: str, part: str) -> bool:
    cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [login, part])
    return cursor.fetchone()[0]
