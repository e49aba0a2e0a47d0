"""The ASGI application, in a process that dies with the granian that made it."""

import multiprocessing
import signal

from config.asgi import application
from config.supervisor.processes import die_with

__all__ = ["application"]

# A killed granian would leave its processes behind, and they would keep the port.
if granian := multiprocessing.parent_process():
    die_with(granian.pid, signal.SIGKILL)
