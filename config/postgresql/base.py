"""Sets the role and the organization of the running code (organizations/tenancy/tenant_scope.py) in
the transaction of its statements, for the policies of row-level security.

Both settings are local to the transaction, so a reused connection, also through a pooler, has none.
Outside a transaction each statement is sent with its settings in one message, which the server runs
as one transaction, so this costs no round trip.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.features import DatabaseFeatures as PlainFeatures
from django.db.backends.postgresql.operations import DatabaseOperations as PlainOperations
from psycopg import sql
from psycopg.pq import TransactionStatus

from config.postgresql.connection import Connection
from organizations.tenancy.tenant_scope import (
    EMPTY_SCOPE,
    UNRESTRICTED,
    UNRESTRICTED_ROLES,
    TenantScope,
    current,
)

ORGANIZATION_SETTING = "patchbay.organization"
SETTINGS_MARKER = "/* sight */ "  # separates the settings from the statement
SET_ONE_SQL = "SELECT set_config(%s, %s, true)"
SET_BOTH_SQL = "SELECT set_config(%s, %s, true), set_config(%s, %s, true)"


class SessionSettings:
    """The settings of one connection: those made, and those to make before a statement."""

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection
        self.login = connection.info.user
        # Policies do not apply to the owner of the tables. The tests connect as the owner and
        # switch to the role of the process under test.
        self.is_restricted = self.login in UNRESTRICTED_ROLES or settings.MODE == "test"
        self.sight: TenantScope | None = EMPTY_SCOPE  # None means unknown

    @contextmanager
    def missing(self) -> Iterator[list[str]]:
        """Yields the names and values to set before the statement in the block."""
        status = self.connection.pgconn.transaction_status
        if not self.is_restricted or status == TransactionStatus.INERROR:
            yield []
            return
        before = EMPTY_SCOPE if status == TransactionStatus.IDLE else self.sight
        wanted, self.sight = current(), None  # unknown if the statement fails
        yield [] if wanted == before else self.settings(wanted, before)
        self.sight = wanted

    def settings(self, wanted: TenantScope, before: TenantScope | None) -> list[str]:
        values, role = [], self.role(wanted)
        if before is None or role != self.role(before):
            values += ["role", role or "none"]
        if before is None or wanted.organization != before.organization:
            values += [ORGANIZATION_SETTING, wanted.organization]
        return values

    def role(self, sight: TenantScope) -> str | None:
        """Returns the role to switch to, or None for the one that has connected."""
        base = sight.base or (self.login if self.login in UNRESTRICTED_ROLES else None)
        if base is None:
            return None
        role = UNRESTRICTED_ROLES[base] if sight.role == UNRESTRICTED else sight.role or base
        return None if role == self.login else role

    def is_plain(self, *, but_organization: bool) -> bool:
        """Returns whether the next statement is a transaction by itself and needs no setting, or
        only the organization."""
        sight = current()
        if sight.organization and not but_organization:
            return False
        is_idle = self.connection.pgconn.transaction_status == TransactionStatus.IDLE
        return is_idle and self.connection.autocommit and self.role(sight) is None

    def invalidate(self) -> None:
        """Marks the settings as unknown, after the rollback of a savepoint, which also reverts what
        was set since."""
        self.sight = None


def get_session_settings(connection: psycopg.Connection) -> SessionSettings:
    found = getattr(connection, "session_settings", None)
    if found is None:
        found = connection.session_settings = SessionSettings(connection)
    return found


class Cursor(base.Cursor):
    """Sends the missing settings in the same message as the statement."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Cursor":
        with get_session_settings(self.connection).missing() as missing:
            if not missing:
                return super().execute(query, params, **options)
            super().execute(prepend_settings(query, missing), params, **options)
            self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        raise NotImplementedError("It sends several messages; use execute().")

    def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:
        apply_missing_settings(self.connection)
        return super().copy(statement, params, **options)


def can_apply_settings(connection: psycopg.Connection) -> bool:
    """Returns whether a setting made now still applies to the next statement."""
    is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
    return not (connection.autocommit and is_idle) or current() == EMPTY_SCOPE


def apply_missing_settings(connection: psycopg.Connection) -> None:
    """Sets what is missing by a statement of its own, before one that takes no prefix. Needs a
    transaction, because the settings end with it. Raises psycopg.ProgrammingError outside one."""
    with get_session_settings(connection).missing() as missing:
        if not missing:
            return
        if not can_apply_settings(connection):
            raise psycopg.ProgrammingError("Rows are copied inside a transaction only.")
        psycopg.ClientCursor(connection).execute(prepend_settings("", missing))


def prepend_settings(query: Any, settings: Sequence[str]) -> Any:
    """Returns the query with the settings before it. They need no escaping, because they are only
    Patchbay's names, roles, and a UUID."""
    pairs = zip(settings[::2], settings[1::2], strict=True)
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in pairs)
    prefix = f"SELECT {calls}; {SETTINGS_MARKER}"
    return prefix + query if isinstance(query, str) else sql.SQL(prefix) + query


class DatabaseFeatures(PlainFeatures):
    minimum_database_version = (15,)  # NULLS NOT DISTINCT; the oldest version that is tested


class DatabaseOperations(PlainOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str | None:
        query = super().last_executed_query(cursor, sql, params)
        return query and query.rpartition(SETTINGS_MARKER)[2]


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    Database = SimpleNamespace(**{**vars(psycopg), "connect": Connection.connect})

    def separate(self, *, answer_within: float) -> Connection:
        """Returns a connection beside Django's, with the options of the URL, in autocommit mode.
        Closes it after `answer_within` seconds without a response."""
        parameters = {**self.get_connection_params(), "cursor_factory": psycopg.Cursor}
        separate = Connection.connect(**parameters, autocommit=True)
        separate.answer_within = answer_within
        return separate

    @contextmanager
    def statements_may_take(self, seconds: int) -> Iterator[None]:
        """Allows statements more time than the connection's statement_timeout, for the rest of the
        transaction."""
        with self.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        with self.connection.patient(seconds + 5):
            yield

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": Cursor}

    def create_cursor(self, name: str | None = None) -> Any:
        """Returns a cursor. A named cursor outlives the settings outside a transaction, so there a
        plain one replaces it and reads all rows at once."""
        if name and can_apply_settings(self.connection):
            apply_missing_settings(self.connection)
            return super().create_cursor(name)
        return super().create_cursor()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        get_session_settings(self.connection).invalidate()

    def fetch_prepared(
        self, statement: str, values: Sequence[Any], *, sets_organization: bool = False
    ) -> psycopg.Cursor:
        """Runs a statement with a cached plan and binary results. A statement that sets the current
        organization itself needs no other before it, and costs the least."""
        cursor = psycopg.Cursor(self.connection)
        known = get_session_settings(self.connection)
        if known.is_plain(but_organization=sets_organization):
            return cursor.execute(statement, values, binary=True)
        with known.missing() as missing:
            if not missing:
                return cursor.execute(statement, values, binary=True)
            setting = SET_ONE_SQL if len(missing) == 2 else SET_BOTH_SQL
            with self.connection.pipeline():
                psycopg.Cursor(self.connection).execute(setting, missing, binary=True)
                return cursor.execute(statement, values, binary=True)
