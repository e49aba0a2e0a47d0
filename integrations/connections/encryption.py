"""Encryption of stored secrets: JSON encrypted with MultiFernet and bound to its row.

Keys come from PATCHBAY_ENCRYPTION_KEYS, newest first. The plaintext carries `<table>:<id>:<field>`,
so a ciphertext that was copied into another row is refused. A wrong key raises an error and never
yields a value.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# The encrypted columns as (model's label, column). Apps add theirs in `AppConfig.ready()`.
encrypted_columns: list[tuple[str, str]] = []


class DecryptionError(Exception):
    """Raised when the stored secret cannot be decrypted with the configured keys, or belongs to
    another row."""


def encrypt_values(values: Mapping[str, str], *, place: str) -> str:
    """Returns `values` encrypted, as text for the database. `place` is the
    `encryption_context(...)` of the row that will hold it."""
    return (
        current_fernet()
        .encrypt(json.dumps({"place": place, "values": dict(values)}).encode())
        .decode()
    )


def decrypt_values(sealed: str, *, place: str) -> dict[str, str]:
    """Returns the values, or {} if nothing was encrypted. Raises DecryptionError."""
    if not sealed:
        return {}
    try:
        opened = json.loads(current_fernet().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise DecryptionError(
            "A stored secret cannot be read with the configured PATCHBAY_ENCRYPTION_KEYS. "
            "Put back the key it was written with."
        ) from error
    if opened["place"] != place:
        raise DecryptionError(f"The sealed text in {place} was made for another row.")
    return opened["values"]


def uses_newest_key(sealed: str) -> bool:
    """Returns whether the text is encrypted with the newest key."""
    try:
        Fernet(settings.PATCHBAY_ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reencrypt_text(sealed: str) -> str:
    """Returns the same secret encrypted with the newest key. Raises DecryptionError."""
    try:
        return current_fernet().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise DecryptionError(
            "A stored secret was written with a key that is not configured."
        ) from error


def encryption_context(table: str, row: UUID, field: str) -> str:
    return f"{table}:{row}:{field}"


def current_fernet() -> MultiFernet:
    return build_fernet(tuple(settings.PATCHBAY_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def build_fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
