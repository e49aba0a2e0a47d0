"""The folder of the engines, and the account that they run under."""

import atexit
import contextlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.supervisor import SupervisorError
from config.supervisor.locks import acquire_file_lock

# Used when root has Patchbay in a folder that no other account can enter.
PUBLIC_ENGINES_FOLDER = Path("/var/lib/patchbay")
# The path of a socket has at most 107 bytes on Linux and 103 on macOS.
MAX_SOCKET_FOLDER_LENGTH = 103 - len("/.s.PGSQL.5432")
ENGINE_ACCOUNT = "_patchbay"
PATH_SEPARATORS = ',"'  # PostgreSQL and libpq split a path at these


@dataclass(frozen=True)
class SystemAccount:
    """The account that runs the engines for root, because PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    def __str__(self) -> str:
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(self.uid).pw_name
        return str(self.uid)

    def popen(self) -> dict:
        """Returns the arguments of subprocess that start a program under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take_over(self, path: Path) -> None:
        """Makes this account the owner of a folder and of everything in it."""
        # The folder itself comes last: if this is interrupted, the next start repeats it.
        for each in (*path.rglob("*"), path):
            os.chown(each, self.uid, self.gid, follow_symlinks=False)


@dataclass(frozen=True)
class EngineHome:
    """The folder of the engines. `account` is None if they run under the present account."""

    path: Path
    account: SystemAccount | None
    lock: int = -1

    def popen(self) -> dict:
        """Returns the arguments of subprocess that start a program of the engines."""
        arguments = {"cwd": "/", "umask": 0o077, "pass_fds": (self.lock,)}
        if self.account:
            arguments |= self.account.popen()
        return arguments

    def folder(self, name: str) -> Path:
        """Returns a private folder of the engines, creating it if needed."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        self.hand_over(folder)
        return folder

    def hand_over(self, path: Path) -> None:
        """Makes the account of the engines the owner of a new file or folder."""
        # The account may have put a link there, which root must not follow.
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def sockets(self) -> Path:
        """Returns an empty folder for sockets, among the temporary files if this path is
        unsuitable."""
        folder = self.path / "run"
        if len(os.fsencode(folder)) > MAX_SOCKET_FOLDER_LENGTH or set(str(folder)) & set(
            PATH_SEPARATORS
        ):
            return self._temporary_folder()
        shutil.rmtree(folder, ignore_errors=True)  # a killed engine leaves its socket and pid there
        return self.folder("run")

    def _temporary_folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="patchbay-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.hand_over(folder)
        return folder


def lock_engine_home(data: Path) -> EngineHome:
    """Locks and returns the engines' home in a data folder, creating it if needed. Raises
    SupervisorError while engines of an earlier run use it."""
    path = _engine_folder(data)
    refusal = f"engines of an earlier run are still at work in {path}. Stop them, then try again."
    # Engines inherit this lock, so it is free when the last of their processes has ended.
    lock = acquire_file_lock(path / "lock", refusal, patience=10)
    return EngineHome(path, _select_engine_account(path), lock)


def unlocked_engine_home(data: Path) -> EngineHome:
    """Returns the home without its lock, for programs that only store files there."""
    path = _engine_folder(data)
    return EngineHome(path, _select_engine_account(path))


def _engine_folder(data: Path) -> Path:
    link = data / "engines"
    return _existing_engine_folder(link) or _create_engine_folder(link)


def _existing_engine_folder(link: Path) -> Path | None:
    if link.is_symlink() and not link.exists():
        raise SupervisorError(
            f"{link} leads to {link.readlink()}, where the data of the engines were, and that is "
            f"gone. Put it back, or remove {link.parent} to begin anew."
        )
    return link.resolve() if link.exists() else None


def _create_engine_folder(link: Path) -> Path:
    if os.geteuid() == 0:
        link.parent.chmod(link.parent.stat().st_mode | 0o011)
        if not _is_world_accessible(link.parent):
            link.symlink_to(_create_public_folder())
    link.mkdir(mode=0o700, exist_ok=True)
    return link.resolve()


def _is_world_accessible(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (resolved, *resolved.parents))


def _create_public_folder() -> Path:
    """Creates a folder that any account can reach, for data in a folder of root's."""
    place = PUBLIC_ENGINES_FOLDER / secrets.token_hex(4)
    place.mkdir(mode=0o700, parents=True)
    PUBLIC_ENGINES_FOLDER.chmod(0o711)
    return place


def _select_engine_account(path: Path) -> SystemAccount | None:
    """Returns the account for the engines, or None if this process is not root's. The owner of the
    data is used, so that root can start what another user created; else an account for the engines
    only, which also takes over what an earlier version gave to the shared account nobody."""
    if os.geteuid() != 0:
        return None
    owner = path.stat()
    if owner.st_uid not in (0, pwd.getpwnam("nobody").pw_uid):
        return SystemAccount(owner.st_uid, owner.st_gid)
    try:
        own = _ensure_engine_account()
        own.take_over(path)
    except (OSError, subprocess.SubprocessError) as error:
        raise SupervisorError(
            f"PostgreSQL does not run as root, and root cannot lend it the account "
            f"{ENGINE_ACCOUNT} here ({error}). Run `make up` as an ordinary user."
        ) from None
    return own


def _ensure_engine_account() -> SystemAccount:
    """Returns the machine's account for all engines that root runs, creating it if needed."""
    try:
        found = pwd.getpwnam(ENGINE_ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home"]
        command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ENGINE_ACCOUNT]
        subprocess.run(command, check=True, capture_output=True)
        found = pwd.getpwnam(ENGINE_ACCOUNT)
    return SystemAccount(found.pw_uid, found.pw_gid)
