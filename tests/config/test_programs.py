"""The programs, as `make up` and the container image start them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config import BASE_DIR
from config.supervisor import SupervisorError
from config.supervisor.address import WebAddress
from config.supervisor.programs import GRANIAN_OPTIONS, build_worker_program
from tests.support.make_up import free_port, wait_until


def test_the_image_runs_granian_as_make_up_does():
    dockerfile = (BASE_DIR / "Dockerfile").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)
    assert json.loads(command)[1 : 1 + len(GRANIAN_OPTIONS)] == GRANIAN_OPTIONS


def test_a_worker_has_one_process_until_there_is_work_for_more(monkeypatch):
    monkeypatch.setenv("PATCHBAY_WORKER_PROCESSES", "5")
    command = build_worker_program({"DATABASE_WORKER_URL": ""}).command
    assert command[command.index("--autoscale") + 1] == "5,1"


@pytest.mark.slow
def test_a_killed_granian_leaves_no_process_on_its_port(tmp_path):
    """In production too: nobody but a container or systemd would end them, and then not always."""
    address = WebAddress("127.0.0.1", free_port())
    command = [sys.executable, "-m", "granian", *GRANIAN_OPTIONS, "--workers", "2"]
    command += ["--port", str(address.port), "config.asgi:application"]
    with (tmp_path / "log").open("wb") as log:
        granian = subprocess.Popen(
            command, cwd=BASE_DIR, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(address.answers, 60)
        children = children_of(granian.pid)
        assert len(children) >= 2
        granian.kill()
        granian.wait()
        wait_until(lambda: not any(is_running(pid) for pid in children), 10)
        wait_until(lambda: is_free(address), 10)
    finally:
        if granian.poll() is None:
            os.killpg(granian.pid, signal.SIGKILL)
        granian.wait()


def is_free(address: WebAddress) -> bool:
    try:
        address.require_free()
    except SupervisorError:
        return False
    return True


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Not gone, and no zombie that waits for somebody to ask."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
