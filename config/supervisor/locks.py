"""File locks that allow one supervisor per data folder, and no engine of an earlier run."""

import fcntl
import os
import time
from pathlib import Path

from config.supervisor import SupervisorError


def acquire_file_lock(path: Path, refusal: str, *, patience: float = 0) -> int:
    """Locks a file, waiting up to `patience` seconds, and returns the descriptor of the lock.

    The lock lasts as long as any process that inherited the descriptor, so a lock that the engines
    inherited is free exactly when the last of their processes has ended. Raises SupervisorError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + patience
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            raise SupervisorError(refusal)
        time.sleep(0.05)
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
