"""`make backup` and `make restore`: the database of `make up`, from one data folder to another."""

import json
import signal
import subprocess
import urllib.request

import pytest

from config import BASE_DIR
from tests.support.make_up import Installation, temporary_installation

pytestmark = pytest.mark.slow


@pytest.fixture
def old():
    with temporary_installation() as installation:
        yield installation


@pytest.fixture
def new():
    with temporary_installation() as installation:
        yield installation


def make(installation: Installation, *words: str) -> subprocess.CompletedProcess:
    """What make runs, but not make, which would install first."""
    command = [*installation.command[:2], "config.supervisor.backups", *words]
    manner = {"env": installation.env, "cwd": BASE_DIR, "capture_output": True, "text": True}
    return subprocess.run(command, **manner)


def organization(installation: Installation, key: str) -> str:
    address = f"{installation.address.url}/v1/organization"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["id"]


def test_an_installation_moves_into_an_empty_folder(old, new, tmp_path):
    file = str(tmp_path / "a backup.zip")
    assert "has no database" in make(old, "backup", file).stdout
    old.start()
    known = json.loads((old.data / "quickstart.json").read_text())
    done = make(old, "backup", file, "--with-keys")
    assert "with encryption keys" in done.stdout, done.stderr
    assert "another Patchbay runs" in make(old, "restore", file, "--replace").stdout
    was = organization(old, known["api_key"])
    old.stop(signal.SIGTERM)
    done = make(new, "restore", file)
    assert "chain intact" in done.stdout, done.stdout + done.stderr
    new.start()
    assert organization(new, known["api_key"]) == was
    keys = [each.data / "secrets" / "encryption_keys" for each in (old, new)]
    assert keys[0].read_text() == keys[1].read_text()
    assert "an account of the backup" in new.log.read_text()
