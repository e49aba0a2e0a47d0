"""The account of Patchbay's own programs, and the files that they write.

Root runs them under the account of the engines, if that can read the project and Python.
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
    """Defines who runs Patchbay's programs: the home's account, or without a home the present
    one."""

    data: Path
    home: EngineHome | None = None

    @property
    def account(self) -> SystemAccount | None:
        return self.home.account if self.home else None

    def environment(self) -> dict[str, str]:
        """Returns STATIC_ROOT, if static files cannot be collected in root's data folder."""
        if self.home is None:
            return {}
        given = os.environ.get("STATIC_ROOT")
        if given:
            self._let_write(Path(given))
        else:
            shutil.rmtree(self.data / "static", ignore_errors=True)  # of a version run as root
        return {"STATIC_ROOT": given or str(self.home.folder("static"))}

    def _let_write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with impersonate_account(self.account):
            may = os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
        if not may:
            self.account.take_over(folder)

    @contextlib.contextmanager
    def quickstart(self) -> Iterator[Path]:
        """Yields the file with the demo's secrets, for a program to write.

        Another account writes a copy in its home, because it cannot enter the data folder.
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
    """Returns the runner: for root with the engines' account if it can read everything.

    Raises SupervisorError if that account may not listen at the address.
    """
    if os.geteuid() != 0:
        return ProgramRunner(data)
    home = unlocked_engine_home(data)
    if closed := find_unreadable_dependency(home.account):
        announce(root_account_warning(home.account, closed))
        return ProgramRunner(data)
    ensure_port_permitted(home.account, address)
    for name in CODE_FOLDERS:  # the account cannot write bytecode here
        compileall.compile_dir(BASE_DIR / name, quiet=2)
    return ProgramRunner(data, home)


def root_account_warning(account: SystemAccount, closed: Path) -> str:
    """Returns the warning for every start where the programs run as root."""
    return (
        f"WARNING: web, dispatcher and worker run as root, because the account {account} cannot "
        f"read {closed}. Run `make up` as an ordinary user, or {access_remedy(closed)}"
    )


def access_remedy(closed: Path) -> str:
    """Returns how to give access, as the end of a sentence, with a command if there is one."""
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
    """Raises SupervisorError for a port below 1024, which the kernel reserves for root."""
    with impersonate_account(account):
        try:
            address.require_free()
        except SupervisorError as refusal:
            raise SupervisorError(
                f"{refusal} The web runs as {account}, and ports below 1024 are for root: choose "
                "another, such as PORT=8000 behind a proxy."
            ) from None


def find_unreadable_dependency(account: SystemAccount) -> Path | None:
    """Returns what prevents an account from running the programs: the first file or folder of
    Python, its packages or the project that it cannot read. Returns None if it can run them."""
    needed = [path.resolve() for path in _required_paths()]  # as root, which can follow links
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
    """Returns whether the account can start Python here. Mount options may forbid what file modes
    allow."""
    command = [sys.executable, "-c", "import config, django"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd=BASE_DIR, **account.popen())
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@contextlib.contextmanager
def impersonate_account(account: SystemAccount) -> Iterator[None]:
    """Takes the rights of an account within the block. For root, in a process with one thread."""
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
    """Returns the first path that is not readable, among `paths`, their parents and contents."""
    for path in paths:
        for each, mode in _required_access(path):
            if not _has_access(each, mode):
                return Path(each)
    return None


def _required_access(path: Path) -> Iterator[tuple[str | Path, int]]:
    """Yields what is traversed and read, with the access mode needed."""
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
        return True  # a broken link does no harm
    except OSError:
        return False
    return False
