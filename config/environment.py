"""The environment: variables, and what a running `make up` wrote down for commands started beside
it."""

import os
from pathlib import Path

import environ
from psycopg.conninfo import conninfo_to_dict

from config import BASE_DIR

env = environ.Env()


def data_folder() -> Path:
    """Where the embedded installation keeps its data (PATCHBAY_DATA, default `var`)."""
    return Path(os.environ.get("PATCHBAY_DATA") or BASE_DIR / "var").expanduser().resolve()


def load_quickstart() -> None:
    """Without a DATABASE_URL, take the settings of the `make up` installation, where there is
    one."""
    if "DATABASE_URL" in os.environ:
        return
    try:
        lines = (data_folder() / "environment").read_text().splitlines()
    except OSError:
        return
    for name, _, value in (line.partition("=") for line in lines if "=" in line):
        os.environ.setdefault(name, value)


def database(url: str, **options) -> dict:
    """Django's settings for one libpq URL; sockets, query options and odd characters as psycopg
    reads them."""
    info = conninfo_to_dict(url)
    known = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    settings = {django: str(info.pop(libpq, "") or "") for libpq, django in known.items()}
    return {"ENGINE": "django.db.backends.postgresql", **settings, "OPTIONS": {**info, **options}}
