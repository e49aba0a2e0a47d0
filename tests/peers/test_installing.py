"""docs/installing.md, followed literally on an empty Debian with a systemd of its own."""

import json
import re
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from config import BASE_DIR
from tests.machine import Machine, bring_project, debian, shell_blocks

pytestmark = pytest.mark.peers

CHAPTER = (BASE_DIR / "docs/installing.md").read_text()
DOWNLOADS = re.compile(r"\bapt-get (update|install)|\bpip install")
PROGRAMS = [
    *("patchbay-web@8000", "patchbay-web@8001", "patchbay-dispatcher@1", "patchbay-dispatcher@2"),
    *("patchbay-worker@1", "patchbay-worker@2"),
]
BASE = "https://patchbay.example.com/v1"
CALL = """curl --silent --show-error --fail-with-body --cacert /etc/patchbay/tls/cert.pem \
    --resolve patchbay.example.com:443:127.0.0.1 --max-time 20 \
    --header "Authorization: Bearer $(cat /root/patchbay-key)" \
    --header 'Content-Type: application/json' """


@pytest.fixture(scope="module")
def installed() -> Iterator[SimpleNamespace]:
    with debian() as machine:
        bring_project(machine.root)
        said = [
            machine.run(block, online=bool(DOWNLOADS.search(block)))
            for block in shell_blocks(CHAPTER)
        ]
        yield SimpleNamespace(machine=machine, said=said)


def call(machine: Machine, path: str, body: dict | None = None) -> dict:
    data = f" --data '{json.dumps(body)}'" if body else ""
    return json.loads(machine.run(f"{CALL} {BASE}{path}{data}"))


def reaching(path: str) -> str:
    """Asks until there is an answer."""
    return f"{CALL} --retry 60 --retry-all-errors --retry-delay 1 {BASE}{path}"


def is_active(machine: Machine, number: str, seconds: float = 60) -> bool:
    """A number that is added now becomes active."""
    carrier = call(machine, "/phone-numbers/carriers")["data"][0]["voip_carrier_sid"]
    added = call(machine, "/phone-numbers", {"number": number, "voip_carrier_sid": carrier})
    deadline = time.monotonic() + seconds
    while call(machine, f"/phone-numbers/{added['id']}")["status"] != "active":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def test_the_last_command_shows_an_active_number(installed):
    assert '"status":"active"' in installed.said[-1]


@pytest.mark.parametrize("unit", PROGRAMS)
def test_every_program_runs_and_can_do_little_beside(installed, unit):
    """2.0: what systemd calls OK; a unit without any of our settings has 9.6."""
    installed.machine.run(f"systemctl is-active {unit}")
    installed.machine.run(f"systemd-analyze security --no-pager --threshold=20 {unit}.service")


def test_systemd_finds_no_fault_in_the_units(installed):
    units = "/etc/systemd/system/patchbay*.{service,target,timer}"
    assert installed.machine.run(f"systemd-analyze verify {units} 2>&1") == ""
    assert installed.machine.run("systemctl --failed --no-legend") == ""


def test_nothing_went_wrong_so_far(installed):
    log = installed.machine.run("journalctl --no-pager --unit 'patchbay-*'")
    assert "ready" in log
    assert not re.search("Traceback|ERROR|CRITICAL", log), log


@pytest.mark.parametrize("account", ["patchbay-web", "patchbay-worker"])
@pytest.mark.parametrize(
    "path", ["/etc/patchbay/worker.env", "/proc/$other/environ", "/var/backups/patchbay"]
)
def test_no_program_reads_the_secrets_of_another(installed, account, path):
    other = {"patchbay-web": "patchbay-worker@1", "patchbay-worker": "patchbay-web@8000"}[account]
    read = f"runuser -u {account} -- bash -c 'cat {path}/* {path}' 2>&1 || true"
    read = f"export other=$(systemctl show -P MainPID {other}); {read}"
    assert "Permission denied" in installed.machine.run(read)
    assert "SECRET_KEY" not in installed.machine.run(read)


def main_process(machine: Machine, unit: str) -> str:
    return machine.run(f"systemctl show --property MainPID --value {unit}").strip()


@pytest.mark.parametrize("unit", PROGRAMS[::2])
def test_a_killed_program_leaves_nobody_behind_and_is_started_again(installed, unit):
    machine = installed.machine
    group = f"$(systemctl show --property ControlGroup --value {unit})"
    before = machine.run(f"cat /sys/fs/cgroup{group}/cgroup.procs").split()
    killed = main_process(machine, unit)
    machine.run(f"kill -KILL {killed}")
    deadline = time.monotonic() + 30
    while (now := main_process(machine, unit)) in ("0", killed):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    after = machine.run(f"cat /sys/fs/cgroup{group}/cgroup.procs").split()
    assert now in after
    assert not set(before) & set(after)
    machine.run(f"! kill -0 {' '.join(before)} 2>/dev/null")  # not one of them


def test_numbers_become_active_after_all_that(installed):
    assert is_active(installed.machine, "+18005551235")


def test_each_night_there_is_a_backup_that_can_be_restored(installed):
    machine, folder = installed.machine, "/var/backups/patchbay"
    assert "patchbay-backup.timer" in machine.run("systemctl list-timers --no-pager")
    machine.run("systemctl start patchbay-backup.service")
    assert machine.run(f"stat --format %a:%U {folder}/*") == "600:patchbay\n"
    assert "-> refused" in machine.run(f"patchbay restore {folder}/* 2>&1 || echo '-> refused'")
    before = call(machine, "/phone-numbers")["data"]
    machine.run("systemctl stop patchbay.target")
    assert "chain intact" in machine.run(f"patchbay restore {folder}/* --replace")
    machine.run("systemctl start patchbay.target")
    machine.run(reaching("/phone-numbers"))
    assert call(machine, "/phone-numbers")["data"] == before
    assert is_active(machine, "+18005551236")


def test_after_a_power_failure_everything_comes_back_by_itself(installed):
    installed.machine.stop()
    installed.machine.start()
    assert "+18005551235" in installed.machine.run(reaching("/phone-numbers"))
    assert is_active(installed.machine, "+18005551237")
