"""`python -m config.supervisor.backups backup|restore FILE …`, which runs these commands of
manage.py on the database of `make up`. A backup also works while `make up` runs; otherwise the
database is started for the command."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.environment.reader import data_folder
from config.supervisor import SupervisorError, programs
from config.supervisor.__main__ import (
    STOP_ORDER,
    lock_data_folder,
    prepare_supervisor_settings,
    start_embedded_engines,
)
from config.supervisor.children import ChildProcesses, ShutdownRequested, print_output_line
from config.supervisor.environment import configured_database_urls
from config.supervisor.files import write_private_file
from config.supervisor.postgres import read_cluster_version
from config.supervisor.secrets import SecretStore
from organizations.backups import BackupError
from organizations.backups.archive import Backup

WITHOUT_KEYS_OPTION = "--without-keys"
UNUSED_BROKER_URL = "redis://127.0.0.1:1/0"  # neither command uses the broker


def main(command: str, file: str, *options: str) -> int:
    """Runs the command and returns its exit status, or 1 if it could not start."""
    children = ChildProcesses()
    data, path = data_folder(), Path(file).expanduser().absolute()
    try:
        env = build_backup_environment(children, data, path, command, options)
        words = ("manage.py", command, str(path), *options)
        program = programs.build_python_program(command, *words, env=env)
        status = subprocess.run(program.command, env=program.env, **program.popen).returncode
    except ShutdownRequested:
        return 130
    except (SupervisorError, BackupError, OSError) as refusal:
        print_output_line("", f"There is no {command}: {refusal}")
        return 1
    finally:
        for names in STOP_ORDER:
            children.stop(names)
    if command == "restore" and not status:
        record_restored_accounts(data)
    return status


def build_backup_environment(
    children: ChildProcesses, data: Path, path: Path, command: str, options: Sequence[str]
) -> dict[str, str]:
    """Makes the database available and returns the environment of manage.py. Raises SupervisorError
    and BackupError."""
    prepare_supervisor_settings()
    is_embedded = not os.environ.get("DATABASE_URL")
    is_new = is_embedded and read_cluster_version(data / "engines" / "postgres") is None
    if is_new and command == "backup":
        raise SupervisorError(f"{data} has no database; `make up` makes one.")
    try:
        lock_data_folder(data)
    except SupervisorError:
        if command == "restore":
            raise
        return {"PATCHBAY_DATA": str(data)}  # it runs, and has written down its settings
    secrets = SecretStore(data)
    if command == "restore":
        merge_encryption_keys(secrets, Backup(path))
    os.environ.setdefault("REDIS_URL", UNUSED_BROKER_URL)
    given = configured_database_urls() if os.environ.get("DATABASE_URL") else {}
    keys = secrets.encryption_keys(
        database_exists=WITHOUT_KEYS_OPTION not in options,
        announce=lambda text: print_output_line("", text),
    )
    owner = (given | start_embedded_engines(children, data, secrets))["DATABASE_OWNER_URL"]
    return {
        "PATCHBAY_MODE": "quickstart",
        "PATCHBAY_DATA": str(data),
        "SECRET_KEY": secrets.secret_key(),
        "PATCHBAY_ENCRYPTION_KEYS": keys,
        "DATABASE_URL": owner,
        "DATABASE_OWNER_URL": owner,
    }


def merge_encryption_keys(secrets: SecretStore, backup: Backup) -> None:
    """Appends the keys of the backup to the present keys, so that both can be decrypted."""
    file = secrets.folder / "encryption_keys"
    ours = file.read_text().strip().split(",") if file.exists() else []
    if new := [key for key in backup.keys if key not in ours]:
        write_private_file(file, ",".join([*ours, *new]) + "\n")


def record_restored_accounts(data: Path) -> None:
    """Prevents the next `make up` from adding demo data to the restored accounts."""
    if not (data / "quickstart.json").exists():
        write_private_file(data / "quickstart.json", '{"username": "an account of the backup"}\n')


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
