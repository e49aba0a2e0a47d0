"""The files in deploy/, as far as they can be tried without a machine."""

import re
import shlex
from itertools import chain

import pytest

from config import BASE_DIR
from config.postgresql.parameters import SERVER_SETTINGS
from config.supervisor.programs import GRANIAN_OPTIONS, build_worker_program
from tests.machine import shell_blocks

DEPLOY = BASE_DIR / "deploy"
CHAPTER = (BASE_DIR / "docs/installing.md").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def command_of(name: str) -> list[str]:
    text = (DEPLOY / "systemd" / name).read_text().replace("\\\n", "")
    return shlex.split(re.search(r"^ExecStart=(.*)$", text, re.M)[1])


def test_systemd_runs_granian_as_make_up_does():
    assert command_of("patchbay-web@.service")[1 : 1 + len(GRANIAN_OPTIONS)] == GRANIAN_OPTIONS


def test_systemd_runs_the_worker_as_make_up_does():
    """But for its name, by which several on one machine are told apart in the log, and with all of
    its processes from the start."""
    ours = build_worker_program({"DATABASE_WORKER_URL": ""}).command
    ours = ours[: ours.index("--autoscale")]
    command = command_of("patchbay-worker@.service")[1:]
    at = command.index("--hostname")
    assert command[:at] + command[at + 2 :] == ours[ours.index("celery") + 1 :]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_program_has_an_account_and_secrets_of_its_own(unit):
    text = unit.read_text()
    account = re.search(r"^User=(.*)$", text, re.M)[1]
    secrets = re.search(r"^EnvironmentFile=/etc/patchbay/(.*)\.env$", text, re.M)[1]
    assert account == {"owner": "patchbay"}.get(secrets, f"patchbay-{secrets}")
    assert f"u {account} - " in (DEPLOY / "systemd/sysusers.conf").read_text()


def test_postgresql_is_told_what_our_sessions_ask_for():
    text = (DEPLOY / "postgresql/patchbay.conf").read_text()
    told = dict(re.findall(r"^(\w+) = (\w+)$", text, re.M))
    assert told.items() <= SERVER_SETTINGS.items()
    assert {name for name in SERVER_SETTINGS if name.startswith(("tcp_", "client_"))} == told.keys()


def test_every_file_that_the_chapter_installs_is_there():
    commands = "\n".join(shell_blocks(CHAPTER))
    named = re.findall(r"\bdeploy/[\w./-]+\*?", commands)
    links = re.findall(r"\(\.\./(deploy/[\w./-]+)\)", CHAPTER)
    found = {name: list(BASE_DIR.glob(name)) for name in chain(named, links)}
    assert len(found) > 8
    assert all(found.values())
