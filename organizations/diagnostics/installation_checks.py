"""Checks of `manage.py doctor`: settings, Django's checks, PostgreSQL, roles and policies."""

import time
from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.db import connection

from organizations.diagnostics.findings import Finding, register_diagnostic_check
from organizations.tenancy import row_level_security
from organizations.tenancy.database_roles import LOGIN_ROLES, missing_role_statements

MAX_CLOCK_SKEW = 2.0  # seconds
GRANT_ROLES_REMEDY = "Run `manage.py grant_roles` as the owner of the tables."


@register_diagnostic_check("settings", needs_database=False)
def check_settings() -> Iterator[Finding]:
    wrong = [*settings.SETTING_FAULTS, *settings.MISSING_SETTINGS]
    for sentence in wrong:
        yield Finding("fault", "settings", sentence, "README has the table of settings.")
    if not wrong:
        yield Finding("ok", "settings", "All settings are right.")


@register_diagnostic_check("checks", needs_database=False)
def check_django_checks() -> Iterator[Finding]:
    """Runs Django's and Patchbay's system checks, except those of the settings, which
    check_settings reports."""
    found = [
        each for each in checks.run_checks() if each.id not in ("patchbay.C001", "patchbay.C002")
    ]
    for each in found:
        level = "fault" if each.level >= checks.ERROR else "warning"
        yield Finding(level, "checks", each.msg, each.hint or "")
    if not found:
        yield Finding("ok", "checks", "Django's checks find nothing.")


@register_diagnostic_check("database")
def check_database_server() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_user, pg_is_in_recovery()"
            " OR current_setting('transaction_read_only') = 'on'"
        )
        version, user, is_read_only = cursor.fetchone()
    if is_read_only:
        remedy = "Let DATABASE_URL name the primary server (target_session_attrs=read-write)."
        yield Finding("fault", "database", "PostgreSQL takes no writes here.", remedy)
    yield Finding("ok", "database", f"PostgreSQL {version} answers, to the role {user}.")


@register_diagnostic_check("clock")
def check_clock_skew() -> Iterator[Finding]:
    """Compares this machine's clock with the database's, allowing for the time that the query
    takes."""
    began = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        theirs = cursor.fetchone()[0]
    skew = max(began - theirs, theirs - time.time(), 0.0)
    if skew > MAX_CLOCK_SKEW:
        told = f"The clocks of this machine and of PostgreSQL's differ by {skew:.1f} s."
        yield Finding("warning", "clock", told, "Let both follow a time server (NTP).")
    else:
        yield Finding("ok", "clock", "The clocks of this machine and of PostgreSQL's agree.")


@register_diagnostic_check("roles")
def check_database_roles() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(LOGIN_ROLES)])
        missing = sorted(set(LOGIN_ROLES) - {row[0] for row in cursor.fetchall()})
        if missing:
            told = f"The role {' and '.join(missing)} is missing: there is no row-level security."
            yield Finding("fault", "roles", told, f"Create it, then: {GRANT_ROLES_REMEDY}")
            return
        lacking = [text.as_string(cursor.connection) for text in missing_role_statements(cursor)]
        unreadable = list_unreadable_tables(cursor)
    for statement in lacking:
        yield Finding("fault", "roles", f"Not done yet: {statement}", GRANT_ROLES_REMEDY)
    for role, table in unreadable:
        yield Finding("fault", "roles", f"{role} may not read {table}.", GRANT_ROLES_REMEDY)
    if not lacking and not unreadable:
        yield Finding("ok", "roles", "The roles and their rights are in place.")


def list_unreadable_tables(cursor) -> list[tuple[str, str]]:
    """Returns role and table wherever a login role cannot read rows of organizations."""
    tables = sorted(model._meta.db_table for model in row_level_security.tenant_models())
    cursor.execute(
        "SELECT r, t FROM unnest(%s::text[]) r CROSS JOIN unnest(%s::text[]) t"
        " WHERE to_regclass(t) IS NOT NULL"
        " AND NOT has_table_privilege(r, t, 'SELECT')"
        " AND NOT (r = 'patchbay_worker' AND t = 'organizations_invitation')",
        [list(LOGIN_ROLES), tables],
    )
    return cursor.fetchall()


@register_diagnostic_check("row-level security")
def check_row_policies() -> Iterator[Finding]:
    wanted = {
        (each.table, each.name): each.digest() for each in row_level_security.list_row_policies()
    }
    with connection.cursor() as cursor:
        found, protected = (
            row_level_security.existing_row_policies(cursor),
            row_level_security.tables_with_row_security(cursor),
        )
    wrong = [
        f"{name} of {table}"
        for table, name in sorted(wanted.keys() | found.keys())
        if wanted.get((table, name)) != found.get((table, name))
    ]
    bare = sorted({table for table, _name in wanted} - protected)
    for table in bare:
        yield Finding("fault", "row-level security", f"It is off for {table}.", GRANT_ROLES_REMEDY)
    if wrong:
        told = f"{len(wrong)} policies are missing or others than they should be, as {wrong[0]}."
        yield Finding("fault", "row-level security", told, GRANT_ROLES_REMEDY)
    if not wrong and not bare:
        yield Finding("ok", "row-level security", "All policies are in place.")
