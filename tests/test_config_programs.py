"""The programs, as `make up` and the container image start them."""

import json
import re

from config import BASE_DIR
from config.supervisor.programs import GRANIAN


def test_the_image_runs_granian_as_make_up_does():
    dockerfile = (BASE_DIR / "Dockerfile").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)
    assert json.loads(command)[1 : 1 + len(GRANIAN)] == GRANIAN
