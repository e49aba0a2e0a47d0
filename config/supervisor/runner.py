"""The account that our own programs run under, and the files that they write.

Root lends them the account of the engines, unless that account cannot read the project or Python.
"""

import compileall
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config import BASE_DIR
from config.supervisor import SupervisorError
from config.supervisor.address import WebAddress
from config.supervisor.files import read_untrusted_file, write_private_file
from config.supervisor.home import EngineHome, SystemAccount, unlocked_engine_home

CODE_FOLDERS = ("config", "organizations", "integrations", "carriers", "numbers")
READABLE_PATHS = (*CODE_FOLDERS, "manage.py", "templates", "static", "locale")
IGNORED_FOLDERS = {"__pycache__", "test", "tests"}  # folders that no program reads


@dataclass(frozen=True)
class ProgramRunner:
    """Who runs our own programs; without a home it is us, with one its account."""

    data: Path
    home: EngineHome | None = None

    @property
    def account(self) -> SystemAccount | None:
        return self.home.account if self.home else None

    def environment(self) -> dict[str, str]:
        """Where static files are collected, if that cannot be the data folder, which is root's."""
        if self.home is None:
            return {}
        given = os.environ.get("STATIC_ROOT")
        if given:
            self._let_write(Path(given))
        else:
            shutil.rmtree(self.data / "static", ignore_errors=True)  # of a version that ran as root
        return {"STATIC_ROOT": given or str(self.home.folder("static"))}

    def _let_write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with impersonate_account(self.account):
            may = os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
        if not may:
            self.account.take_over(folder)

    @contextlib.contextmanager
    def quickstart(self) -> Iterator[Path]:
        """The file with the demo's secrets, to be written by a program.

        An account writes a copy in its home, as the data folder is closed to it.
        """
        kept = self.data / "quickstart.json"
        if self.home is None:
            yield kept
            return
        copy = self.home.path / kept.name
        if kept.exists():
            write_private_file(copy, read_untrusted_file(kept))
        yield copy
        write_private_file(kept, read_untrusted_file(copy))
        copy.unlink()


def select_program_runner(
    data: Path, address: WebAddress, announce: Callable[[str], None]
) -> ProgramRunner:
    """Ourselves or, if we are root, the account of the engines where it can read everything.

    Raises Refused if that account may not listen at the address.
    """
    if os.geteuid() != 0:
        return ProgramRunner(data)
    home = unlocked_engine_home(data)
    if closed := find_unreadable_dependency(home.account):
        announce(root_account_warning(home.account, closed))
        return ProgramRunner(data)
    ensure_port_permitted(home.account, address)
    for name in CODE_FOLDERS:  # the account writes no bytecode here
        compileall.compile_dir(BASE_DIR / name, quiet=2)
    return ProgramRunner(data, home)


def root_account_warning(account: SystemAccount, closed: Path) -> str:
    """What root is told at every start under which our programs run as root."""
    return (
        f"WARNING: web, dispatcher and worker run as root, because the account {account} cannot "
        f"read {closed}. Run `make up` as an ordinary user, or {access_remedy(closed)}"
    )


def access_remedy(closed: Path) -> str:
    """What opens it, as the end of a sentence, with a command if there is one."""
    if closed in BASE_DIR.parents:
        return "move the project to a folder that everybody can enter, such as /opt/patchbay."
    if closed.is_relative_to(BASE_DIR):
        names = " ".join([sys.prefix, *READABLE_PATHS])
        return f"open it: cd {BASE_DIR} && chmod a+rx . && chmod -R a+rX {names}"
    return (
        "install a Python that everybody can run, such as Debian's, and make the environment anew "
        f"with it: rm -r {sys.prefix} && make up BASE_PYTHON=/usr/bin/python3"
    )


def ensure_port_permitted(account: SystemAccount, address: WebAddress) -> None:
    """Refuse a port below 1024, which the kernel gives to root only."""
    with impersonate_account(account):
        try:
            address.require_free()
        except SupervisorError as refusal:
            raise SupervisorError(
                f"{refusal} The web runs as {account}, and ports below 1024 are for root: choose "
                "another, such as PORT=8000 behind a proxy."
            ) from None


def find_unreadable_dependency(account: SystemAccount) -> Path | None:
    """What keeps an account from running our programs: the first file or folder of Python, its
    packages or the project that it cannot read."""
    needed = [path.resolve() for path in _required_paths()]  # by us, who can follow every link
    with impersonate_account(account):
        closed = first_unreadable_path(needed)
    return closed or (None if _can_run_python(account) else Path(sys.executable))


def _required_paths() -> Iterator[Path]:
    yield Path(sys.executable)
    yield from (Path(entry) for entry in sys.path if entry and Path(entry) != BASE_DIR)
    yield from (BASE_DIR / name for name in READABLE_PATHS)
    if given := os.environ.get("STATIC_ROOT"):
        yield Path(given)


def _can_run_python(account: SystemAccount) -> bool:
    """Whether it can start Python here; mount options may forbid what modes allow."""
    command = [sys.executable, "-c", "import config, django"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd=BASE_DIR, **account.popen())
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@contextlib.contextmanager
def impersonate_account(account: SystemAccount) -> Iterator[None]:
    """Take the rights of an account for a moment. For root only, in a process of one thread."""
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def first_unreadable_path(paths: Iterable[Path]) -> Path | None:
    """The first of these, of what is above them and in them, that we cannot read."""
    for path in paths:
        for each, mode in _required_access(path):
            if not _has_access(each, mode):
                return Path(each)
    return None


def _required_access(path: Path) -> Iterator[tuple[str | Path, int]]:
    """What is passed and read, with what must be allowed there."""
    yield from ((folder, os.X_OK) for folder in reversed(path.parents))
    yield path, os.R_OK
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name not in IGNORED_FOLDERS]
        yield folder, os.R_OK | os.X_OK
        yield from ((os.path.join(folder, name), os.R_OK) for name in (*names, *files))


def _has_access(path: str | Path, mode: int) -> bool:
    if os.access(path, mode, effective_ids=True):
        return True
    try:
        os.stat(path)
    except FileNotFoundError:
        return True  # a link that leads nowhere harms nobody
    except OSError:
        return False
    return False
