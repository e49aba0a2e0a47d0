"""A cache for values that are expensive to compute. One process computes at a time, and the others
use the last value."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

RETENTION_SECONDS = 3600  # seconds
LOCK_SECONDS = 60  # longer than any computation: the database stops statements earlier
MIN_FRESH_SECONDS, MAX_FRESH_SECONDS = 1, 30  # seconds for which a snapshot is fresh
FRESHNESS_FACTOR = 20  # times the computing time, within these limits
CHEAP_SECONDS = 0.3


@dataclass(frozen=True)
class Snapshot:
    data: Any
    at: datetime
    seconds: float  # computing time

    @property
    def is_fresh(self) -> bool:
        """Returns whether the snapshot is recent enough. One that took longer to compute stays
        fresh longer."""
        age = (timezone.now() - self.at).total_seconds()
        return age < min(MAX_FRESH_SECONDS, max(MIN_FRESH_SECONDS, FRESHNESS_FACTOR * self.seconds))

    @property
    def is_cheap(self) -> bool:
        return self.seconds < CHEAP_SECONDS


def last_snapshot(key: str) -> Snapshot | None:
    return cache.get(key)


def get_or_compute(key: str, compute: Callable[[], Any], *, anew: bool = False) -> Snapshot | None:
    """Returns a fresh snapshot, and computes it if necessary. Returns the last one, or None, while
    another process computes it."""
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


# Names of the types that JSON lacks. datetime comes before date, because every datetime is a date.
TAGGED_TYPES: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "datetime": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
    "uuid": (UUID, UUID),
}


def encode_tagged_json(value: Any) -> Any:
    """Returns a JSON value from which `decode_tagged_json` restores the original: dicts with keys
    of any type, tuples, dates, times and UUIDs."""
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
