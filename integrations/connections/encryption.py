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
columns: list[tuple[str, str]] = []


class CannotUnseal(Exception):
    """The stored secret cannot be read with the configured keys, or belongs to another row."""


def seal(values: Mapping[str, str], *, place: str) -> str:
    """`values` as text for the database; `place` is `where(...)` of the row that will hold it."""
    return vault().encrypt(json.dumps({"place": place, "values": dict(values)}).encode()).decode()


def unseal(sealed: str, *, place: str) -> dict[str, str]:
    """The values, or {} where nothing was ever sealed. Raises CannotUnseal."""
    if not sealed:
        return {}
    try:
        opened = json.loads(vault().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise CannotUnseal(
            "A stored secret cannot be read with the configured PATCHBAY_ENCRYPTION_KEYS. "
            "Put back the key it was written with."
        ) from error
    if opened["place"] != place:
        raise CannotUnseal(f"The sealed text in {place} was made for another row.")
    return opened["values"]


def is_newest(sealed: str) -> bool:
    """Whether the newest key seals it already."""
    try:
        Fernet(settings.PATCHBAY_ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(sealed: str) -> str:
    """The same secret under the newest key."""
    try:
        return vault().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal(
            "A stored secret was written with a key that is not configured."
        ) from error


def where(table: str, row: UUID, field: str) -> str:
    return f"{table}:{row}:{field}"


def vault() -> MultiFernet:
    return vault_of(tuple(settings.PATCHBAY_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def vault_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
