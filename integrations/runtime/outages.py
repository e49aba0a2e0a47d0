"""What is out of reach is told once when that begins and once when it ends, and not each second."""

import logging
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from organizations.text.errors import error_summary

REPEAT_WARNING_SECONDS = 60.0  # seconds


@dataclass
class Outage:
    """`what` is the subject of its sentences, such as "The broker"."""

    logger: logging.Logger
    what: str
    since: float | None = None  # time.monotonic()
    told_at: float = 0.0
    error: str = ""

    @property
    def reason(self) -> str:
        """The sentence that was or would be told; "" while all is well."""
        return f"{self.what} is out of reach: {self.error}" if self.since is not None else ""

    @property
    def seconds(self) -> float:
        """How long it has lasted; 0 while all is well."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    def goes_on(self, error: Exception | str) -> None:
        """It is there: told at its beginning, and again after a minute."""
        now, self.error = time.monotonic(), error_summary(error)
        if self.since is None:
            self.since = now
        elif now - self.told_at < REPEAT_WARNING_SECONDS:
            return
        self.told_at = now
        lasted = f", for {now - self.since:.0f} s now" if now > self.since else ""
        self.logger.warning("%s is out of reach%s: %s", self.what, lasted, self.error)

    def is_over(self) -> None:
        """Nothing is said unless there was one."""
        if self.since is not None:
            lasted = time.monotonic() - self.since
            self.since = None
            self.logger.warning("%s is back after %.0f s", self.what, lasted)


def is_database_reachable() -> bool:
    """Whether the database takes a new connection."""
    connection.close()
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True
