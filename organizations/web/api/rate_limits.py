"""Rate limits: token buckets per process, which hold `burst` requests and regain `per_second`."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from threading import Lock
from typing import NamedTuple

from django.conf import settings

from organizations.web.api.problems import Problem


class RateLimitStatus(NamedTuple):
    """The state of a bucket: requests left, and the seconds until it is full (`reset`) or has a
    token again (`retry_after`)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }

    def refusal(self) -> Problem:
        return Problem("rate-limited", headers={"Retry-After": str(self.retry_after)})


class TokenBuckets:
    """Buckets by name, in bounded memory. The least recently used ones are dropped, which refills
    them."""

    def __init__(self, size: int = 10_000, clock: Callable[[], float] = time.monotonic):
        self.size, self.clock, self.lock = size, clock, Lock()
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, *, per_second: float, burst: int, cost: int = 1) -> RateLimitStatus:
        """Takes `cost` tokens if the bucket has at least one. A cost of 0 only checks."""
        now = self.clock()
        with self.lock:
            tokens, since = self.buckets.pop(name, (burst, now))
            tokens = min(burst, tokens + (now - since) * per_second)
            allowed = tokens >= 1
            if allowed:
                tokens -= cost
            self.buckets[name] = (tokens, now)
            if len(self.buckets) > self.size:
                self.buckets.popitem(last=False)
        wait = 0 if allowed else ceil((1 - tokens) / per_second)
        return RateLimitStatus(
            allowed, burst, int(tokens), ceil((burst - tokens) / per_second), wait
        )

    def __contains__(self, name: str) -> bool:
        return name in self.buckets

    def clear(self) -> None:
        self.buckets.clear()


requests_by_actor = TokenBuckets()


def take_request_token(actor: str) -> RateLimitStatus | None:
    """Takes one request from the bucket of this key or person. Returns None if the installation
    sets no limit."""
    rate = settings.RATE_LIMIT_PER_SECOND
    if not rate:
        return None
    return requests_by_actor.take(actor, per_second=rate, burst=settings.RATE_LIMIT_BURST)
