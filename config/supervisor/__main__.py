"""`python -m config.supervisor`: start everything, tend it, stop it in order."""

import sys
from pathlib import Path

from config.environment.reader import data_folder, take_files
from config.environment.validation import faults
from config.supervisor import Refused, programs
from config.supervisor.address import Address, chosen_address
from config.supervisor.children import Children, Interrupted, say
from config.supervisor.engines import embedded_engines
from config.supervisor.environment import given_environment, write_environment
from config.supervisor.locks import take_lock
from config.supervisor.postgres import Postgres, written_version
from config.supervisor.runner import Runner, chosen_runner
from config.supervisor.secrets import Secrets
from config.supervisor.upgrade import upgrade_if_asked
from config.supervisor.welcome import welcome

# Who uses goes before what is used.
STOP_ORDER = [("web", "dispatcher", "worker"), ("valkey",), ("postgres",)]


def main() -> int:
    """Run until somebody stops us; the answer is the exit status."""
    children = Children()
    status = 0
    try:
        run(children)
    except Interrupted:
        say("", "\nStopping. Work that has begun is finished first; Ctrl-C again hurries.")
    except (Refused, OSError) as refusal:
        say("", f"\nPatchbay stops: {refusal}")
        status = 1
    finally:
        for names in STOP_ORDER:
            children.stop(names)
    say("", "Patchbay has stopped.")
    return status


def run(children: Children) -> None:
    """Start everything in order, then tend it for ever."""
    refuse_wrong_settings()
    data, address = data_folder(), chosen_address()
    hold(data)
    address.require_free()
    say("", f"Patchbay is starting; its data is in {data}.")
    env = environment(children, data, address)
    runner = chosen_runner(data, address, announce=lambda text: say("", text))
    env |= runner.environment()
    write_environment(data, env)
    is_first = not (data / "quickstart.json").exists()
    prepare(children, env, runner, address)
    start_programs(children, env, runner, address)
    say("", welcome(data, address, is_first=is_first))
    children.tend()


def refuse_wrong_settings() -> None:
    """What is missing is made. Secrets in files are for the children too, which may not be able to
    read them."""
    if found := faults("make up"):
        raise Refused("".join(["these settings are wrong:", *(f"\n  {each}" for each in found)]))
    take_files()


def hold(data: Path) -> None:
    """Make the data folder ours for as long as we live."""
    data.mkdir(parents=True, exist_ok=True)
    take_lock(
        data / "lock",
        f"another Patchbay runs on {data}. Stop it (Ctrl-C where it runs), or start a second one "
        "beside it: make up PATCHBAY_DATA=elsewhere PORT=8001",
    )


def environment(children: Children, data: Path, address: Address) -> dict[str, str]:
    """Start the engines; the answer is what the programs must know."""
    secrets = Secrets(data)
    database_exists = written_version(data / "engines" / "postgres") is not None
    values = {
        "PATCHBAY_MODE": "quickstart",
        "PATCHBAY_DATA": str(data),
        **address.environment(),
        "SECRET_KEY": secrets.secret_key(),
        "PATCHBAY_ENCRYPTION_KEYS": secrets.encryption_keys(
            database_exists=database_exists, announce=lambda text: say("", text)
        ),
    }
    return values | given_environment() | start_engines(children, data, secrets)


def start_engines(children: Children, data: Path, secrets: Secrets) -> dict[str, str]:
    engines = embedded_engines(data, secrets)
    for engine in engines:
        if isinstance(engine, Postgres):
            upgrade_if_asked(children, engine)
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


def prepare(children: Children, env: dict[str, str], runner: Runner, address: Address) -> None:
    """Bring the database, the static files and the demo data up to date."""
    owner = {
        **env,
        "DATABASE_URL": env["DATABASE_OWNER_URL"],
        "DATABASE_WEB_URL": env["DATABASE_URL"],
    }
    with runner.quickstart() as file:
        children.run(
            programs.prepare(owner, str(file), address.url, account=runner.account),
            patience=600,
            refusal="the database could not be prepared; see above.",
        )


def start_programs(
    children: Children, env: dict[str, str], runner: Runner, address: Address
) -> None:
    """Start the three programs and wait for the first answer."""
    account = runner.account
    children.start(programs.web(env, address, account))
    # On a small machine the first answer comes a second earlier if the others wait for it.
    children.until(address.answers, patience=60, refusal="the web did not answer in a minute.")
    children.start(programs.dispatcher(env, account))
    children.start(programs.worker(env, account))


if __name__ == "__main__":
    sys.exit(main())
