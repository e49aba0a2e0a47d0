"""manage.py grant_roles: grants the web and worker roles their rights, and installs row-level
security."""

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from config.environment.reader import read_secret
from organizations.tenancy import row_level_security
from organizations.tenancy.database_roles import (
    ASSUMABLE_ROLES,
    LOGIN_ROLES,
    missing_role_statements,
)
from organizations.tenancy.tenant_scope import DISPATCHER, FINDER, STAFF, WEB, WORKER

# Each role with the variable for its password. This command creates the role if the variable is
# set.
LOGIN_PASSWORD_VARIABLES = {WEB: "PATCHBAY_WEB_PASSWORD", WORKER: "PATCHBAY_WORKER_PASSWORD"}
GRANTS = [
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # The same rights on tables and sequences of later migrations.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {role}",
]
# Revoked afterwards: the audit log is written and read, never changed; its seals and the applied
# migrations belong to the owner; the worker signs nobody in and grants no permissions.
BASE_REVOKES = {
    "organizations_event": "UPDATE, DELETE",
    "organizations_seal": "INSERT, UPDATE, DELETE",
    "organizations_eventarchive": "INSERT, UPDATE, DELETE",
    "django_migrations": "INSERT, UPDATE, DELETE",
    "django_content_type": "INSERT, UPDATE, DELETE",
    "auth_permission": "INSERT, UPDATE, DELETE",
    "integrations_keyproof": "DELETE",
}
# Written by the worker and dispatcher. The screens only read these tables.
RUNTIME_TABLES = (
    *("integrations_process", "integrations_leadership", "integrations_sweep"),
    "integrations_attemptcount",
)
# Only operators, who act as STAFF, decide which numbers an organization may have.
POOL_TABLES = ("numbers_numberpool", "numbers_poolednumber")
STAFF_REVOKES = {**BASE_REVOKES, **dict.fromkeys(RUNTIME_TABLES, "INSERT, UPDATE, DELETE")}
POOL_REVOKES = dict.fromkeys(POOL_TABLES, "INSERT, UPDATE, DELETE")
WORKER_READ_ONLY_TABLES = (
    *POOL_TABLES,
    *("organizations_user", "organizations_organization", "organizations_membership"),
    *("organizations_apikey", "integrations_keyproof"),
)
WORKER_HIDDEN_TABLES = (
    *(
        "organizations_invitation",
        "organizations_user_groups",
        "organizations_user_user_permissions",
    ),
    *("auth_group", "auth_group_permissions", "django_session", "django_admin_log"),
    *("account_emailaddress", "account_emailconfirmation", "mfa_authenticator"),
    "usersessions_usersession",
    *("socialaccount_socialaccount", "socialaccount_socialapp", "socialaccount_socialtoken"),
)
WORKER_REVOKES = {
    **BASE_REVOKES,
    **dict.fromkeys(WORKER_READ_ONLY_TABLES, "INSERT, UPDATE, DELETE"),
    **dict.fromkeys(WORKER_HIDDEN_TABLES, "ALL"),
}
# The web writes neither number pools nor quotas; STAFF, as which operators act, does. DISPATCHER
# has the rights of the worker, and sees more rows.
WEB_REVOKES = {**STAFF_REVOKES, **POOL_REVOKES, "organizations_organization": "UPDATE"}
ROLE_REVOKES = {
    WEB: WEB_REVOKES,
    STAFF: STAFF_REVOKES,
    WORKER: WORKER_REVOKES,
    DISPATCHER: WORKER_REVOKES,
}

ROLE_MISSING_MESSAGE = "no such role, nothing granted (set {} to have it made)"

# Functions that delete rows which the worker cannot see (organizations/migrations/0013).
CLEANUP_FUNCTIONS = (
    "forget_sessions(integer)",
    "forget_invitations(interval, integer)",
    "forget_api_keys(interval, integer)",
)
# Counting a quota locks the organization's row, for which PostgreSQL requires the UPDATE right.
GRANT_ROW_LOCK = "GRANT UPDATE (created_at) ON organizations_organization TO {role}"
GRANT_RENAME = f"GRANT UPDATE (name) ON organizations_organization TO {WEB}"


class Command(BaseCommand):
    """Grants all rights. The owner runs the command after every migration; running it again changes
    nothing."""

    help = (
        "Lets the roles patchbay_web and patchbay_worker use the tables. To be run by their owner, "
        "after migrate. Makes a role that is missing where PATCHBAY_WEB_PASSWORD or "
        "PATCHBAY_WORKER_PASSWORD is set and the owner may make roles."
    )

    def handle(self, *args, verbosity: int, **options) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            done = {role: self.serve(cursor, role) for role in LOGIN_PASSWORD_VARIABLES}
            if verbosity:
                for role, what in done.items():
                    missing = ROLE_MISSING_MESSAGE.format(LOGIN_PASSWORD_VARIABLES[role])
                    self.stdout.write(f"{role}: {what or missing}")
            if all(done.values()):
                self.hold(cursor)
            elif verbosity:
                self.stdout.write(
                    f"row-level security: off, as {' or '.join(LOGIN_ROLES)} is missing"
                )

    def serve(self, cursor, role: str) -> str:
        """Creates the role if a password is given, and grants its rights if it exists. Returns what
        was done, or "" if the role is missing."""
        password = read_secret(LOGIN_PASSWORD_VARIABLES[role])
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        known = cursor.fetchone() is not None
        if password:
            self.make(cursor, role, password, known=known)
        elif not known:
            return ""
        grant_table_rights(cursor, role)
        return "may use the tables" if known else "made, and may use the tables"

    def hold(self, cursor) -> None:
        """Creates the assumable roles, grants their rights and installs the row policies. Raises
        CommandError if the owner may not create roles."""
        statements = missing_role_statements(cursor)
        try:
            for statement in statements:
                cursor.execute(statement)
        except ProgrammingError as error:
            texts = "".join(f"\n  {each.as_string(cursor.connection)};" for each in statements)
            raise CommandError(
                f"The owner may not make roles ({error}). Let a superuser of PostgreSQL run this "
                f"once, then run grant_roles again:{texts}"
            ) from error
        for part in {
            part for parts in ASSUMABLE_ROLES.values() for part in parts
        } & ROLE_REVOKES.keys():
            grant_table_rights(cursor, part)
        cursor.execute(f"GRANT EXECUTE ON FUNCTION find_api_key(text) TO {WEB}")
        for function in CLEANUP_FUNCTIONS:
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {DISPATCHER}")
        grant_finder_columns(cursor)
        row_level_security.apply_row_policies(cursor)

    def make(self, cursor, role: str, password: str, *, known: bool) -> None:
        """Creates the role, or sets its password. The server sees only the password's hash. Raises
        CommandError."""
        pgconn = cursor.connection.pgconn
        secret = pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = "ALTER ROLE {} LOGIN PASSWORD {}"
        if not known:
            statement = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {}"
        try:
            cursor.execute(
                sql.SQL(statement).format(sql.Identifier(role), sql.Literal(secret.decode()))
            )
        except ProgrammingError as error:
            raise CommandError(f"The owner may not make the role {role}: {error}") from error


def grant_table_rights(cursor, role: str) -> None:
    for statement in GRANTS:
        cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
    for table, rights in ROLE_REVOKES[role].items():
        revoke_table_rights(cursor, role, table, rights)
    cursor.execute(sql.SQL(GRANT_ROW_LOCK).format(role=sql.Identifier(role)))
    if role == WEB:
        cursor.execute(GRANT_RENAME)


def grant_finder_columns(cursor) -> None:
    """Grants the finder role SELECT on the columns that lookups need, and nothing else."""
    role = sql.Identifier(FINDER)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role))
    for table, columns in row_level_security.finder_columns().items():
        some = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
        statement = sql.SQL("GRANT SELECT {} ON {} TO {}")
        cursor.execute(statement.format(some, sql.Identifier(table), role))


def revoke_table_rights(cursor, role: str, table: str, rights: str) -> None:
    statement = sql.SQL("REVOKE {} ON {} FROM {}")
    names = (sql.SQL(rights), sql.Identifier(table), sql.Identifier(role))
    cursor.execute(statement.format(*names))
