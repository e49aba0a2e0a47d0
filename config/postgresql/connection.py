"""A connection that gives up a server that has fallen silent.

TCP notices a lost peer (parameters.py), but not a server that is stopped, nor one behind a proxy
that still acknowledges. Each statement is bounded by the server (statement_timeout, 15 s), so one
without any answer for longer has nobody left to answer it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.errors import _WaitTimeout

Result = TypeVar("Result")
ANSWER_TIMEOUT = 18.0  # seconds; more than statement_timeout

_is_bounded = False


def enable_answer_timeout() -> None:
    """From now on, in this process. For programs that serve; a command may run a statement for
    hours, and has somebody who watches it."""
    global _is_bounded
    _is_bounded = True


class Connection(psycopg.Connection):
    """Raises psycopg.OperationalError, and is closed, when the server is silent for too long."""

    answer_within = ANSWER_TIMEOUT

    def wait(
        self, gen: Any, interval: float = 0.1, timeout: float | None = None
    ) -> Any:  # of the generator
        if timeout is not None or not _is_bounded:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_within)
        except _WaitTimeout:
            self.close()  # what it still may answer belongs to nobody
            raise psycopg.OperationalError(
                f"PostgreSQL has not answered for {self.answer_within:g} seconds"
            ) from None

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """For a statement that is allowed to take longer than others."""
        before, self.answer_within = self.answer_within, seconds
        try:
            yield
        finally:
            self.answer_within = before
