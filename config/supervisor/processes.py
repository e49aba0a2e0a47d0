"""Child processes that end with the supervisor."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A program to run.

    `stop` is the signal that stops it and `grace` is how many seconds that may take. It receives
    `orphaned` when the supervisor dies. Lines that match `noise` are not printed. `popen` are
    arguments of subprocess.
    """

    name: str
    command: list[str]
    env: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    grace: float = 10
    orphaned: signal.Signals = signal.SIGKILL
    noise: re.Pattern | None = None
    popen: Mapping = field(default_factory=dict)


def spawn_program(program: Program, output) -> subprocess.Popen:
    """Starts a program that ends with this process. Its own session shields it from Ctrl-C.

    Call it from the main thread, because the kernel watches the thread that forked, not the
    process.
    """
    return subprocess.Popen(
        [str(word) for word in program.command],
        env=dict(program.env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=partial(exit_with_parent, os.getpid(), program.orphaned),
        **program.popen,
    )


def exit_with_parent(parent: int, number: int) -> None:
    """Makes the kernel send this signal to this process when its parent dies."""
    if PRCTL:
        PRCTL(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # the parent died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def kill_process_group(process: subprocess.Popen) -> None:
    """Kills what is left of a child and of its own children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
