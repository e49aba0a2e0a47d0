"""Child processes that die with us."""

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
    """What to run.

    `stop` asks it to end and `grace` is how many seconds that may take; `orphaned` is what it is
    sent when we die; lines that match `noise` are not shown; `popen` is for subprocess.
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
    """Start a program that dies with us; its own session keeps Ctrl-C from it.

    To be called from the main thread: the kernel watches the thread that forked, not the process.
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
    """Have the kernel send us this signal when our parent dies."""
    if PRCTL:
        PRCTL(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def kill_process_group(process: subprocess.Popen) -> None:
    """Kill what is left of a child and of the children it made."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
