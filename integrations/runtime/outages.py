"""Logs the beginning and the end of an outage, instead of one message each second."""

import logging
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from organizations.text.errors import error_summary

REPEAT_WARNING_SECONDS = 60.0  # seconds


@dataclass
class Outage:
    """An outage of one dependency. `what` is the subject of the log messages, such as "The
    broker"."""

    logger: logging.Logger
    what: str
    since: float | None = None  # time.monotonic()
    told_at: float = 0.0
    error: str = ""

    @property
    def reason(self) -> str:
        """Returns the sentence that describes the outage, or "" while the dependency is
        reachable."""
        return f"{self.what} is out of reach: {self.error}" if self.since is not None else ""

    @property
    def seconds(self) -> float:
        """Returns how many seconds the outage has lasted, or 0 while the dependency is
        reachable."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    def goes_on(self, error: Exception | str) -> None:
        """Records a failure. Logs a warning when the outage begins, and again each minute."""
        now, self.error = time.monotonic(), error_summary(error)
        if self.since is None:
            self.since = now
        elif now - self.told_at < REPEAT_WARNING_SECONDS:
            return
        self.told_at = now
        lasted = f", for {now - self.since:.0f} s now" if now > self.since else ""
        self.logger.warning("%s is out of reach%s: %s", self.what, lasted, self.error)

    def is_over(self) -> None:
        """Records a success. Logs the end of the outage if there was one."""
        if self.since is not None:
            lasted = time.monotonic() - self.since
            self.since = None
            self.logger.warning("%s is back after %.0f s", self.what, lasted)


def is_database_reachable() -> bool:
    """Returns whether the database accepts a new connection."""
    connection.close()
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True
