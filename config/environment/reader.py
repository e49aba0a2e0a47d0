"""The environment: variables, files with secrets, and what a running `make up` wrote down for
commands started beside it.

To read a setting never fails: where its value is wrong, its default takes its place, and every
program refuses to start (config/environment/validation.py).
"""

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from config import BASE_DIR
from config.environment.kinds import InvalidValue
from config.environment.variables import VARIABLES
from config.postgresql.parameters import add_connection_defaults

MAX_SECRET_LENGTH = 65_536  # characters of a secret
_DECLARED_DEFAULT = object()


class UnreadableSecret(Exception):
    """The file that a `…_FILE` names cannot be read, or holds nothing. The text names it."""


class Environment:
    """The settings by name, as config/environment/variables.py declares them. An empty variable is
    not set: compose makes one of a line `X=` in `.env`, and a number, a switch or a default is not
    to be lost by it."""

    def __call__(self, name: str, default: Any = _DECLARED_DEFAULT) -> Any:
        """The value, or the default where it is not set, or wrong."""
        variable = VARIABLES[name]
        if text := self.given(name):
            try:
                return variable.kind(text)
            except InvalidValue:
                pass
        return variable.default if default is _DECLARED_DEFAULT else default

    def __contains__(self, name: str) -> bool:
        return bool(self.given(name))

    def given(self, name: str) -> str:
        """The text as it was set, by the variable or by a file; "" for none."""
        if not VARIABLES[name].is_secret:
            return os.environ.get(name, "").strip()
        try:
            return read_secret(name)
        except UnreadableSecret:
            return ""


env = Environment()


def read_secret(name: str) -> str:
    """What the variable holds, or the file that `<name>_FILE` names; "" where neither is set.
    Raises UnreadableSecret."""
    text = os.environ.get(name, "")
    if text.strip():
        return text
    place = os.environ.get(f"{name}_FILE", "").strip()
    return read_secret_file(place) if place else ""


def read_secret_file(place: str) -> str:
    """The text of a file, without the newline at its end. Raises UnreadableSecret."""
    try:
        if not os.path.isfile(place) and os.path.exists(place):
            raise UnreadableSecret(f"{place} is not a file")
        with open(place, encoding="utf-8") as file:
            text = file.read(MAX_SECRET_LENGTH).rstrip("\r\n")
    except OSError as error:
        raise UnreadableSecret(f"{place} cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnreadableSecret(f"{place} is not a text") from None
    if not text.strip():
        raise UnreadableSecret(f"{place} is empty")
    return text


def export_file_secrets() -> None:
    """Put secrets that files hold into our environment, in the place of the files' names: for
    children that may not read the files."""
    for name, variable in VARIABLES.items():
        if variable.is_secret and not os.environ.get(name) and (text := env.given(name)):
            os.environ[name] = text
            del os.environ[f"{name}_FILE"]


def data_folder() -> Path:
    """Where the embedded installation keeps its data (PATCHBAY_DATA, default `var`)."""
    return Path(env("PATCHBAY_DATA") or BASE_DIR / "var").expanduser().resolve()


def load_quickstart_environment() -> None:
    """Without a DATABASE_URL, take the settings of the `make up` installation, where there is
    one."""
    if "DATABASE_URL" in env:
        return
    try:
        lines = (data_folder() / "environment").read_text().splitlines()
    except OSError:
        return
    for name, _, value in (line.partition("=") for line in lines if "=" in line):
        if name in VARIABLES and name not in env:
            os.environ[name] = value


def parse_database_settings(url: str) -> dict:
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
    return {"ENGINE": "config.postgresql", **settings, "OPTIONS": add_connection_defaults(info)}
