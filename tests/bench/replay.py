"""Statements that Patchbay ran, to be run again for other rows without it."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench.sql_load import Job


def capture_statements(action: Callable[[], Any]) -> list[str]:
    """The statements of an action, with their values written into them."""
    with CaptureQueriesContext(connection) as seen:
        action()
    return [query["sql"].rstrip(";") for query in seen]


def replace_identifiers(statements: list[str], changes: dict[str, str]) -> Job:
    """The statements for other rows: each old id, with and without dashes, gives way to the new
    one."""
    job: Job = []
    for statement in statements:
        for old, new in changes.items():
            statement = statement.replace(old, new)
            statement = statement.replace(old.replace("-", ""), new.replace("-", ""))
        job.append((statement, None))
    return job
