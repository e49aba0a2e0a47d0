"""Prepared queries for the most frequent reads: compiled once by Django, then run without its
compiler and cursors.

Django takes longer to compile the query for one number than PostgreSQL takes to answer it, and its
cursors neither prepare a query nor read the result in binary. Django still defines what such a
query says.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from inspect import signature
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

PREPARE_AFTER = 2  # uses of a statement on one connection
Row = tuple[Any, ...]


class ParameterIndex(int):
    """The index of the value that replaces this parameter."""


# Sets the organization for the policies before the query runs. The inner query depends on the outer
# one's row, so it never runs first; if it did, it would find nothing.
SCOPED_STATEMENT = """
    WITH sight AS MATERIALIZED (
        SELECT set_config('patchbay.organization', %s::text, true)::uuid AS organization
    )
    SELECT found.* FROM sight CROSS JOIN LATERAL ({statement} OFFSET 0) AS found
"""


class PreparedQuery:
    """A query on one organization's rows in which only some UUIDs vary. `write` takes these, the
    organization's first, and is called once.

    It returns a `values_list` of columns that psycopg reads as Django does, which excludes JSON.
    """

    def __init__(self, write: Callable[..., QuerySet]):
        self.write = write

    def rows(self, *values: UUID) -> list[Row]:
        statement, places = self.written
        values = [
            values[p] if type(p) is ParameterIndex else p for p in (ParameterIndex(0), *places)
        ]
        return execute_prepared(statement, values, sets_organization=True).fetchall()

    @cached_property
    def written(self) -> tuple[str, list[Any]]:
        """Returns the statement and its parameters: a ParameterIndex, or a constant."""
        stand_ins = [uuid4() for _ in signature(self.write).parameters]
        places = {stand_in: ParameterIndex(n) for n, stand_in in enumerate(stand_ins)}
        statement, parameters = self.write(*stand_ins).query.sql_with_params()
        owned, *pieces = statement.split("%s")
        for parameter, piece in zip(parameters, pieces, strict=True):
            owned += ("sight.organization" if parameter == stand_ins[0] else "%s") + piece
        rest = [each for each in parameters if each != stand_ins[0]]
        return SCOPED_STATEMENT.format(statement=owned), [places.get(each, each) for each in rest]


def execute_prepared(
    statement: str, values: Sequence[Any], *, sets_organization: bool = False
) -> psycopg.Cursor:
    """Executes a prepared statement. PostgreSQL keeps its plan with the connection, because
    planning takes longer than the query."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.prepare_threshold = PREPARE_AFTER
        cursor = connection.fetch_prepared(statement, values, sets_organization=sets_organization)
    connection.health_check_done = True  # it has just answered a query
    if connection.queries_logged:  # so that tests which count queries count this one
        connection.queries_log.append({"sql": statement, "time": "0"})
    return cursor
