"""What is wrong with this installation, and how to mend it: `manage.py doctor`. Apps register
their examinations; each is guarded, and one that fails is a finding itself."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.db import Error, connection

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """A sentence, and what to do; no secret is in either."""

    level: Level
    subject: str
    sentence: str
    remedy: str = ""


Examination = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Registered:
    subject: str
    examine: Examination
    needs_database: bool


_registered: list[Registered] = []


def register(subject: str, *, needs_database: bool = True) -> Callable[[Examination], Examination]:
    """In the order in which they are to be read."""

    def add(examine: Examination) -> Examination:
        _registered.append(Registered(subject, examine, needs_database))
        return examine

    return add


def examine_all() -> Iterator[Finding]:
    """Without a database, what needs one is left out: each would wait for it anew."""
    reason = out_of_reach()
    for each in _registered:
        if not (reason and each.needs_database):
            yield from guarded(each)
    if reason:
        remedy = "Start PostgreSQL, and look at DATABASE_URL and at PostgreSQL's own log."
        yield Finding("fault", "database", f"PostgreSQL is out of reach: {reason}", remedy)


def out_of_reach() -> str:
    try:
        connection.ensure_connection()
    except Error as error:
        return first_line(error)
    return ""


def guarded(each: Registered) -> Iterator[Finding]:
    try:
        yield from each.examine()
    except Exception as error:
        told = f"This could not be examined: {type(error).__name__}: {first_line(error)}"
        yield Finding("fault", each.subject, told, "See the other findings first.")


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
