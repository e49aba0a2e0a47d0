"""The environment: variables, files with secrets, and the settings that a running `make up` has
written for commands started beside it.

Reading a setting never fails. An invalid value is replaced by the default, and every program
refuses to start with one (config/environment/validation.py).
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
    """The file that a `…_FILE` variable names cannot be read, or is empty. The text names it."""


class Environment:
    """The settings by name, as config/environment/variables.py declares them. An empty variable
    counts as not set, because compose creates one from a line `X=` in `.env`, and it must not
    replace a default."""

    def __call__(self, name: str, default: Any = _DECLARED_DEFAULT) -> Any:
        """Returns the value, or the default if the variable is not set or invalid."""
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
        """Returns the text of the variable or of its file, or "" if it is not set."""
        if not VARIABLES[name].is_secret:
            return os.environ.get(name, "").strip()
        try:
            return read_secret(name)
        except UnreadableSecret:
            return ""


env = Environment()


def read_secret(name: str) -> str:
    """Returns the value of the variable, or the content of the file that `<name>_FILE` names; "" if
    neither is set. Raises UnreadableSecret."""
    text = os.environ.get(name, "")
    if text.strip():
        return text
    place = os.environ.get(f"{name}_FILE", "").strip()
    return read_secret_file(place) if place else ""


def read_secret_file(place: str) -> str:
    """Returns the text of a file, without a trailing newline. Raises UnreadableSecret."""
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
    """Replaces the `…_FILE` variables in the environment by the secrets in the files, for children
    that have no permission to read the files."""
    for name, variable in VARIABLES.items():
        if variable.is_secret and not os.environ.get(name) and (text := env.given(name)):
            os.environ[name] = text
            del os.environ[f"{name}_FILE"]


def data_folder() -> Path:
    """Returns the data folder of the embedded installation (PATCHBAY_DATA, default `var`)."""
    return Path(env("PATCHBAY_DATA") or BASE_DIR / "var").expanduser().resolve()


def load_quickstart_environment() -> None:
    """Loads the settings of the `make up` installation, if there is one and DATABASE_URL is not
    set."""
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
    """Returns Django's settings for one libpq URL, parsed by psycopg, including sockets, query
    options and special characters. The URL overrides the defaults of Patchbay."""
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
