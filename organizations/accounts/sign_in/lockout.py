"""Counting failed sign-ins, and how long one has to wait, by the times that allauth remembers.

What is counted is an e-mail from one address, so that a stranger's wrong passwords do not keep its
owner out elsewhere; and an address, and the network around it, whichever e-mails it tries. Somebody
who has signed in on the device before is counted by the device alone.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network

from allauth.core.internal.ratelimit import (
    Rate,
    RateLimitUsage,
    consume,
    get_cache_key,
    get_ip,
    get_rates,
)
from django.core.cache import cache
from django.http import HttpRequest

from organizations.accounts.sign_in.known_devices import known_device_id

RATE_LIMIT_APP = "allauth.account"
# allauth forgets all that it counts as login_failed after a right second factor: what is to outlast
# that has a name of its own, else whoever has one account would guess at the others without end.
PAIR_LIMIT, ATTACKED_PAIR_LIMIT = "login_failed", "login_failed_when_attacked"
ADDRESS_LIMIT, NETWORK_LIMIT, EMAIL_LIMIT = (
    f"login_failed_by_{what}" for what in ("address", "network", "email")
)
NETWORK_PREFIX_LENGTHS = {4: 24, 6: 48}  # as one customer has them
ATTACK_THRESHOLD = (
    100  # failures of one e-mail from anywhere, within the hour that they are counted
)
WARNING_THRESHOLD = 5  # failures of one e-mail after which its owner is told


@dataclass(frozen=True)
class SignInAttempt:
    """One sign-in, before its password is tried; `email` is canonical."""

    request: HttpRequest
    email: str

    @cached_property
    def device(self) -> str | None:
        return known_device_id(self.request, self.email)

    @property
    def pair(self) -> str:
        """Who tries this e-mail."""
        return f"{self.email}|{self.device or get_ip(self.request)}"

    def limits(self) -> Iterator[tuple[str, str]]:
        """What is counted, in this order, and under which key. Who is locked out by the first does
        not use up the others, which are many people's."""
        yield PAIR_LIMIT, self.pair
        if self.device:
            return
        if self.failures() >= ATTACK_THRESHOLD:
            yield ATTACKED_PAIR_LIMIT, self.pair
        yield ADDRESS_LIMIT, get_ip(self.request)
        yield NETWORK_LIMIT, client_network(get_ip(self.request))

    def count(self) -> RateLimitUsage | None:
        """None when the attempt has to wait."""
        usage = RateLimitUsage(usage=[])
        for action, key in self.limits():
            counted = consume(self.request, app=RATE_LIMIT_APP, action=action, key=key)
            if counted is None:
                return None
            usage.usage += counted.usage
        return usage

    def count_failure(self) -> bool:
        """Of an unknown device; whether there are so many by now that the owner should hear."""
        if self.device:
            return False
        consume(self.request, app=RATE_LIMIT_APP, action=EMAIL_LIMIT, key=self.email)
        return self.failures() >= WARNING_THRESHOLD

    def failures(self) -> int:
        """Of this e-mail from unknown devices, lately; no more than the limit are remembered."""
        return sum(
            len(self.times(EMAIL_LIMIT, self.email, rate))
            for rate in login_rate_limits(EMAIL_LIMIT)
        )

    def seconds_locked(self) -> int:
        """Until the next attempt counts, by the strictest of the limits; at least one second."""
        now, waits = time.time(), [1.0]
        for action, key in self.limits():
            for rate in login_rate_limits(action):
                failed = self.times(action, key, rate)
                if len(failed) >= rate.amount:
                    waits.append(failed[rate.amount - 1] + rate.duration - now)
        return math.ceil(max(waits))

    def times(self, action: str, key: str, rate: Rate) -> list[float]:
        where = get_cache_key(self.request, app=RATE_LIMIT_APP, action=action, rate=rate, key=key)
        return [at for at in cache.get(where, []) if at > time.time() - rate.duration]


def client_network(address: str) -> str:
    try:
        network = ip_network(address)
    except ValueError:
        return address
    return str(network.supernet(new_prefix=NETWORK_PREFIX_LENGTHS[network.version]))


def login_rate_limits(action: str) -> list[Rate]:
    return get_rates(app=RATE_LIMIT_APP, action=action)
