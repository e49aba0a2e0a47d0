"""The engines that the installation runs itself: those whose URL is not set."""

import os
from pathlib import Path

from config.supervisor.home import lock_engine_home
from config.supervisor.postgres import Postgres
from config.supervisor.secrets import SecretStore
from config.supervisor.valkey import Valkey


def missing_engine_urls() -> list[str]:
    """Returns the names of the URLs that are not set."""
    return [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]


def build_embedded_engines(data: Path, secrets: SecretStore) -> list[Postgres | Valkey]:
    """Returns an engine for each missing URL.

    Each is used in five steps: create, start its program, wait until it answers, furnish, and read
    its environment.
    """
    missing = missing_engine_urls()
    if not missing:
        return []
    home = lock_engine_home(data)
    sockets = home.sockets()
    engines = {
        "DATABASE_URL": lambda: Postgres(home, sockets, secrets.passwords()),
        "REDIS_URL": lambda: Valkey(home, sockets, secrets.valkey_password()),
    }
    return [engines[name]() for name in missing]
