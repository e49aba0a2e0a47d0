"""The dispatcher and a worker as processes that tests kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from config import BASE_DIR
from tests.support.platforms import LOOPBACK

LEASE_SECONDS = 3


class Processes:
    """The dispatcher and a worker, on the test's database, with a lease short enough to wait
    for."""

    def __init__(self, log: Path):
        self.log = log
        database = connection.settings_dict["NAME"]
        self.env = {
            **os.environ,
            "DATABASE_URL": make_conninfo(os.environ["DATABASE_URL"], dbname=database),
            "PATCHBAY_ALLOWED_PRIVATE_CIDRS": ",".join(LOOPBACK),
            "PATCHBAY_LEASE_SECONDS": str(LEASE_SECONDS),
            "PATCHBAY_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "PATCHBAY_REDISPATCH_SECONDS": str(LEASE_SECONDS + 1),
        }
        self.running: list[subprocess.Popen] = []

    def start(self, *arguments: str, **env: str) -> subprocess.Popen:
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *arguments],
                cwd=BASE_DIR,
                env={**self.env, **env},
                start_new_session=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(process)
        return process

    def start_dispatcher(self, **env: str) -> subprocess.Popen:
        return self.start("manage.py", "dispatch", **env)

    def start_worker(self, **env: str) -> subprocess.Popen:
        command = ["-m", "celery", "-A", "config", "worker", "--concurrency", "2"]
        return self.start(*command, "--without-mingle", **env)

    def kill(self, process: subprocess.Popen) -> None:
        """The whole tree, without a chance to clean up."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
