"""Counting failed sign-ins by address, and how long somebody is locked out, by the times that
allauth remembers."""

import math
import time

from allauth.core.internal.ratelimit import (
    Rate,
    RateLimitUsage,
    consume,
    get_cache_key,
    get_rates,
)
from django.core.cache import cache
from django.http import HttpRequest

APP, BY_EMAIL = "allauth.account", "login_failed"
# Of its own: allauth forgets all that it counts as login_failed after a right second factor, and
# whoever has one account would guess at the others without end.
BY_ADDRESS = "login_failed_by_address"


def count_address(request: HttpRequest) -> RateLimitUsage | None:
    """None when the address is locked out."""
    return consume(request, app=APP, action=BY_ADDRESS)


def seconds_locked(request: HttpRequest, *, key: str) -> int:
    """Until the next attempt counts, by the strictest of the limits; at least one second."""
    now, waits = time.time(), [1.0]
    rates = [(name, rate) for name in (BY_EMAIL, BY_ADDRESS) for rate in rates_of(name)]
    for action, rate in rates:
        where = get_cache_key(request, app=APP, action=action, rate=rate, key=key)
        failed = [at for at in cache.get(where, []) if at > now - rate.duration]
        if len(failed) >= rate.amount:
            waits.append(failed[rate.amount - 1] + rate.duration - now)
    return math.ceil(max(waits))


def rates_of(action: str) -> list[Rate]:
    return get_rates(app=APP, action=action)
