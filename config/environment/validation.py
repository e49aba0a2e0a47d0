"""What is wrong with the environment, one sentence for each fault. No program starts with one.

No value of a secret is ever in a sentence.
"""

import multiprocessing
import os
import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches

from config import telemetry
from config.environment.kinds import Wrong
from config.environment.reader import UnreadableSecret, env, load_quickstart, secret
from config.environment.variables import OTHERS, REPLACED, VARIABLES, Variable

PREFIX = "PATCHBAY_"
LEAST_LEASE = 22  # seconds; a write to a platform may take 20 (integrations/http/client.py)
LEAST_JOB_LEASE = 60  # seconds; the most that a task may take between two renewals
STATUS = 2  # of a program that refuses to start
LONGEST = 100  # characters of a value that are shown
OIDC = ("PATCHBAY_OIDC_SERVER_URL", "PATCHBAY_OIDC_CLIENT_ID", "PATCHBAY_OIDC_CLIENT_SECRET")
NEEDED = {
    "SECRET_KEY": "Set it to 50 random characters.",
    "PATCHBAY_ENCRYPTION_KEYS": (
        "Make a key with: python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())' and keep a copy; without it the stored credentials "
        "cannot be read."
    ),
}


def faults(reader: str = "") -> list[str]:
    """Of all that is set, by name; `reader` is "make up" for the supervisor."""
    found = [*unknown_names()]
    for variable in VARIABLES.values():
        if variable.reader in ("", "compose", reader):
            found += [*faults_of_file(variable), *faults_of_value(variable)]
    return found + [*faults_together()]


def missing() -> list[str]:
    """What a program with work to do needs and nobody has set."""
    return [
        f"{name} is missing. {remedy}"
        for name, remedy in NEEDED.items()
        if not (env.given(name) or os.environ.get(f"{name}_FILE"))
    ]


def unknown_names() -> Iterator[str]:
    known = {*VARIABLES, *(f"{name}_FILE" for name, each in VARIABLES.items() if each.is_secret)}
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name in known or name.startswith(OTHERS):
            continue
        if name in REPLACED:
            if os.environ[name].strip():
                yield f"{name} is no longer a setting: {REPLACED[name]} replaces it."
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.75)
        yield f"{name} is no setting.{f' Did you mean {near[0]}?' if near else ''}"


def faults_of_file(variable: Variable) -> Iterator[str]:
    name, place = variable.name, os.environ.get(f"{variable.name}_FILE", "").strip()
    if not variable.is_secret or not place:
        return
    if os.environ.get(name, "").strip():
        yield f"{name} and {name}_FILE are both set; remove one of them."
        return
    try:
        secret(name)
    except UnreadableSecret as error:
        yield f"{name}_FILE: {error}."


def faults_of_value(variable: Variable) -> Iterator[str]:
    text = env.given(variable.name)
    if not text:
        return
    try:
        variable.kind(text)
    except Wrong as wrong:
        shown = "" if variable.is_secret else f", not {as_shown(wrong.part or text)}"
        yield f"{variable.name} {wrong.rule}{shown}."


def as_shown(text: str) -> str:
    """A password in a URL that is no secret is somebody's mistake, and must not go to the log."""
    text = re.sub(r"//[^/@]*@", "//…@", text)
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def faults_together() -> Iterator[str]:
    """Settings that are right by themselves, and do not go together."""
    given = [name for name in OIDC if name in env]
    if given and len(given) < len(OIDC):
        lacking = " and ".join(name for name in OIDC if name not in given)
        yield f"{given[0]} is set without {lacking}: OpenID Connect needs all three."
    if env("PATCHBAY_EVENT_DAYS") and not env("PATCHBAY_ARCHIVE_FOLDER"):
        yield (
            "PATCHBAY_EVENT_DAYS is set without PATCHBAY_ARCHIVE_FOLDER: events of the audit log "
            "are deleted only after they are archived."
        )
    yield from telemetry.lacking()
    if env("PATCHBAY_MODE") != "test":
        yield from short_leases()


def short_leases() -> Iterator[str]:
    """Another worker would begin while the first one still works."""
    for name, least, why in (
        ("PATCHBAY_LEASE_SECONDS", LEAST_LEASE, "one request to a platform may take"),
        ("PATCHBAY_JOB_LEASE_SECONDS", LEAST_JOB_LEASE, "a part of a bulk job may take"),
    ):
        if env(name) <= least:
            yield f"{name} is {env(name)}: it must be longer than {least} seconds, which {why}."


def refuse_faults(*, is_complete: bool = True) -> None:
    """End this program with status 2 if a setting is wrong, or (`is_complete`) missing, after all
    that is wrong was said on stderr."""
    load_quickstart()
    found = faults()
    if found or is_complete:
        found += missing()
    refuse("Patchbay does not start until its settings are right:", found)


def refuse_wrong_keys() -> None:
    """End this program if its encryption keys do not open what the database has sealed. Where the
    database is out of reach, the program starts, and ends later if it must."""
    from integrations.connections import key_proof  # which needs the settings

    found = key_proof.asked()
    if found is None:
        key_proof.watch()
    elif found:
        refuse("Patchbay does not start:", [found])


def refuse(heading: str, found: list[str]) -> None:
    if not found:
        return
    if is_first_child():
        print("\n  ".join([heading, *found]), file=sys.stderr, flush=True)
    raise SystemExit(STATUS)


def is_first_child() -> bool:
    """Whether this is the program itself, or the first of the processes that granian makes: the
    others would say the same."""
    return getattr(multiprocessing.current_process(), "_identity", ()) in ((), (1,))
