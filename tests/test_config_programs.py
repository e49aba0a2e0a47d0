"""The programs, as `make up` and the container image start them."""

import json
import re

from config import BASE_DIR
from config.supervisor.programs import GRANIAN, worker


def test_the_image_runs_granian_as_make_up_does():
    dockerfile = (BASE_DIR / "Dockerfile").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)
    assert json.loads(command)[1 : 1 + len(GRANIAN)] == GRANIAN


def test_a_worker_has_one_process_until_there_is_work_for_more(monkeypatch):
    monkeypatch.setenv("PATCHBAY_WORKER_PROCESSES", "5")
    command = worker({"DATABASE_WORKER_URL": ""}).command
    assert command[command.index("--autoscale") + 1] == "5,1"
