"""Findings of `manage.py doctor`: what is wrong with this installation, and how to fix it.

Apps register their checks. Each check runs guarded, and one that fails is a finding itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.db import Error, connection

from organizations.text.errors import error_summary

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One finding: a sentence, and what to do. Neither contains a secret."""

    level: Level
    subject: str
    sentence: str
    remedy: str = ""


DiagnosticCheck = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class RegisteredCheck:
    subject: str
    examine: DiagnosticCheck
    needs_database: bool


_registered_checks: list[RegisteredCheck] = []


def register_diagnostic_check(
    subject: str, *, needs_database: bool = True
) -> Callable[[DiagnosticCheck], DiagnosticCheck]:
    """Returns a decorator that registers a check. Findings are reported in the order of
    registration."""

    def add(examine: DiagnosticCheck) -> DiagnosticCheck:
        _registered_checks.append(RegisteredCheck(subject, examine, needs_database))
        return examine

    return add


def run_diagnostic_checks() -> Iterator[Finding]:
    """Runs all checks and yields their findings. Without a database, skips the checks that need
    one, because each would wait for the connection again."""
    reason = database_connection_error()
    for each in _registered_checks:
        if not (reason and each.needs_database):
            yield from run_guarded_check(each)
    if reason:
        remedy = "Start PostgreSQL, and look at DATABASE_URL and at PostgreSQL's own log."
        yield Finding("fault", "database", f"PostgreSQL is out of reach: {reason}", remedy)


def database_connection_error() -> str:
    try:
        connection.ensure_connection()
    except Error as error:
        return error_summary(error)
    return ""


def run_guarded_check(each: RegisteredCheck) -> Iterator[Finding]:
    try:
        yield from each.examine()
    except Exception as error:
        told = f"This could not be examined: {type(error).__name__}: {error_summary(error)}"
        yield Finding("fault", each.subject, told, "See the other findings first.")
