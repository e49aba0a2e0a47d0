"""How long somebody is locked out after failed sign-ins, by the times that allauth remembers."""

import math
import time

from allauth.core.internal.ratelimit import get_cache_key, get_rates
from django.core.cache import cache
from django.http import HttpRequest

APP, ACTION = "allauth.account", "login_failed"


def seconds_locked(request: HttpRequest, *, key: str) -> int:
    """Until the next attempt counts, by the strictest of the limits; at least one second."""
    now, waits = time.time(), [1.0]
    for rate in get_rates(app=APP, action=ACTION):
        where = get_cache_key(request, app=APP, action=ACTION, rate=rate, key=key)
        failed = [at for at in cache.get(where, []) if at > now - rate.duration]
        if len(failed) >= rate.amount:
            waits.append(failed[rate.amount - 1] + rate.duration - now)
    return math.ceil(max(waits))
