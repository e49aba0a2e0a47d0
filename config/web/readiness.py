"""Checks whether this installation is ready, and what is missing, for probes and alarms.

A thread of its own runs the checks, and the report is cached for a second, so frequent requests
cost no queries, and a database that does not respond is reported within a second.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from config.schema_guard import SchemaMismatch, compare_schema
from integrations.ledger.backlog import oldest_due_age
from integrations.runtime import availability
from integrations.runtime.availability import ProcessAvailability, ProvisioningAvailability
from organizations.tenancy import tenant_scope

CACHE_SECONDS = 1.0  # seconds
ANSWER_TIMEOUT = 1.0
WEB_CHECKS = ("schema", "database")  # without these no web responds
UNKNOWN_DETAIL = "not known: the database does not answer"
READ_ONLY_SQL = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"


@dataclass(frozen=True)
class ReadinessCheck:
    """The result of a check. `ok` is None if unknown. `detail` is public, so it contains no address
    or name."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class ReadinessReport:
    checks: tuple[ReadinessCheck, ...]
    at: datetime = field(default_factory=timezone.now)

    def of(self, names: tuple[str, ...]) -> "ReadinessReport":
        return ReadinessReport(
            tuple(check for check in self.checks if check.name in names), self.at
        )

    @property
    def failing(self) -> list[str]:
        return [check.name for check in self.checks if not check.ok]


def check_readiness() -> ReadinessReport:
    """Checks with three quick queries. Does not raise if the database is unreachable."""
    try:
        of_schema, writable = compare_schema().sentence, not is_database_read_only()
    except SchemaMismatch as error:
        return ReadinessReport(
            (ReadinessCheck("schema", False, str(error)), ReadinessCheck("database", True))
        )
    except Error:
        return database_unavailable_report("PostgreSQL is out of reach")
    checks = [
        ReadinessCheck("schema", not of_schema, of_schema or "current"),
        ReadinessCheck("database", writable, "writable" if writable else "it takes no writes"),
    ]
    try:
        return ReadinessReport(
            (
                *checks,
                *check_background_processes(availability.read_availability()),
                check_operation_backlog(oldest_due_age()),
            )
        )
    except Error as error:  # the tables, or the rights to them, are missing
        unknown = f"not known: {type(error).__name__}"
        return ReadinessReport(
            (*checks, *(ReadinessCheck(name, None, unknown) for name in OTHER_CHECKS))
        )


OTHER_CHECKS = ("broker", "dispatcher", "worker", "operations")


def database_unavailable_report(detail: str) -> ReadinessReport:
    unknown = (ReadinessCheck(name, None, UNKNOWN_DETAIL) for name in OTHER_CHECKS)
    return ReadinessReport(
        (
            ReadinessCheck("schema", None, UNKNOWN_DETAIL),
            ReadinessCheck("database", False, detail),
            *unknown,
        )
    )


def is_database_read_only() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY_SQL)
        return cursor.fetchone()[0]


def check_background_processes(found: ProvisioningAvailability) -> Iterator[ReadinessCheck]:
    """Yields the checks of broker, dispatcher and worker. The web does not use the broker, so its
    state is what the others report."""
    heard = (found.dispatcher, found.worker)
    if not any(one.is_there for one in heard):
        yield ReadinessCheck("broker", None, "not known: neither dispatcher nor worker reports")
    else:
        away = any(one.is_there and one.reason for one in heard)
        yield ReadinessCheck("broker", not away, "out of reach" if away else "reachable")
    yield ReadinessCheck(
        "dispatcher", found.dispatcher.is_there, describe_heartbeat(found.dispatcher, "leads")
    )
    works = found.worker.is_there and not found.worker.reason
    yield ReadinessCheck(
        "worker",
        works,
        "paused" if works != found.worker.is_there else describe_heartbeat(found.worker),
    )


def describe_heartbeat(heard: ProcessAvailability, deed: str = "works") -> str:
    if heard.is_there:
        return f"one {deed}"
    if heard.silent_for is None:
        return "none is known"
    return f"none has reported for {heard.silent_for.total_seconds():.0f} s"


def check_operation_backlog(waits: timedelta) -> ReadinessCheck:
    seconds, most = waits.total_seconds(), settings.OLDEST_DUE.total_seconds()
    detail = f"the oldest due one has waited for {seconds:.0f} s, at most {most:.0f} s are well"
    return ReadinessCheck("operations", seconds <= most, detail)


class ReadinessCache:
    """Returns the last report, or runs the checks again, once at a time in this process."""

    def __init__(self, look: Callable[[], ReadinessReport] = check_readiness):
        self.look = look
        self.lock = threading.Lock()
        self.report: ReadinessReport | None = None
        self.until = self.began = 0.0  # time.monotonic()
        self.done: threading.Event | None = None  # of the checks in progress

    def now(self) -> ReadinessReport:
        """Returns a report within little more than ANSWER_TIMEOUT seconds."""
        with self.lock:
            if self.report and time.monotonic() < self.until:
                return self.report
            done = self.done or self.begin()
        is_done = done.wait(ANSWER_TIMEOUT)
        with self.lock:
            if self.report is None or not is_done and time.monotonic() >= self.until:
                waited = time.monotonic() - self.began
                self.keep(
                    database_unavailable_report(f"PostgreSQL has not answered for {waited:.0f} s")
                )
            assert self.report is not None
            return self.report

    def begin(self) -> threading.Event:
        self.done, self.began = threading.Event(), time.monotonic()
        threading.Thread(target=self.run, args=[self.done], name="readiness", daemon=True).start()
        return self.done

    def run(self, done: threading.Event) -> None:
        report = database_unavailable_report("the look failed")
        try:
            with tenant_scope.for_role(tenant_scope.WEB):
                report = self.look()
        finally:
            connection.close()
            with self.lock:
                self.keep(report)
                self.done = None
            done.set()

    def keep(self, report: ReadinessReport) -> None:
        self.report, self.until = report, time.monotonic() + CACHE_SECONDS


readiness_cache = ReadinessCache()
