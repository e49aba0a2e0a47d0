"""The environment: variables, and what a running `make up` wrote down for commands started beside
it."""

import os
from pathlib import Path

import environ
from psycopg.conninfo import conninfo_to_dict

from config import BASE_DIR
from config.postgresql.parameters import with_defaults


class Env(environ.Env):
    """An empty variable is not set: compose makes one of a line `X=` in `.env`, and a number, a
    switch or a default is not to be lost by it."""

    @property
    def ENVIRON(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if value.strip()}


env = Env()


def data_folder() -> Path:
    """Where the embedded installation keeps its data (PATCHBAY_DATA, default `var`)."""
    return Path(os.environ.get("PATCHBAY_DATA") or BASE_DIR / "var").expanduser().resolve()


def load_quickstart() -> None:
    """Without a DATABASE_URL, take the settings of the `make up` installation, where there is
    one."""
    if "DATABASE_URL" in env:
        return
    try:
        lines = (data_folder() / "environment").read_text().splitlines()
    except OSError:
        return
    for name, _, value in (line.partition("=") for line in lines if "=" in line):
        if name not in env:
            os.environ[name] = value


def database(url: str) -> dict:
    """Django's settings for one libpq URL; sockets, query options and odd characters as psycopg
    reads them. What the URL sets counts before our defaults."""
    info = conninfo_to_dict(url)
    known = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    settings = {django: str(info.pop(libpq, "") or "") for libpq, django in known.items()}
    return {"ENGINE": "config.postgresql", **settings, "OPTIONS": with_defaults(info)}
