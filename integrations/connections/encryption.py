"""Secrets at rest: JSON sealed with MultiFernet and bound to the row it belongs to.

Keys come from PATCHBAY_ENCRYPTION_KEYS, newest first. The plaintext carries `<table>:<id>:<field>`,
so a sealed text that was pasted into another row is refused; a wrong key raises and is never taken
for a value.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# What is sealed where: (model's label, column). Apps add theirs in `AppConfig.ready()`.
encrypted_columns: list[tuple[str, str]] = []


class DecryptionError(Exception):
    """The stored secret cannot be read with the configured keys, or belongs to another row."""


def encrypt_values(values: Mapping[str, str], *, place: str) -> str:
    """`values` as text for the database; `place` is `where(...)` of the row that will hold it."""
    return (
        current_fernet()
        .encrypt(json.dumps({"place": place, "values": dict(values)}).encode())
        .decode()
    )


def decrypt_values(sealed: str, *, place: str) -> dict[str, str]:
    """The values, or {} where nothing was ever sealed. Raises DecryptionError."""
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
    """Whether the newest key seals it already."""
    try:
        Fernet(settings.PATCHBAY_ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reencrypt_text(sealed: str) -> str:
    """The same secret under the newest key."""
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
