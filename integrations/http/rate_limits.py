"""Rate limits of platforms: Retry-After, and the quota in the response headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 3600.0  # seconds; a longer Retry-After is cut to an hour


@dataclass(frozen=True)
class RateLimit:
    """The rate limit that the platform last reported."""

    limit: int
    remaining: int
    reset_seconds: float


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Returns the requested pause in seconds, at most an hour, from a number or an HTTP date.
    Returns None if the header is missing or invalid."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if _is_count(value) else _seconds_until(value)
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    values = [headers.get(name, "").strip() for name in names]
    if not all(_is_count(value) for value in values):
        return None
    return RateLimit(int(values[0]), int(values[1]), min(float(values[2]), MAX_RETRY_AFTER))


def _is_count(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", value) is not None


def _seconds_until(http_date: str) -> float:
    at = parsedate_to_datetime(http_date[:100])
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()


def rate_limit_pause(quota: RateLimit | None, calls: int) -> float:
    """Returns the seconds to pause after `calls` calls: none in the first half of the quota, then
    evenly spread over the rest of the period."""
    if quota is None or quota.remaining * 2 > quota.limit:
        return 0.0
    if quota.remaining <= 0:
        return quota.reset_seconds
    return min(quota.reset_seconds / quota.remaining * calls, quota.reset_seconds)
