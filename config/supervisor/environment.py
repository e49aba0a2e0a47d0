"""The environment of the children, also stored for commands that run beside them."""

import os
from pathlib import Path

from config.supervisor.files import write_private_file

ENVIRONMENT_FILE_HEADER = (
    "# Written by `make up` at every start; manage.py reads it when DATABASE_URL is not set.\n"
)


def build_database_urls(owner: str, web: str, worker: str) -> dict[str, str]:
    """Returns the URLs of one database in three roles."""
    return {"DATABASE_OWNER_URL": owner, "DATABASE_URL": web, "DATABASE_WORKER_URL": worker}


def configured_engine_urls() -> dict[str, str]:
    """Returns the URLs of database and broker that the environment sets."""
    given = configured_database_urls() if os.environ.get("DATABASE_URL") else {}
    return given | ({"REDIS_URL": os.environ["REDIS_URL"]} if os.environ.get("REDIS_URL") else {})


def configured_database_urls() -> dict[str, str]:
    """Returns the database URLs of the environment. Without URLs for the other roles, DATABASE_URL
    is used for all of them."""
    url = os.environ["DATABASE_URL"]
    owner, worker = (os.environ.get(f"DATABASE_{role}_URL") or url for role in ("OWNER", "WORKER"))
    return build_database_urls(owner, url, worker)


def write_environment_file(data: Path, values: dict[str, str]) -> None:
    lines = [f"{name}={value}\n" for name, value in values.items()]
    write_private_file(data / "environment", ENVIRONMENT_FILE_HEADER + "".join(lines))
