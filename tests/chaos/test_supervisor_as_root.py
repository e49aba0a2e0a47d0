"""`make up` as root, in a folder that everybody can enter: whose programs, whose files."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import httpx
import pytest

from config import BASE_DIR
from config.supervisor.home import ENGINE_ACCOUNT
from config.supervisor.runner import READABLE_PATHS
from tests.support.make_up import Installation, wait_until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="root only"),
]
OTHER_ACCOUNT = {"user": 65534, "group": 65534, "extra_groups": []}
PROGRAMS = ("granian", "manage.py dispatch", "celery", "postgres -D", "valkey-server")
# Reads whatever it can below a folder, and says so.
LIST_READABLE_SCRIPT = """
import os, sys
for place in [sys.argv[1], *(f"{sys.argv[1]}/{name}" for name in sys.argv[2:])]:
    try:
        found = os.listdir(place) if os.path.isdir(place) else open(place, "rb").read(1)
    except OSError:
        continue
    print(place, found)
"""
CONNECT_SOCKETS_SCRIPT = """
import socket, sys
for place in sys.argv[1:]:
    try:
        socket.socket(socket.AF_UNIX).connect(place)
    except OSError:
        continue
    print(place)
"""


@pytest.fixture(scope="module")
def installation():
    """The project and its packages, copied where everybody can read them."""
    place = Path(tempfile.mkdtemp(prefix="patchbay-root-", dir="/var/tmp"))
    place.chmod(0o755)
    for name in READABLE_PATHS:
        copy_path(BASE_DIR / name, place / name)
    python = create_virtual_environment(place / ".venv")
    installation = Installation(place / "var", python=python, project=place)
    installation.log = place / "output.log"
    yield installation
    if installation.process and installation.process.poll() is None:
        installation.stop(signal.SIGTERM)
    shutil.rmtree(place)


def copy_path(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def create_virtual_environment(folder: Path) -> Path:
    """A virtual environment with our packages, on a Python that a stranger can run."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    homes = (Path(sys.base_prefix, "bin"), Path("/usr/bin"), Path("/usr/local/bin"))
    usable = [home / python for home in homes if other_account_can_run([home / python, "-c", ""])]
    if not usable:
        reason = f"There is no {python} that others than root can run."
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(reason)
    subprocess.run([usable[0], "-m", "venv", "--without-pip", folder], check=True)
    packages = folder / "lib" / python / "site-packages"
    # Links instead of copies take half a second, but need the same file system.
    command = ["cp", "--archive", "--link", f"{sysconfig.get_path('purelib')}/.", packages]
    if subprocess.run(command, capture_output=True).returncode:
        subprocess.run([word for word in command if word != "--link"], check=True)
    # Redis wants this package below Python 3.11.3; the environment may be of a later one.
    if not (packages / "async_timeout").exists():
        (packages / "async_timeout.py").write_text("from asyncio import timeout\n")
    return folder / "bin" / "python"


def other_account_can_run(command: list) -> bool:
    try:
        return subprocess.run(command, cwd="/", **OTHER_ACCOUNT).returncode == 0
    except OSError:
        return False


def program_owners(installation: Installation) -> dict[str, set[str]]:
    """Who runs each program."""
    running = {pid: line for pid, line in installation.processes().items()}
    return {
        name: {process_owner(pid) for pid, line in running.items() if name in line}
        for name in PROGRAMS
    }


def process_owner(pid: int) -> str:
    return pwd.getpwuid(Path("/proc", str(pid)).stat().st_uid).pw_name


def test_programs_leave_root_as_soon_as_they_can(installation):
    """First one file is closed to others: the programs stay root, as in earlier versions. Then it
    is opened, and the account takes over what root made."""
    closed = installation.project / "templates" / "base.html"
    closed.chmod(0o600)
    installation.start()
    log = installation.log.read_text()
    assert f"run as root, because the account {ENGINE_ACCOUNT} cannot read {closed}." in log
    assert f"cd {installation.project} && chmod a+rx ." in log
    assert program_owners(installation) == {
        **dict.fromkeys(PROGRAMS, {"root"}),
        **dict.fromkeys(PROGRAMS[3:], {ENGINE_ACCOUNT}),
    }
    demo = read_quickstart(installation)
    assert installation.stop(signal.SIGTERM) == 0
    closed.chmod(0o644)
    installation.start()
    assert "as root" not in installation.log.read_text()
    assert program_owners(installation) == dict.fromkeys(PROGRAMS, {ENGINE_ACCOUNT})
    assert read_quickstart(installation) == demo


def read_quickstart(installation: Installation) -> dict[str, str]:
    return json.loads((installation.data / "quickstart.json").read_text())


def test_everything_works_under_the_account(installation):
    installation.start()
    demo = read_quickstart(installation)
    sid = "660e8400-e29b-41d4-a716-446655440001"
    headers = {"X-API-Key": demo["api_key"]}
    with httpx.Client(base_url=installation.address.url, headers=headers) as api:
        wish = {"number": "+18005551234", "voip_carrier_sid": sid}
        number = f"/v1/phone-numbers/{api.post('/v1/phone-numbers', json=wish).json()['id']}"
        wait_until(lambda: api.get(number).json()["status"] == "active", 30)
    with httpx.Client(base_url=installation.address.url, follow_redirects=True) as browser:
        page = browser.get("/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        person = {"login": demo["username"], "password": demo["password"]}
        form = {"csrfmiddlewaretoken": token, **person}
        assert "/o/org_" in str(browser.post(str(page.url), data=form).url)
        assert browser.get("/static/portal.css").status_code == 200


def test_what_root_made_is_closed_to_everybody(installation):
    installation.start()
    assert readable_paths(OTHER_ACCOUNT, installation) == {str(installation.data)}
    account = pwd.getpwnam(ENGINE_ACCOUNT)
    lent = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    engines = {path for path in readable_paths(lent, installation) if "/engines" in path}
    assert readable_paths(lent, installation) == engines | {str(installation.data)}
    sockets = [str(path) for path in (installation.data / "engines" / "run").iterdir()]
    assert len([path for path in sockets if not path.endswith(".lock")]) == 2
    command = ["/usr/bin/python3", "-c", CONNECT_SOCKETS_SCRIPT, *sockets]
    dialled = subprocess.run(command, capture_output=True, text=True, check=True, **OTHER_ACCOUNT)
    assert dialled.stdout == ""


def readable_paths(account: dict, installation: Installation) -> set[str]:
    """The files and folders of the data that an account can read."""
    names = [str(path.relative_to(installation.data)) for path in installation.data.rglob("*")]
    command = ["/usr/bin/python3", "-c", LIST_READABLE_SCRIPT, installation.data, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", **account)
    return {line.partition(" ")[0] for line in done.stdout.splitlines()}


def test_no_program_is_told_the_password_of_a_stronger_role(installation):
    installation.start()
    for pid, line in installation.processes().items():
        if "granian" in line:
            assert (
                b"_URL=postgresql://patchbay_owner" not in Path(f"/proc/{pid}/environ").read_bytes()
            )
            assert b"patchbay_worker" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_port_for_root_is_refused_with_a_way_out(installation):
    limit = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if limit <= 1:
        pytest.skip("here every account may listen on every port")
    if installation.process and installation.process.poll() is None:
        installation.stop(signal.SIGTERM)
    env = {**installation.env, "PORT": str(limit - 1)}
    manner = {"cwd": installation.project, "capture_output": True, "text": True}
    done = subprocess.run(installation.command, env=env, **manner)
    assert done.returncode == 1
    assert "are for root: choose another" in done.stdout
