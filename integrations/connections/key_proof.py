"""Whether PATCHBAY_ENCRYPTION_KEYS open what the database has sealed: asked at every start.

`migrate` makes a row that is sealed with the last of the keys, and `rotate_secrets` seals it anew
with the first, when everything else is. So a program cannot open it that has other keys, or that
lacks an old one which some stored secret still needs.
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
RETRY_SECONDS = 5.0  # seconds until a database that was out of reach is asked again


class DatabaseUnreachable(Exception):
    """The database did not answer; the text is its reason."""


def find_key_problem() -> str:
    """What is wrong with the keys, as a sentence; "" where they are right, or nothing has been
    sealed yet. Raises DatabaseUnreachable."""
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
    """After `migrate`, by the owner of the tables. No row is made that would prove keys right which
    do not open what is stored."""
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
    """Where a stored secret is that the keys do not open, "" for nowhere; one of each kind is
    tried."""
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
    """All that is stored is sealed with the newest key: older ones may go."""
    text = Fernet(settings.PATCHBAY_ENCRYPTION_KEYS[0]).encrypt(PROOF_PLAINTEXT).decode()
    KeyProof.objects.update_or_create(id=1, defaults={"text": text, "made_at": Now()})


@register(Tags.database)
def check_encryption_keys(app_configs, databases=None, **kwargs) -> list[Critical]:
    """`manage.py check --database default`, and `migrate` before it begins."""
    try:
        found = find_key_problem() if databases else ""
    except DatabaseUnreachable:  # which others tell
        return []
    return [Critical(found, id="patchbay.C003")] if found else []


def start_key_watch() -> None:
    """For a program that started while the database was out of reach: ask again until it answers.
    With the wrong keys the program ends; who started it starts it anew, and it refuses."""
    threading.Thread(target=check_keys_when_reachable, name="key proof", daemon=True).start()


def check_keys_when_reachable(pause: float = RETRY_SECONDS) -> None:
    while (found := poll_key_problem()) is None:
        time.sleep(pause)
    if found:
        logger.critical("%s This program ends.", found)
        os.kill(os.getpid(), signal.SIGTERM)


def poll_key_problem() -> str | None:
    """What `problem` says, on a connection of its own; None where the database is out of reach."""
    try:
        return find_key_problem()
    except (DatabaseUnreachable, Error):
        return None
    finally:
        connection.close()
