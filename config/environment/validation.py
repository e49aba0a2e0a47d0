"""Validation of the environment, with one sentence for each error. No program starts with one.

The sentences never contain the value of a secret.
"""

import multiprocessing
import os
import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches

from config import telemetry
from config.environment.kinds import InvalidValue
from config.environment.reader import (
    UnreadableSecret,
    env,
    load_quickstart_environment,
    read_secret,
)
from config.environment.variables import (
    OTHER_KNOWN_PREFIXES,
    REPLACED_VARIABLES,
    VARIABLES,
    EnvironmentVariable,
)

VARIABLE_PREFIX = "PATCHBAY_"
MIN_LEASE = 22  # seconds; a write to a platform may take 20 (integrations/http/platform_client.py)
MIN_JOB_LEASE = 60  # seconds; the most that a task may take between two renewals
EXIT_STATUS = 2  # exit status of a program that refuses to start
MAX_SHOWN_LENGTH = 100  # characters of a value that are shown
OIDC_VARIABLES = (
    "PATCHBAY_OIDC_SERVER_URL",
    "PATCHBAY_OIDC_CLIENT_ID",
    "PATCHBAY_OIDC_CLIENT_SECRET",
)
REQUIRED_VARIABLES = {
    "SECRET_KEY": "Set it to 50 random characters.",
    "PATCHBAY_ENCRYPTION_KEYS": (
        "Make a key with: python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())' and keep a copy; without it the stored credentials "
        "cannot be read."
    ),
}


def find_setting_errors(reader: str = "") -> list[str]:
    """Returns the errors of all settings. `reader` is "make up" for the supervisor."""
    found = [*unknown_variable_errors()]
    for variable in VARIABLES.values():
        if variable.reader in ("", "compose", reader):
            found += [*secret_file_errors(variable), *variable_value_errors(variable)]
    return found + [*setting_combination_errors()]


def find_missing_variables() -> list[str]:
    """Returns the variables that a program with work to do needs and that are not set."""
    return [
        f"{name} is missing. {remedy}"
        for name, remedy in REQUIRED_VARIABLES.items()
        if not (env.given(name) or os.environ.get(f"{name}_FILE"))
    ]


def unknown_variable_errors() -> Iterator[str]:
    known = {*VARIABLES, *(f"{name}_FILE" for name, each in VARIABLES.items() if each.is_secret)}
    for name in sorted(os.environ):
        if (
            not name.upper().startswith(VARIABLE_PREFIX)
            or name in known
            or name.startswith(OTHER_KNOWN_PREFIXES)
        ):
            continue
        if name in REPLACED_VARIABLES:
            if os.environ[name].strip():
                yield f"{name} is no longer a setting: {REPLACED_VARIABLES[name]} replaces it."
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.75)
        yield f"{name} is no setting.{f' Did you mean {near[0]}?' if near else ''}"


def secret_file_errors(variable: EnvironmentVariable) -> Iterator[str]:
    name, place = variable.name, os.environ.get(f"{variable.name}_FILE", "").strip()
    if not variable.is_secret or not place:
        return
    if os.environ.get(name, "").strip():
        yield f"{name} and {name}_FILE are both set; remove one of them."
        return
    try:
        read_secret(name)
    except UnreadableSecret as error:
        yield f"{name}_FILE: {error}."


def variable_value_errors(variable: EnvironmentVariable) -> Iterator[str]:
    text = env.given(variable.name)
    if not text:
        return
    try:
        variable.kind(text)
    except InvalidValue as wrong:
        shown = "" if variable.is_secret else f", not {redact_value(wrong.part or text)}"
        yield f"{variable.name} {wrong.rule}{shown}."


def redact_value(text: str) -> str:
    """Returns the value for an error message. A password in the URL of a non-secret setting is a
    mistake that must not be logged."""
    text = re.sub(r"//[^/@]*@", "//…@", text)
    return repr(text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}…")


def setting_combination_errors() -> Iterator[str]:
    """Yields the errors of settings that are valid but do not go together."""
    given = [name for name in OIDC_VARIABLES if name in env]
    if given and len(given) < len(OIDC_VARIABLES):
        lacking = " and ".join(name for name in OIDC_VARIABLES if name not in given)
        yield f"{given[0]} is set without {lacking}: OpenID Connect needs all three."
    if env("PATCHBAY_EVENT_DAYS") and not env("PATCHBAY_ARCHIVE_FOLDER"):
        yield (
            "PATCHBAY_EVENT_DAYS is set without PATCHBAY_ARCHIVE_FOLDER: events of the audit log "
            "are deleted only after they are archived."
        )
    yield from telemetry.missing_package_errors()
    if env("PATCHBAY_MODE") != "test":
        yield from short_lease_errors()


def short_lease_errors() -> Iterator[str]:
    """Yields the errors of leases so short that another worker would start while the first one
    still works."""
    for name, least, why in (
        ("PATCHBAY_LEASE_SECONDS", MIN_LEASE, "one request to a platform may take"),
        ("PATCHBAY_JOB_LEASE_SECONDS", MIN_JOB_LEASE, "a part of a bulk job may take"),
    ):
        if env(name) <= least:
            yield f"{name} is {env(name)}: it must be longer than {least} seconds, which {why}."


def ensure_valid_settings(*, is_complete: bool = True) -> None:
    """Ends this program with status 2 if a setting is invalid, or (with `is_complete`) missing,
    after printing all errors on stderr."""
    load_quickstart_environment()
    found = find_setting_errors()
    if found or is_complete:
        found += find_missing_variables()
    exit_with_errors("Patchbay does not start until its settings are right:", found)


def ensure_encryption_keys_match() -> None:
    """Ends this program if its encryption keys cannot decrypt what the database stores. If the
    database is unreachable, the program starts, and ends later if the keys do not match."""
    from integrations.connections import key_proof  # needs the settings

    found = key_proof.poll_key_problem()
    if found is None:
        key_proof.start_key_watch()
    elif found:
        exit_with_errors("Patchbay does not start:", [found])


def exit_with_errors(heading: str, found: list[str]) -> None:
    if not found:
        return
    if is_first_process():
        print("\n  ".join([heading, *found]), file=sys.stderr, flush=True)
    raise SystemExit(EXIT_STATUS)


def is_first_process() -> bool:
    """Returns whether this is the main process, or the first child of granian. The other children
    would print the same messages."""
    return getattr(multiprocessing.current_process(), "_identity", ()) in ((), (1,))
