"""Whether provisioning is running, for pages, API, admin, probes and `doctor` alike. Derived from
what dispatchers and workers report, by the database's clock."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection
from django.utils.translation import gettext as _

from integrations.runtime.processes import ALIVE_TIMEOUT

MINUTE = timedelta(minutes=1)
CACHE_SECONDS = 1.0  # seconds; a page may call it for each of its operations

AVAILABILITY_SQL = """
SELECT (SELECT statement_timestamp() - renewed_at FROM integrations_leadership WHERE term > 0),
    coalesce((SELECT reason FROM integrations_process
        WHERE instance = (SELECT holder FROM integrations_leadership)
        AND seen_at >= statement_timestamp() - %(alive)s), ''),
    (SELECT statement_timestamp() - max(seen_at) FROM integrations_process WHERE kind = 'worker'),
    coalesce((SELECT reason FROM integrations_process
        WHERE kind = 'worker' AND seen_at >= statement_timestamp() - %(alive)s
        ORDER BY state = 'working' DESC, reason = '' DESC LIMIT 1), '')
"""


@dataclass(frozen=True)
class ProcessAvailability:
    """The availability of the leading dispatcher, or of the worker that can do most. `silent_for`
    is None if no process is known: none has run, or the last one ended in an orderly way. `reason`
    tells operators what keeps the process from working; it may contain addresses."""

    silent_for: timedelta | None = timedelta(0)
    reason: str = ""

    @property
    def is_there(self) -> bool:
        return self.silent_for is not None and self.silent_for < ALIVE_TIMEOUT


@dataclass(frozen=True)
class ProvisioningAvailability:
    dispatcher: ProcessAvailability = field(default_factory=ProcessAvailability)
    worker: ProcessAvailability = field(default_factory=ProcessAvailability)

    @property
    def obstacle(self) -> str:
        """Returns the full reason why the running processes cannot work, for operators."""
        return self.dispatcher.reason or self.worker.reason

    @property
    def sentence(self) -> str:
        """Returns the sentence that tells users why pending requests do not proceed, or "" while
        they do."""
        dispatcher, worker = self.dispatcher, self.worker
        if not dispatcher.is_there and not worker.is_there:
            return both_stopped_message(dispatcher.silent_for, worker.silent_for)
        if not dispatcher.is_there:
            return dispatcher_stopped_message(dispatcher.silent_for)
        if not worker.is_there:
            return worker_stopped_message(worker.silent_for)
        if self.obstacle:
            return _(
                "Dispatcher and workers run, but cannot work now: the message broker is out of "
                "reach. What is asked for waits."
            )
        return ""

    @property
    def phase(self) -> str:
        """Returns a value that changes when a page should announce the sentence again: at once,
        then once a minute. It is "" while provisioning runs."""
        if not self.sentence:
            return ""
        silences = [part.silent_for or ALIVE_TIMEOUT for part in (self.dispatcher, self.worker)]
        return "-".join(["stopped", *(str(silence // MINUTE) for silence in silences)])


def both_stopped_message(dispatcher: timedelta | None, worker: timedelta | None) -> str:
    if dispatcher is None and worker is None:
        return _("No dispatcher and no worker is known to have run: what is asked for waits.")
    if dispatcher is None or worker is None:
        return _("No dispatcher and no worker is running: what is asked for waits.")
    words = {"span": format_elapsed_time(min(dispatcher, worker))}
    return _("No dispatcher or worker has run for %(span)s: what is asked for waits.") % words


def dispatcher_stopped_message(silent_for: timedelta | None) -> str:
    if silent_for is None:
        return _(
            "No dispatcher has run since the installation was started: what is asked for waits."
        )
    words = {"span": format_elapsed_time(silent_for)}
    return _("No dispatcher has run for %(span)s: what is asked for waits.") % words


def worker_stopped_message(silent_for: timedelta | None) -> str:
    if silent_for is None:
        return _("No worker is running: what is asked for waits.")
    words = {"span": format_elapsed_time(silent_for)}
    return _("No worker has run for %(span)s: what is asked for waits.") % words


def format_elapsed_time(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds < 120:
        return _("%(count)s s") % {"count": seconds}
    if seconds < 7200:
        return _("%(count)s min") % {"count": seconds // 60}
    return _("%(count)s h") % {"count": f"{seconds // 3600:,}"}


def read_availability() -> ProvisioningAvailability:
    """Reads the availability with one query. Raises django.db.Error if the database is
    unreachable."""
    with connection.cursor() as cursor:
        cursor.execute(AVAILABILITY_SQL, {"alive": ALIVE_TIMEOUT})
        led, of_leader, worked, of_workers = cursor.fetchone()
    return ProvisioningAvailability(
        ProcessAvailability(led, of_leader), ProcessAvailability(worked, of_workers)
    )


@dataclass
class AvailabilityCache:
    """The last result of this process. Two threads may query at the same time, which does no
    harm."""

    found: ProvisioningAvailability | None = None
    until: float = 0.0  # time.monotonic()


availability_cache = AvailabilityCache()


def current_availability() -> ProvisioningAvailability:
    """Returns the availability, at most a second old. Raises django.db.Error if the database is
    unreachable."""
    if availability_cache.found is None or time.monotonic() > availability_cache.until:
        availability_cache.found, availability_cache.until = (
            read_availability(),
            time.monotonic() + CACHE_SECONDS,
        )
    return availability_cache.found
