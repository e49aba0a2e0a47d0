"""Tells PostgreSQL the sight of the running code (organizations/sight.py) in the same transaction
as its statements.

Both settings are local to the transaction, so a connection that is used again, by us or through a
pooler, knows nothing. Outside a transaction each statement brings its own: the server takes several
statements of one message as one transaction, so this costs no round trip.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PlainOperations
from psycopg import sql
from psycopg.pq import TransactionStatus

from organizations.sight import ALL, ALL_OF, NOWHERE, Sight, current

ORGANIZATION = "patchbay.organization"
MARK = "/* sight */ "  # between what we add to a statement and the statement
SET_ONE = "SELECT set_config(%s, %s, true)"
SET_BOTH = "SELECT set_config(%s, %s, true), set_config(%s, %s, true)"


class Known:
    """What the server knows of the sight, on one connection."""

    def __init__(self, connection: psycopg.Connection):
        self.connection = connection
        self.login = connection.info.user
        # An owner, or whoever has all roles in one, is not held by policies. That of the tests is,
        # as it becomes the role of the process that is tried.
        self.is_held = self.login in ALL_OF or settings.MODE == "test"
        self.sight: Sight | None = NOWHERE  # None: it may be any

    @contextmanager
    def told(self) -> Iterator[list[str]]:
        """Names and values of the settings that must go before the statement inside."""
        status = self.connection.pgconn.transaction_status
        if not self.is_held or status == TransactionStatus.INERROR:
            yield []
            return
        before = NOWHERE if status == TransactionStatus.IDLE else self.sight
        wanted, self.sight = current(), None  # if what follows fails, nobody knows
        yield [] if wanted == before else self.settings(wanted, before)
        self.sight = wanted

    def settings(self, wanted: Sight, before: Sight | None) -> list[str]:
        values, role = [], self.role(wanted)
        if before is None or role != self.role(before):
            values += ["role", role or "none"]
        if before is None or wanted.organization != before.organization:
            values += [ORGANIZATION, wanted.organization]
        return values

    def role(self, sight: Sight) -> str | None:
        """None: the one that has connected."""
        base = sight.base or (self.login if self.login in ALL_OF else None)
        if base is None:
            return None
        role = ALL_OF[base] if sight.role == ALL else sight.role or base
        return None if role == self.login else role

    def is_plain(self, *, but_organization: bool) -> bool:
        """Whether a statement now is a transaction by itself and needs nothing told, or nothing but
        the organization."""
        sight = current()
        if sight.organization and not but_organization:
            return False
        is_idle = self.connection.pgconn.transaction_status == TransactionStatus.IDLE
        return is_idle and self.connection.autocommit and self.role(sight) is None

    def doubt(self) -> None:
        """A savepoint was rolled back, and with it perhaps what had been set since."""
        self.sight = None


def known_to(connection: psycopg.Connection) -> Known:
    found = getattr(connection, "sight_known", None)
    if found is None:
        found = connection.sight_known = Known(connection)
    return found


class Cursor(base.Cursor):
    """Sets what is missing in the message of the statement."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Cursor":
        with known_to(self.connection).told() as missing:
            if not missing:
                return super().execute(query, params, **options)
            super().execute(preceded(query, missing), params, **options)
            self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        raise NotImplementedError("It sends several messages; use execute().")

    def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:
        tell(self.connection)
        return super().copy(statement, params, **options)


def can_tell(connection: psycopg.Connection) -> bool:
    """Whether what is told now holds for the next statement."""
    is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
    return not (connection.autocommit and is_idle) or current() == NOWHERE


def tell(connection: psycopg.Connection) -> None:
    """By a statement of its own, before one that cannot be preceded. It takes a transaction, or
    the settings would be gone again."""
    with known_to(connection).told() as missing:
        if not missing:
            return
        if not can_tell(connection):
            raise psycopg.ProgrammingError("Rows are copied inside a transaction only.")
        psycopg.ClientCursor(connection).execute(preceded("", missing))


def preceded(query: Any, settings: Sequence[str]) -> Any:
    """The settings are ours, and no text of anybody's: names, roles, and a UUID."""
    pairs = zip(settings[::2], settings[1::2], strict=True)
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in pairs)
    prefix = f"SELECT {calls}; {MARK}"
    return prefix + query if isinstance(query, str) else sql.SQL(prefix) + query


class DatabaseOperations(PlainOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str | None:
        told = super().last_executed_query(cursor, sql, params)
        return told and told.rpartition(MARK)[2]


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": Cursor}

    def create_cursor(self, name: str | None = None) -> Any:
        """Outside a transaction the server would forget the sight of a named one, so the rows come
        at once, by a plain one."""
        if name and can_tell(self.connection):
            tell(self.connection)
            return super().create_cursor(name)
        return super().create_cursor()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        known_to(self.connection).doubt()

    def fetch_prepared(
        self, statement: str, values: Sequence[Any], *, tells_sight: bool = False
    ) -> psycopg.Cursor:
        """Runs a statement with a kept plan, and answers in binary. One that names the organization
        of the current sight itself needs nothing before it, and costs the least."""
        cursor, known = psycopg.Cursor(self.connection), known_to(self.connection)
        if known.is_plain(but_organization=tells_sight):
            return cursor.execute(statement, values, binary=True)
        with known.told() as missing:
            if not missing:
                return cursor.execute(statement, values, binary=True)
            setting = SET_ONE if len(missing) == 2 else SET_BOTH
            with self.connection.pipeline():
                psycopg.Cursor(self.connection).execute(setting, missing, binary=True)
                return cursor.execute(statement, values, binary=True)
