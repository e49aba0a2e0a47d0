"""Checks at every start that PATCHBAY_ENCRYPTION_KEYS can decrypt what the database has stored.

`migrate` creates a row that is encrypted with the last of the keys, and `rotate_secrets` encrypts
it again with the first, after everything else. So a process cannot decrypt it if it has other keys,
or lacks an old one that some stored secret still needs.
"""

import logging
import os
import signal
import threading
import time
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.core.checks import Critical, Tags, register
from django.db import Error, OperationalError, ProgrammingError, connection
from django.db.models.functions import Now

from integrations.connections import encryption
from integrations.models import KeyProof

logger = logging.getLogger(__name__)

PROOF_PLAINTEXT = b"patchbay"
WRONG_KEYS_MESSAGE = (
    "PATCHBAY_ENCRYPTION_KEYS lacks a key that secrets in this database are sealed with. Put that "
    "key back: alone, or behind a newer one and separated by a comma. To take an old key away, run "
    "`manage.py rotate_secrets` first. Without the key, restore it from your backup of the keys; "
    "nothing else opens the stored credentials."
)
RETRY_SECONDS = 5.0  # seconds between two checks of an unreachable database


class DatabaseUnreachable(Exception):
    """Raised when the database did not answer; the text is the reason."""


def find_key_problem() -> str:
    """Returns what is wrong with the keys, as text, or "" if they are right or nothing has been
    encrypted yet. Raises DatabaseUnreachable."""
    try:
        sealed = KeyProof.objects.values_list("text", flat=True).first()
    except ProgrammingError:  # no such table: this database is not migrated
        return ""
    except OperationalError as error:
        raise DatabaseUnreachable(str(error).partition("\n")[0]) from error
    return WRONG_KEYS_MESSAGE if sealed and not can_decrypt_proof(sealed) else ""


def can_decrypt_proof(sealed: str) -> bool:
    try:
        return encryption.current_fernet().decrypt(sealed.encode()) == PROOF_PLAINTEXT
    except InvalidToken:
        return False


def create_key_proof(**_kwargs: Any) -> None:
    """Creates the key proof after `migrate`, as the owner of the tables. Creates none if the keys
    cannot decrypt what is stored, because the row would declare them right."""
    keys = settings.PATCHBAY_ENCRYPTION_KEYS
    table = KeyProof._meta.db_table
    if not keys or table not in connection.introspection.table_names():
        return
    if KeyProof.objects.exists():
        return
    if unopened := find_undecryptable_column():
        logger.critical("%s (%s)", WRONG_KEYS_MESSAGE, unopened)
        return
    text = Fernet(keys[-1]).encrypt(PROOF_PLAINTEXT).decode()
    KeyProof.objects.bulk_create([KeyProof(text=text)], ignore_conflicts=True)


def find_undecryptable_column() -> str:
    """Returns the column of a stored secret that the keys cannot decrypt, or "". Tries one row of
    each column."""
    known = connection.introspection.table_names()
    for label, column in encryption.encrypted_columns:
        model = apps.get_model(label)
        if model._meta.db_table not in known:
            continue
        filled = model.objects.exclude(**{column: ""}).order_by("pk")
        sealed = filled.values_list(column, flat=True).first()
        if sealed and not can_reencrypt(sealed):
            return f"{label}.{column}"
    return ""


def can_reencrypt(sealed: str) -> bool:
    try:
        encryption.reencrypt_text(sealed)
    except encryption.DecryptionError:
        return False
    return True


def update_key_proof() -> None:
    """Encrypts the key proof with the newest key. The caller has re-encrypted everything stored, so
    older keys are no longer needed."""
    text = Fernet(settings.PATCHBAY_ENCRYPTION_KEYS[0]).encrypt(PROOF_PLAINTEXT).decode()
    KeyProof.objects.update_or_create(id=1, defaults={"text": text, "made_at": Now()})


@register(Tags.database)
def check_encryption_keys(app_configs, databases=None, **kwargs) -> list[Critical]:
    """Checks the keys for `manage.py check --database default`, and for `migrate` before it
    begins."""
    try:
        found = find_key_problem() if databases else ""
    except DatabaseUnreachable:  # other checks report it
        return []
    return [Critical(found, id="patchbay.C003")] if found else []


def start_key_watch() -> None:
    """Checks the keys in a thread as soon as the database is reachable, for a process that started
    during an outage. With the wrong keys the process ends; its supervisor restarts it, and then it
    refuses to start."""
    threading.Thread(target=check_keys_when_reachable, name="key proof", daemon=True).start()


def check_keys_when_reachable(pause: float = RETRY_SECONDS) -> None:
    while (found := poll_key_problem()) is None:
        time.sleep(pause)
    if found:
        logger.critical("%s This program ends.", found)
        os.kill(os.getpid(), signal.SIGTERM)


def poll_key_problem() -> str | None:
    """Returns the result of `find_key_problem` on a connection of its own, or None if the database
    is unreachable."""
    try:
        return find_key_problem()
    except (DatabaseUnreachable, Error):
        return None
    finally:
        connection.close()
