"""`python -m config.supervisor`, which starts everything, supervises it and stops it in order."""

import sys
from pathlib import Path

from config.environment.reader import data_folder, export_file_secrets
from config.environment.validation import find_setting_errors
from config.supervisor import SupervisorError, programs
from config.supervisor.address import WebAddress, configured_web_address
from config.supervisor.children import ChildProcesses, ShutdownRequested, print_output_line
from config.supervisor.engines import build_embedded_engines
from config.supervisor.environment import configured_engine_urls, write_environment_file
from config.supervisor.locks import acquire_file_lock
from config.supervisor.postgres import Postgres, read_cluster_version
from config.supervisor.runner import ProgramRunner, select_program_runner
from config.supervisor.secrets import SecretStore
from config.supervisor.upgrade import upgrade_if_requested
from config.supervisor.welcome import welcome_message

# Clients stop before the servers that they use.
STOP_ORDER = [("web", "dispatcher", "worker"), ("valkey",), ("postgres",)]


def main() -> int:
    """Runs until it is stopped and returns the exit status."""
    children = ChildProcesses()
    status = 0
    try:
        run_installation(children)
    except ShutdownRequested:
        print_output_line(
            "", "\nStopping. Work that has begun is finished first; Ctrl-C again hurries."
        )
    except (SupervisorError, OSError) as refusal:
        print_output_line("", f"\nPatchbay stops: {refusal}")
        status = 1
    finally:
        for names in STOP_ORDER:
            children.stop(names)
    print_output_line("", "Patchbay has stopped.")
    return status


def run_installation(children: ChildProcesses) -> None:
    """Starts everything in order, then supervises it for ever."""
    prepare_supervisor_settings()
    data, address = data_folder(), configured_web_address()
    lock_data_folder(data)
    address.require_free()
    print_output_line("", f"Patchbay is starting; its data is in {data}.")
    env = build_program_environment(children, data, address)
    runner = select_program_runner(data, address, announce=lambda text: print_output_line("", text))
    env |= runner.environment()
    write_environment_file(data, env)
    is_first = not (data / "quickstart.json").exists()
    prepare_installation(children, env, runner, address)
    start_patchbay_programs(children, env, runner, address)
    print_output_line("", welcome_message(data, address, is_first=is_first))
    children.tend()


def prepare_supervisor_settings() -> None:
    """Checks the settings and loads secrets from files for the children, which may have no
    permission to read these. Raises SupervisorError if a setting is invalid."""
    if found := find_setting_errors("make up"):
        raise SupervisorError(
            "".join(["these settings are wrong:", *(f"\n  {each}" for each in found)])
        )
    export_file_secrets()


def lock_data_folder(data: Path) -> None:
    """Locks the data folder for the life of this process. Raises SupervisorError if another one
    uses it."""
    data.mkdir(parents=True, exist_ok=True)
    acquire_file_lock(
        data / "lock",
        f"another Patchbay runs on {data}. Stop it (Ctrl-C where it runs), or start a second one "
        "beside it: make up PATCHBAY_DATA=elsewhere PORT=8001",
    )


def build_program_environment(
    children: ChildProcesses, data: Path, address: WebAddress
) -> dict[str, str]:
    """Starts the engines and returns the environment of the programs."""
    secrets = SecretStore(data)
    database_exists = read_cluster_version(data / "engines" / "postgres") is not None
    values = {
        "PATCHBAY_MODE": "quickstart",
        "PATCHBAY_DATA": str(data),
        **address.environment(),
        "SECRET_KEY": secrets.secret_key(),
        "PATCHBAY_ENCRYPTION_KEYS": secrets.encryption_keys(
            database_exists=database_exists, announce=lambda text: print_output_line("", text)
        ),
    }
    return values | configured_engine_urls() | start_embedded_engines(children, data, secrets)


def start_embedded_engines(
    children: ChildProcesses, data: Path, secrets: SecretStore
) -> dict[str, str]:
    engines = build_embedded_engines(data, secrets)
    for engine in engines:
        if isinstance(engine, Postgres):
            upgrade_if_requested(children, engine)
        engine.create()
        children.start(engine.program())
    values = {}
    for engine in engines:
        children.until(
            engine.answers, patience=60, refusal=f"{engine.name} did not answer within a minute."
        )
        engine.furnish()
        values |= engine.environment()
    return values


def prepare_installation(
    children: ChildProcesses, env: dict[str, str], runner: ProgramRunner, address: WebAddress
) -> None:
    """Updates the database, the static files and the demo data."""
    owner = {
        **env,
        "DATABASE_URL": env["DATABASE_OWNER_URL"],
        "DATABASE_WEB_URL": env["DATABASE_URL"],
    }
    with runner.quickstart() as file:
        children.run(
            programs.build_prepare_program(owner, str(file), address.url, account=runner.account),
            patience=600,
            refusal="the database could not be prepared; see above.",
        )


def start_patchbay_programs(
    children: ChildProcesses, env: dict[str, str], runner: ProgramRunner, address: WebAddress
) -> None:
    """Starts the three programs and waits for the first response."""
    account = runner.account
    children.start(programs.build_web_program(env, address, account))
    # On a small machine the first response comes a second earlier if the others wait for it.
    children.until(address.answers, patience=60, refusal="the web did not answer in a minute.")
    children.start(programs.build_dispatcher_program(env, account))
    children.start(programs.build_worker_program(env, account))


if __name__ == "__main__":
    sys.exit(main())
