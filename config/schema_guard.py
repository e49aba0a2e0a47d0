"""Checks whether this code is compatible with the schema of its database (docs/upgrading.md).

Older code runs on a newer schema, so that an upgrade needs no downtime, if every migration that it
does not know only adds to the schema. A migration that is incompatible with older code has in its
name the migration that the code must know: `0021_needs_0018_drop_label` is compatible with code
that has migration 0018 of the same app, and with no other.
"""

import logging
import pkgutil
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import NotSupportedError, OperationalError, ProgrammingError, connection

from config import BASE_DIR, VERSION
from organizations.text.errors import error_summary

logger = logging.getLogger(__name__)

MigrationName = tuple[str, str]  # app and migration
POLL_INTERVAL = 1.0  # seconds between two checks

REQUIRED_MIGRATION = re.compile(r"\d{4}_needs_(\d{4})_")
UNREADABLE_SQLSTATES = (
    "42P01",  # no such table: nothing was ever migrated
    "42501",  # not readable: grant_roles has not run
)


class SchemaMismatch(ImproperlyConfigured):
    """Says in a sentence why this code does not run on its database."""


@dataclass(frozen=True)
class SchemaComparison:
    """What the database has and this code lacks (`unknown`), and the reverse (`missing`), as
    "app.migration". Of `unknown` only `unbearable` is incompatible."""

    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unbearable: tuple[str, ...] = ()

    @property
    def state(self) -> Literal["current", "unmigrated", "newer"]:
        if self.unbearable:
            return "newer"
        return "unmigrated" if self.missing else "current"

    @property
    def sentence(self) -> str:
        """Returns the problem and its solution, or "" if there is none."""
        if self.unbearable:
            return (
                f"The database was migrated by a newer Patchbay than this {VERSION}, which does not"
                f" know {describe_migrations(self.unbearable)}: start the newer one, or restore the"
                " backup from before the upgrade."
            )
        if self.missing:
            return (
                f"The database lacks {describe_migrations(self.missing)}: run `manage.py migrate`,"
                " then `manage.py grant_roles`, as the owner of the tables."
            )
        return ""


def describe_migrations(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 1} more migrations" if len(names) > 1 else ""
    return f"the migration {names[0]}{more}"


def compare_schema() -> SchemaComparison:
    """Compares with one query. Raises OperationalError if the database is unreachable, and
    SchemaMismatch if PostgreSQL is older than Patchbay supports."""
    known, recorded = known_migrations(), applied_migrations()
    unknown = {name for name in recorded - known if name[0] in project_app_labels()}
    return SchemaComparison(
        missing=format_migration_names(known - recorded),
        unknown=format_migration_names(unknown),
        unbearable=format_migration_names(
            {name for name in unknown if not is_backward_compatible(name, known)}
        ),
    )


def format_migration_names(names: set[MigrationName]) -> tuple[str, ...]:
    return tuple(sorted(".".join(name) for name in names))


def is_backward_compatible(
    name: MigrationName, known: set[MigrationName] | frozenset[MigrationName]
) -> bool:
    app, migration = name
    needed = REQUIRED_MIGRATION.match(migration)
    return needed is None or any(
        known_app == app and known_migration.startswith(f"{needed[1]}_")
        for known_app, known_migration in known
    )


@cache
def known_migrations() -> frozenset[MigrationName]:
    """Returns the migrations by file names, because importing them all would use memory for the
    life of the program."""
    found = set()
    for app in apps.get_app_configs():
        folder = Path(app.path, "migrations")
        if (folder / "__init__.py").exists():
            names = (module.name for module in pkgutil.iter_modules([str(folder)]))
            found |= {(app.label, name) for name in names if name[0] not in "_~"}
    return frozenset(found)


@cache
def project_app_labels() -> frozenset[str]:
    return frozenset(
        app.label for app in apps.get_app_configs() if Path(app.path).parent == BASE_DIR
    )


def applied_migrations() -> set[MigrationName]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            return set(cursor.fetchall())
    except NotSupportedError as error:  # Django's message has both versions
        connection.close()
        raise SchemaMismatch(f"Patchbay does not start: {error}") from None
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") in UNREADABLE_SQLSTATES:
            return set()
        raise


def ensure_schema_not_newer() -> None:
    """Raises SchemaMismatch if this code cannot run on the database. Does not raise if the database
    is unreachable, because code that waits for it checks again."""
    try:
        found = compare_schema()
    except OperationalError:
        return
    finally:
        connection.close()
    if found.state == "newer":
        raise SchemaMismatch(found.sentence)


def wait_for_current_schema(pause: Callable[[float], object] = time.sleep) -> bool:
    """Waits until the schema fits this code and returns True, or False if `pause`, which waits,
    returns true to give up.

    For programs that can do nothing before. Raises SchemaMismatch as `ensure_schema_not_newer`
    does.
    """
    told = ""
    while obstacle := find_startup_blocker():
        if obstacle != told:
            logger.warning("waiting: %s", obstacle)
            told = obstacle
        if pause(POLL_INTERVAL):
            return False
    return True


def find_startup_blocker() -> str:
    """Returns the problem as a sentence, or "". Leaves no connection open. Raises
    SchemaMismatch."""
    try:
        found = compare_schema()
    except OperationalError as error:
        return f"PostgreSQL is out of reach: {error_summary(error)}"
    finally:
        connection.close()
    if found.state == "newer":
        raise SchemaMismatch(found.sentence)
    return found.sentence
