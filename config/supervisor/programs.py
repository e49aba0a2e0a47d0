"""The three programs of Patchbay and the step before them."""

import os
import sys
from collections.abc import Mapping

from config import BASE_DIR
from config.environment.reader import env as environment
from config.supervisor.address import WebAddress
from config.supervisor.home import SystemAccount
from config.supervisor.processes import Program

WEB_WORKERS = min(4, max(2, os.cpu_count() or 1))
IDLE_SECONDS = 10  # seconds that a worker's process stays without work
# As in Dockerfile. A connection takes a place (backpressure, per worker) until it is closed, so
# each has a deadline for its headers, which ends idle ones too, but in HTTP/1 only. The buffer
# bounds the headers, and what granian reads ahead of a body (docs/decisions/0020).
GRANIAN_OPTIONS = [
    *("--interface", "asginl", "--no-ws", "--log-level", "warning", "--respawn-failed-workers"),
    *("--http", "1", "--http1-header-read-timeout", "20000", "--http1-buffer-size", "65536"),
    *("--backlog", "2048", "--backpressure", "2048"),
]


def build_python_program(
    name: str,
    *arguments: str,
    env: Mapping[str, str],
    account: SystemAccount | None = None,
    **manner,
) -> Program:
    """Python as a child, in the project's folder, told `env` besides our environment.

    With an account root starts it under that one, to which root's own home is closed.
    """
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    popen = {"cwd": BASE_DIR}
    if account:
        env |= {"HOME": "/nonexistent", "USER": str(account), "LOGNAME": str(account)}
        popen |= account.popen()
    return Program(name, [sys.executable, *arguments], env, popen=popen, **manner)


def build_prepare_program(
    env: Mapping[str, str], *arguments: str, account: SystemAccount | None = None
) -> Program:
    """Migrations, rights, static files and demo data."""
    arguments = ("-m", "config.supervisor.prepare", *arguments)
    return build_python_program("prepare", *arguments, env=env, account=account)


def build_web_program(
    env: Mapping[str, str], address: WebAddress, account: SystemAccount | None = None
) -> Program:
    """The web; requests that have begun are finished at the stop."""
    command = ["-m", "granian", *GRANIAN_OPTIONS, "--workers", str(WEB_WORKERS)]
    command += ["--host", address.host, "--port", str(address.port)]
    command += ["config.asgi:application"]
    return build_python_program(
        "web", *command, env=remove_stronger_roles(env), account=account, grace=30
    )


def build_dispatcher_program(
    env: Mapping[str, str], account: SystemAccount | None = None
) -> Program:
    """The dispatcher, in the worker's role: it looks at the operations of all organizations."""
    command = ["manage.py", "dispatch"]
    return build_python_program(
        "dispatcher", *command, env=use_worker_role(env), account=account, grace=15
    )


def build_worker_program(env: Mapping[str, str], account: SystemAccount | None = None) -> Program:
    """The Celery worker; SIGTERM lets it finish its operations, which take a minute at most.

    It has one process until there is more to do; each more costs 20 MB.
    """
    # Celery warns root of pickled messages. Ours are JSON.
    command = ["-W", "ignore:You're running the worker with superuser"]
    command += ["-m", "celery", "--quiet", "-A", "config", "worker"]
    command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--autoscale", f"{environment('PATCHBAY_WORKER_PROCESSES')},1"]
    env = {"AUTOSCALE_KEEPALIVE": str(IDLE_SECONDS), **use_worker_role(env)}
    return build_python_program("worker", *command, env=env, account=account, grace=75)


def remove_stronger_roles(env: Mapping[str, str]) -> dict[str, str]:
    """The URLs of stronger roles are blanked: who takes over a program finds none there."""
    return {**env, "DATABASE_OWNER_URL": "", "DATABASE_WORKER_URL": ""}


def use_worker_role(env: Mapping[str, str]) -> dict[str, str]:
    return remove_stronger_roles({**env, "DATABASE_URL": env["DATABASE_WORKER_URL"]})
