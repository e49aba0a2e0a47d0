"""An upgrade while the web of an earlier commit serves: tests/bench/upgrading.py, with few rows."""

import os
import subprocess
import sys

import pytest

from config import BASE_DIR
from tests.bench.upgrading import EARLIER, has_history

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


def test_old_and_new_web_serve_the_same_schema_without_an_error():
    if not has_history():
        assert not os.environ.get("REQUIRE_PEERS"), "this clone is shallow"
        pytest.skip(f"the history of this clone does not reach {EARLIER}")
    command = [sys.executable, "-m", "tests.bench.upgrading", "--rows", "500", "--seconds", "1"]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 wrong") == 4
