"""What `make up` takes while nobody uses it: the memory of all its processes, as PSS, which counts
a page that several share once."""

import re
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.support.make_up import Installation, installed

ROLES = {  # by what is in the command line
    "granian": "web",
    "manage.py dispatch": "dispatcher",
    "celery": "worker",
    "config.supervisor": "supervisor",
    "postgres": "PostgreSQL",
    "valkey": "Valkey",
}
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def measured(idle: float) -> list[str]:
    """A new installation, `idle` seconds after its start."""
    with installed() as installation:
        installation.start()
        time.sleep(idle)
        found = of_all(installation)
        installation.stop(signal.SIGTERM)
    parts = ", ".join(f"{name} {size:.0f}" for name, size in found.most_common())
    return [f"idle `make up`: {found.total():.0f} MB of PSS after {idle:g} s ({parts})"]


def of_all(installation: Installation) -> Counter[str]:
    """Megabytes by role."""
    found: Counter[str] = Counter()
    for pid, command in installation.processes().items():
        role = next((name for mark, name in ROLES.items() if mark in command), "other")
        with suppress(OSError):  # it has just ended
            found[role] += pss(pid)
    return found


def pss(pid: int) -> float:
    """Megabytes. Raises OSError for a process that is gone."""
    kilobytes = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(kilobytes[1]) / 1024
