"""The three programs of Patchbay and the step before them."""

import os
import sys
from collections.abc import Mapping

from config import BASE_DIR
from config.supervisor.address import Address
from config.supervisor.processes import Program

WEB_WORKERS = min(4, max(2, os.cpu_count() or 1))
# As in Dockerfile. A connection takes a place (backpressure, per worker) until it is closed, so
# each has a deadline for its headers, which ends idle ones too, but in HTTP/1 only. The buffer
# bounds the headers, and what granian reads ahead of a body (docs/decisions/0020).
GRANIAN = [
    *("--interface", "asginl", "--no-ws", "--log-level", "warning", "--respawn-failed-workers"),
    *("--http", "1", "--http1-header-read-timeout", "20000", "--http1-buffer-size", "65536"),
    *("--backlog", "2048", "--backpressure", "2048"),
]


def python(name: str, *arguments: str, env: Mapping[str, str], **manner) -> Program:
    """Python as a child, in the project's folder, told `env` besides our environment."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    return Program(name, [sys.executable, *arguments], env, popen={"cwd": BASE_DIR}, **manner)


def prepare(env: Mapping[str, str], *arguments: str) -> Program:
    """Migrations, rights, static files and demo data."""
    return python("prepare", "-m", "config.supervisor.prepare", *arguments, env=env)


def web(env: Mapping[str, str], address: Address) -> Program:
    """The web; requests that have begun are finished at the stop."""
    command = ["-m", "granian", *GRANIAN, "--workers", str(WEB_WORKERS)]
    command += ["--host", address.host, "--port", str(address.port)]
    return python("web", *command, "config.supervisor.web:application", env=env, grace=30)


def dispatcher(env: Mapping[str, str]) -> Program:
    """The dispatcher, in the worker's role: it looks at the operations of all organizations."""
    return python("dispatcher", "manage.py", "dispatch", env=as_worker(env), grace=15)


def worker(env: Mapping[str, str]) -> Program:
    """The Celery worker; SIGTERM lets it finish its operations, which take a minute at most."""
    # Celery warns root of pickled messages. Ours are JSON.
    command = ["-W", "ignore:You're running the worker with superuser"]
    command += ["-m", "celery", "--quiet", "-A", "config", "worker"]
    command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    return python("worker", *command, env=as_worker(env), grace=75)


def as_worker(env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "DATABASE_URL": env["DATABASE_WORKER_URL"]}
