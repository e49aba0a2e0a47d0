"""The three programs of Patchbay, and the preparation before them."""

import os
import sys
from collections.abc import Mapping

from config import BASE_DIR
from config.environment.reader import env as environment
from config.supervisor.address import WebAddress
from config.supervisor.home import SystemAccount
from config.supervisor.processes import Program

WEB_WORKERS = min(4, max(2, os.cpu_count() or 1))
IDLE_SECONDS = 10  # seconds that an idle worker process is kept
# The same as in Dockerfile. A connection occupies a slot (backpressure, per worker) until it is
# closed, so its headers have a deadline, which also ends idle connections, but only with HTTP/1.
# The buffer limits the headers, and what granian reads ahead of a body (docs/decisions/0020).
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
    """Returns a Python program in the project's folder, with `env` added to the environment.

    With `account`, root starts the program under that account, which cannot read root's home.
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
    """Returns the program for migrations, rights, static files and demo data."""
    arguments = ("-m", "config.supervisor.prepare", *arguments)
    return build_python_program("prepare", *arguments, env=env, account=account)


def build_web_program(
    env: Mapping[str, str], address: WebAddress, account: SystemAccount | None = None
) -> Program:
    """Returns the web, which finishes the requests in progress when it is stopped."""
    command = ["-m", "granian", *GRANIAN_OPTIONS, "--workers", str(WEB_WORKERS)]
    command += ["--host", address.host, "--port", str(address.port)]
    command += ["config.asgi:application"]
    return build_python_program(
        "web", *command, env=remove_stronger_roles(env), account=account, grace=30
    )


def build_dispatcher_program(
    env: Mapping[str, str], account: SystemAccount | None = None
) -> Program:
    """Returns the dispatcher, with the worker's role, because it reads the operations of all
    organizations."""
    command = ["manage.py", "dispatch"]
    return build_python_program(
        "dispatcher", *command, env=use_worker_role(env), account=account, grace=15
    )


def build_worker_program(env: Mapping[str, str], account: SystemAccount | None = None) -> Program:
    """Returns the Celery worker. SIGTERM lets it finish its operations, which take a minute at
    most.

    It has one process until there is more to do. Each additional process costs 20 MB.
    """
    # Celery warns root of pickled messages, but Patchbay's are JSON.
    command = ["-W", "ignore:You're running the worker with superuser"]
    command += ["-m", "celery", "--quiet", "-A", "config", "worker"]
    command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--autoscale", f"{environment('PATCHBAY_WORKER_PROCESSES')},1"]
    env = {"AUTOSCALE_KEEPALIVE": str(IDLE_SECONDS), **use_worker_role(env)}
    return build_python_program("worker", *command, env=env, account=account, grace=75)


def remove_stronger_roles(env: Mapping[str, str]) -> dict[str, str]:
    """Clears the URLs of more privileged roles, so that a compromised program cannot use them."""
    return {**env, "DATABASE_OWNER_URL": "", "DATABASE_WORKER_URL": ""}


def use_worker_role(env: Mapping[str, str]) -> dict[str, str]:
    return remove_stronger_roles({**env, "DATABASE_URL": env["DATABASE_WORKER_URL"]})
