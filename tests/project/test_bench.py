"""`make bench` works: every measure, with few rows and little patience."""

import subprocess
import sys

import pytest

from config import BASE_DIR

FEW = ["--rows", "120", "--seconds", "0.1", "--numbers", "6", "--runs", "1", "--many", "20000"]
FEW += ["--preview", "600", "--idle", "1"]


@pytest.mark.slow
def test_it_measures_everything():
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *FEW], cwd=BASE_DIR, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = (
        "idle `make up`",
        "GET one",
        "list of 50",
        "create",
        "provisioned",
        "CSV, E.164",
        "on screen",
    )
    for name in names:
        assert name in done.stdout
