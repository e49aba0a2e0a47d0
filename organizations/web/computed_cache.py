"""What is dear to compute, kept for a while: one computation at a time, others see the last one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

RETENTION_SECONDS = 3600  # seconds
LOCK_SECONDS = 60  # no computation takes longer: the database ends a statement before
MIN_FRESH_SECONDS, MAX_FRESH_SECONDS = 1, 30  # seconds that one is fresh,
FRESHNESS_FACTOR = 20  # times what it took
CHEAP_SECONDS = 0.3


@dataclass(frozen=True)
class Snapshot:
    data: Any
    at: datetime
    seconds: float  # that it took

    @property
    def is_fresh(self) -> bool:
        """The dearer it was, the longer."""
        age = (timezone.now() - self.at).total_seconds()
        return age < min(MAX_FRESH_SECONDS, max(MIN_FRESH_SECONDS, FRESHNESS_FACTOR * self.seconds))

    @property
    def is_cheap(self) -> bool:
        return self.seconds < CHEAP_SECONDS


def last_snapshot(key: str) -> Snapshot | None:
    return cache.get(key)


def get_or_compute(key: str, compute: Callable[[], Any], *, anew: bool = False) -> Snapshot | None:
    """A fresh one, made here if need be. While somebody else makes it: the last one, or None."""
    kept = last_snapshot(key)
    if kept and kept.is_fresh and not anew:
        return kept
    if not cache.add(f"{key}:taken", 1, timeout=LOCK_SECONDS):
        return kept
    try:
        began = time.monotonic()
        data = compute()
        made = Snapshot(data, timezone.now(), time.monotonic() - began)
        cache.set(key, made, RETENTION_SECONDS)
        return made
    finally:
        cache.delete(f"{key}:taken")


# Which of the kinds that JSON lacks a value is; datetime before date, as every datetime is a date.
TAGGED_TYPES: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "datetime": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
    "uuid": (UUID, UUID),
}


def encode_tagged_json(value: Any) -> Any:
    """As JSON can hold it, from which `decode_tagged_json` makes the same again: dicts with keys of
    any kind, tuples, days, moments and UUIDs."""
    if isinstance(value, dict):
        return {
            "dict": [
                [encode_tagged_json(key), encode_tagged_json(each)] for key, each in value.items()
            ]
        }
    if isinstance(value, tuple):
        return {"tuple": [encode_tagged_json(each) for each in value]}
    if isinstance(value, list):
        return [encode_tagged_json(each) for each in value]
    for name, (kind, _read) in TAGGED_TYPES.items():
        if isinstance(value, kind):
            return {name: value.isoformat() if kind is not UUID else str(value)}
    return value


def decode_tagged_json(value: Any) -> Any:
    if isinstance(value, list):
        return [decode_tagged_json(each) for each in value]
    if not isinstance(value, dict):
        return value
    ((name, content),) = value.items()
    if name == "dict":
        return {decode_tagged_json(key): decode_tagged_json(each) for key, each in content}
    if name == "tuple":
        return tuple(decode_tagged_json(each) for each in content)
    return TAGGED_TYPES[name][1](content)
