"""Queries of the hot reads: written once by Django, then past its compiler and its cursors.

Django takes longer to write the query for one number than PostgreSQL to answer it, and its cursors
neither prepare a query nor take the answer in binary. What such a query says stays Django's to say.
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


class Place(int):
    """Which of the values stands here."""


class HotQuery:
    """A query that is the same each time but for some UUIDs: `write` takes these, and is called
    once.

    It returns a `values_list` of columns that psycopg reads as Django does; JSON is none of them.
    """

    def __init__(self, write: Callable[..., QuerySet]):
        self.write = write

    def rows(self, *values: UUID) -> list[Row]:
        statement, places = self.written
        return fetch(statement, [values[p] if type(p) is Place else p for p in places]).fetchall()

    @cached_property
    def written(self) -> tuple[str, list[Any]]:
        """The statement and its parameters: the Place of a value, or what stands there each
        time."""
        stand_ins = [uuid4() for _ in signature(self.write).parameters]
        places = {stand_in: Place(n) for n, stand_in in enumerate(stand_ins)}
        statement, parameters = self.write(*stand_ins).query.sql_with_params()
        return statement, [places.get(parameter, parameter) for parameter in parameters]


def fetch(statement: str, values: Sequence[Any]) -> psycopg.Cursor:
    """Planning costs more than the answer, so PostgreSQL keeps the plan with the connection."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.prepare_threshold = PREPARE_AFTER
        cursor = connection.fetch_prepared(statement, values)
    connection.health_check_done = True  # it has just answered
    if connection.queries_logged:  # a test counts, and this one counts too
        connection.queries_log.append({"sql": statement, "time": "0"})
    return cursor
