"""What `make up` takes while nobody uses it: the memory of all its processes, as PSS, which counts
a page that several share once."""

import re
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.support.make_up import Installation, temporary_installation

PROGRAM_BY_COMMAND = {  # by what is in the command line
    "granian": "web",
    "manage.py dispatch": "dispatcher",
    "celery": "worker",
    "config.supervisor": "supervisor",
    "postgres": "PostgreSQL",
    "valkey": "Valkey",
}
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def measure_idle_memory(idle: float) -> list[str]:
    """A new installation, `idle` seconds after its start."""
    with temporary_installation() as installation:
        installation.start()
        time.sleep(idle)
        found = memory_by_program(installation)
        installation.stop(signal.SIGTERM)
    parts = ", ".join(f"{name} {size:.0f}" for name, size in found.most_common())
    return [f"idle `make up`: {found.total():.0f} MB of PSS after {idle:g} s ({parts})"]


def memory_by_program(installation: Installation) -> Counter[str]:
    """Megabytes by role."""
    found: Counter[str] = Counter()
    for pid, command in installation.processes().items():
        role = next((name for mark, name in PROGRAM_BY_COMMAND.items() if mark in command), "other")
        with suppress(OSError):  # it has just ended
            found[role] += proportional_set_size(pid)
    return found


def proportional_set_size(pid: int) -> float:
    """Megabytes. Raises OSError for a process that is gone."""
    kilobytes = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(kilobytes[1]) / 1024
