"""Is this installation ready, and if not, what is missing? For probes and alarms.

A look is made by a thread of its own and kept for a second, so whoever asks often costs the
database nothing, and a database that is silent is told within a second.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from config.schema_guard import WrongSchema, schema
from integrations.ledger.backlog import oldest_due
from integrations.runtime import availability
from integrations.runtime.availability import Heard, Running
from organizations.tenancy import tenant_scope

KEPT_FOR = 1.0  # seconds
ANSWERED_WITHIN = 1.0
OF_THE_WEB = ("schema", "database")  # without which a web answers nobody
UNKNOWN = "not known: the database does not answer"
STATE = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"


@dataclass(frozen=True)
class Check:
    """`ok` is None where nobody knows. `detail` is for everybody: no address, no name."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...]
    at: datetime = field(default_factory=timezone.now)

    def of(self, names: tuple[str, ...]) -> "Report":
        return Report(tuple(check for check in self.checks if check.name in names), self.at)

    @property
    def failing(self) -> list[str]:
        return [check.name for check in self.checks if not check.ok]


def look() -> Report:
    """Three quick queries. Never raises for a database that is out of reach."""
    try:
        of_schema, writable = schema().sentence, not is_read_only()
    except WrongSchema as error:
        return Report((Check("schema", False, str(error)), Check("database", True)))
    except Error:
        return silent("PostgreSQL is out of reach")
    checks = [
        Check("schema", not of_schema, of_schema or "current"),
        Check("database", writable, "writable" if writable else "it takes no writes"),
    ]
    try:
        return Report((*checks, *of_programs(availability.look()), of_work(oldest_due())))
    except Error as error:  # the tables, or the rights to them, are not there yet
        unknown = f"not known: {type(error).__name__}"
        return Report((*checks, *(Check(name, None, unknown) for name in OTHERS)))


OTHERS = ("broker", "dispatcher", "worker", "operations")


def silent(detail: str) -> Report:
    unknown = (Check(name, None, UNKNOWN) for name in OTHERS)
    return Report((Check("schema", None, UNKNOWN), Check("database", False, detail), *unknown))


def is_read_only() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return cursor.fetchone()[0]


def of_programs(found: Running) -> Iterator[Check]:
    """The web knows no broker: those that use it report it."""
    heard = (found.dispatcher, found.worker)
    if not any(one.is_there for one in heard):
        yield Check("broker", None, "not known: neither dispatcher nor worker reports")
    else:
        away = any(one.is_there and one.reason for one in heard)
        yield Check("broker", not away, "out of reach" if away else "reachable")
    yield Check("dispatcher", found.dispatcher.is_there, told(found.dispatcher, "leads"))
    works = found.worker.is_there and not found.worker.reason
    yield Check("worker", works, "paused" if works != found.worker.is_there else told(found.worker))


def told(heard: Heard, deed: str = "works") -> str:
    if heard.is_there:
        return f"one {deed}"
    if heard.silent_for is None:
        return "none is known"
    return f"none has reported for {heard.silent_for.total_seconds():.0f} s"


def of_work(waits: timedelta) -> Check:
    seconds, most = waits.total_seconds(), settings.OLDEST_DUE.total_seconds()
    detail = f"the oldest due one has waited for {seconds:.0f} s, at most {most:.0f} s are well"
    return Check("operations", seconds <= most, detail)


class Watcher:
    """Gives the last report, or has a new one made; one look at a time in this process."""

    def __init__(self, look: Callable[[], Report] = look):
        self.look = look
        self.lock = threading.Lock()
        self.report: Report | None = None
        self.until = self.began = 0.0  # time.monotonic()
        self.done: threading.Event | None = None  # of the look that is under way

    def now(self) -> Report:
        """In little more than ANSWERED_WITHIN seconds."""
        with self.lock:
            if self.report and time.monotonic() < self.until:
                return self.report
            done = self.done or self.begin()
        is_done = done.wait(ANSWERED_WITHIN)
        with self.lock:
            if self.report is None or not is_done and time.monotonic() >= self.until:
                waited = time.monotonic() - self.began
                self.keep(silent(f"PostgreSQL has not answered for {waited:.0f} s"))
            assert self.report is not None
            return self.report

    def begin(self) -> threading.Event:
        self.done, self.began = threading.Event(), time.monotonic()
        threading.Thread(target=self.run, args=[self.done], name="readiness", daemon=True).start()
        return self.done

    def run(self, done: threading.Event) -> None:
        report = silent("the look failed")
        try:
            with tenant_scope.process(tenant_scope.WEB):
                report = self.look()
        finally:
            connection.close()
            with self.lock:
                self.keep(report)
                self.done = None
            done.set()

    def keep(self, report: Report) -> None:
        self.report, self.until = report, time.monotonic() + KEPT_FOR


watcher = Watcher()
