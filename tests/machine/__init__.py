"""A Debian of its own with a running systemd, for what is to be tried on an empty machine.

A folder with what debootstrap makes, in namespaces (tests/machine/boot). Its network is loopback
alone, so its programs take the ports that they would take on a real machine; what downloads runs in
this machine's network instead.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from config import BASE_DIR

SUITE = "bookworm"
CACHE = Path.home() / ".cache" / "patchbay"
BOOT = Path(__file__).with_name("boot")
NEEDED = ("debootstrap", "unshare", "nsenter", "setpriv", "pivot_root")
# Where this machine looks for packages, and by which certificates, is nothing of ours to say.
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")
CERTIFICATES = "/usr/local/share/certificates-of-the-test.pem"
BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# They would begin while a test installs something.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "getty@.service")


class Machine:
    """One machine: `start`, `run` commands as its root, `stop`. Its disk stays between the two."""

    def __init__(self, root: Path):
        self.root = root
        self.boot: subprocess.Popen | None = None
        self.init = 0  # the process id of its systemd

    def start(self) -> None:
        command = ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "bash", str(BOOT)]
        with (self.root.parent / "boot.log").open("ab") as log:
            self.boot = subprocess.Popen(
                [*command, str(self.root)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait_for(self.find_init, 20)
        self.wait_for(lambda: self.state() in ("running", "degraded"), 60)

    def find_init(self) -> bool:
        """The grandchild that has become systemd."""
        found = self.boot.pid
        for _generation in range(2):
            children = Path(f"/proc/{found}/task/{found}/children").read_text().split()
            if not children:
                return False
            found = int(children[0])
        self.init = found
        return Path(f"/proc/{found}/comm").read_text().strip() == "systemd"

    def state(self) -> str:
        return self.run("systemctl is-system-running || true").strip()

    def wait_for(self, condition, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if self.boot.poll() is not None or time.monotonic() > deadline:
                pytest.fail(
                    f"The machine did not start: {(self.root.parent / 'boot.log').read_text()}"
                )
            time.sleep(0.1)

    def run(self, script: str, *, online: bool = False, seconds: float = 300) -> str:
        """What a root's shell prints. Raises AssertionError with all of it if a command fails."""
        spaces = ["--mount", "--pid", "--uts", "--ipc", "--cgroup", *([] if online else ["--net"])]
        command = ["nsenter", "--target", str(self.init), *spaces, "--root"]
        command += ["bash", "-euo", "pipefail", "-c", f"cd\n{script}"]
        env = {
            "PATH": PATH,
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        env |= downloading() if online else {}
        manner = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
        done = subprocess.run(command, env=env, timeout=seconds, **manner)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stop(self) -> None:
        """As when the power fails."""
        if self.boot and self.boot.poll() is None:
            self.boot.send_signal(signal.SIGTERM)
            self.boot.wait(30)


def downloading() -> dict[str, str]:
    """What this machine's environment says of downloads."""
    names = [name for name in os.environ if name.startswith("PIP_") or name.endswith("_proxy")]
    found = {name: os.environ[name] for name in names}
    return found | {name: CERTIFICATES for name in BUNDLES if name in os.environ}


@contextlib.contextmanager
def debian() -> Iterator[Machine]:
    """A new machine, which is thrown away. Skips where there can be none, or fails where peers are
    required."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if os.geteuid() or missing:
        reason = f"needs {', '.join(missing) or 'root, for a machine in namespaces'}"
        (pytest.fail if os.environ.get("REQUIRE_PEERS") else pytest.skip)(reason)
    place = Path(tempfile.mkdtemp(prefix="patchbay-machine-", dir="/var/tmp"))
    machine = Machine(place / "root")
    try:
        unpack(machine.root)
        furnish(machine.root)
        machine.start()
        yield machine
    finally:
        machine.stop()
        shutil.rmtree(place)


def unpack(root: Path) -> None:
    """What debootstrap makes, kept for the next time: it takes a minute."""
    kept = CACHE / f"{SUITE}.tar"
    root.mkdir()
    root.chmod(0o755)
    if not kept.exists():
        tell("debootstrap", "--include=ca-certificates", SUITE, str(root), mirror())
        tell("chroot", str(root), "apt-get", "clean")
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(f".{os.getpid()}")
        tell("tar", "--create", "--file", str(unfinished), "--directory", str(root), ".")
        unfinished.rename(kept)
        return
    tell("tar", "--extract", "--file", str(kept), "--directory", str(root))


def mirror() -> str:
    """The address of Debian's packages, as apt has it."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", f"Codename: {SUITE}"]
    found = tell(*command, "Identifier: Packages").split()
    if not found:
        pytest.fail(f"apt knows no mirror of {SUITE}; run apt-get update")
    return found[0]


def furnish(root: Path) -> None:
    """What downloads need, and the project."""
    for name in SOURCES:
        (root / name[1:]).unlink(missing_ok=True)
        if Path(name).exists():
            shutil.copy(name, root / name[1:])
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(name, root / name[1:])
    bundles = [os.environ[name] for name in BUNDLES if name in os.environ]
    if bundles:
        shutil.copy(bundles[0], root / CERTIFICATES[1:])
    (root / "etc/hostname").write_text("patchbay\n")
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")


def bring_project(root: Path) -> None:
    """The files that are committed, or would be, as `git clone` brings them."""
    target = root / "opt/patchbay/app"
    target.mkdir(parents=True)
    listed = tell(
        "git", "-C", str(BASE_DIR), "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    )
    for name in filter(None, listed.split("\0")):
        if (BASE_DIR / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(BASE_DIR / name, target / name)


def tell(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (
        f"{' '.join(command[:2])}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    )
    return done.stdout


def shell_blocks(text: str) -> Sequence[str]:
    """The blocks of a Markdown text that are marked as `sh`."""
    parts = text.split("\n```")
    return [block.partition("\n")[2] for block in parts if block.partition("\n")[0] == "sh"]
