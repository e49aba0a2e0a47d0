"""A connection that gives up on a server that no longer responds.

TCP notices a lost peer (parameters.py), but not a server that is stopped, nor one behind a proxy
that still acknowledges. The server limits each statement (statement_timeout, 15 s), so if there is
no response for longer, none will come.
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
    """Enables the timeout in this process. For servers only: a command may run a statement for
    hours, and has a user who watches it."""
    global _is_bounded
    _is_bounded = True


class Connection(psycopg.Connection):
    """Raises psycopg.OperationalError, and closes, if the server does not respond for too long."""

    answer_within = ANSWER_TIMEOUT

    def wait(
        self, gen: Any, interval: float = 0.1, timeout: float | None = None
    ) -> Any:  # the result of the generator
        if timeout is not None or not _is_bounded:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_within)
        except _WaitTimeout:
            self.close()  # a late response must not be read as that of another statement
            raise psycopg.OperationalError(
                f"PostgreSQL has not answered for {self.answer_within:g} seconds"
            ) from None

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Allows a longer wait within the block, for a statement that may take longer than
        others."""
        before, self.answer_within = self.answer_within, seconds
        try:
            yield
        finally:
            self.answer_within = before
