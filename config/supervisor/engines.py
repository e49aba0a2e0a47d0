"""Which engines an installation runs itself: those whose URL nobody gave."""

import os
from pathlib import Path

from config.supervisor.home import open_home
from config.supervisor.postgres import Postgres
from config.supervisor.secrets import Secrets
from config.supervisor.valkey import Valkey


def missing_urls() -> list[str]:
    """The URLs that nobody gave."""
    return [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]


def embedded_engines(data: Path, secrets: Secrets) -> list[Postgres | Valkey]:
    """An engine for each missing URL.

    Each is used in five steps: create, start its program, wait until it answers, furnish, and take
    its environment.
    """
    missing = missing_urls()
    if not missing:
        return []
    home = open_home(data)
    sockets = home.sockets()
    engines = {
        "DATABASE_URL": lambda: Postgres(home, sockets, secrets.passwords()),
        "REDIS_URL": lambda: Valkey(home, sockets, secrets.valkey_password()),
    }
    return [engines[name]() for name in missing]
