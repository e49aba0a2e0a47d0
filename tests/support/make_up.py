"""An installation of `make up` for tests: started, looked at, stopped."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config import BASE_DIR
from config.supervisor.address import WebAddress

# The supervisor is to run engines of its own, not those of this test run.
OUR_VARIABLES = (
    *("DATABASE_", "REDIS_URL", "SECRET_KEY", "PATCHBAY_"),
    *("HOST", "PORT", "PUBLIC_BASE_URL", "ALLOWED_HOSTS"),
)


class Installation:
    """One data folder, and the supervisor that is run on it."""

    def __init__(self, data: Path, *, python=sys.executable, project=BASE_DIR, **account):
        self.data = data
        self.project = project
        self.account = account
        self.command = [python, "-m", "config.supervisor"]
        self.address = WebAddress("127.0.0.1", free_port())
        self.log = data.with_name("output.log")
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(OUR_VARIABLES)
        }
        self.env = {**env, "PATCHBAY_DATA": str(data), "PORT": str(self.address.port)}
        self.process: subprocess.Popen | None = None

    def launch(self) -> subprocess.Popen:
        with self.log.open("wb") as log:
            manner = {
                "env": self.env,
                "cwd": self.project,
                "start_new_session": True,
                **self.account,
            }
            return subprocess.Popen(self.command, stdout=log, stderr=log, **manner)

    def start(self) -> None:
        """Be up, and with all programs running."""
        if self.process is None or self.process.poll() is not None:
            self.process = self.launch()
            wait_until(
                lambda: "is ready" in self.log.read_text() or self.process.poll() is not None
            )
            assert self.process.poll() is None, self.log.read_text()
            wait_until(lambda: "celery@" in self.log.read_text())

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(90)

    def url(self, name: str) -> str:
        lines = (self.data / "environment").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def processes(self) -> dict[int, str]:
        """All living processes that belong to the data folder, the engines and ours alike."""
        return {pid: line for pid in all_pids() if (line := self.belonging(pid))}

    def belonging(self, pid: int) -> str:
        place = Path("/proc", str(pid))
        with contextlib.suppress(OSError):
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            marks = command + (place / "environ").read_text(errors="replace")
            if str(self.data) in marks + str((place / "cwd").readlink()):
                return command
        return ""


def all_pids() -> list[int]:
    return [
        int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()
    ]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@contextlib.contextmanager
def temporary_installation(**account):
    """An installation in a short folder of its own, which pytest's would not be."""
    place = Path(tempfile.mkdtemp(prefix="patchbay up "))
    place.chmod(0o755)
    if account:
        shutil.chown(place, account["user"], account["group"])
    installation = Installation(place / "var", **account)
    yield installation
    if installation.process and installation.process.poll() is None:
        installation.stop(signal.SIGTERM)
    shutil.rmtree(place)
