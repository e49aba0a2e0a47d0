"""Lockout: counts of failed sign-ins, and how long to wait, from the times that allauth stores.

Failures are counted per e-mail and client address, so that a stranger's wrong passwords do not lock
the owner out elsewhere, and per client address and network for all e-mails. On a device on which
the account has signed in before, only the device is counted.
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
# After a correct second factor, allauth clears everything it counts as login_failed. Limits that
# must survive that have names of their own; otherwise an attacker with one account could guess at
# others without limit.
PAIR_LIMIT, ATTACKED_PAIR_LIMIT = "login_failed", "login_failed_when_attacked"
ADDRESS_LIMIT, NETWORK_LIMIT, EMAIL_LIMIT = (
    f"login_failed_by_{what}" for what in ("address", "network", "email")
)
NETWORK_PREFIX_LENGTHS = {4: 24, 6: 48}  # the prefixes that one customer usually gets
# Failures of one e-mail from anywhere, within the hour for which they are counted.
ATTACK_THRESHOLD = 100
WARNING_THRESHOLD = 5  # failures of one e-mail after which its owner is warned


@dataclass(frozen=True)
class SignInAttempt:
    """One sign-in, before its password is checked. `email` is canonical."""

    request: HttpRequest
    email: str

    @cached_property
    def device(self) -> str | None:
        return known_device_id(self.request, self.email)

    @property
    def pair(self) -> str:
        """Returns the rate-limit key of this e-mail with whoever tries it: a known device, or the
        client's address."""
        return f"{self.email}|{self.device or get_ip(self.request)}"

    def limits(self) -> Iterator[tuple[str, str]]:
        """Yields the limits that count this attempt, in this order, each with its key. An attempt
        that the first limit locks out does not use up the others, which many people share."""
        yield PAIR_LIMIT, self.pair
        if self.device:
            return
        if self.failures() >= ATTACK_THRESHOLD:
            yield ATTACKED_PAIR_LIMIT, self.pair
        yield ADDRESS_LIMIT, get_ip(self.request)
        yield NETWORK_LIMIT, client_network(get_ip(self.request))

    def count(self) -> RateLimitUsage | None:
        """Counts the attempt and returns its usage, or None if the attempt is locked out."""
        usage = RateLimitUsage(usage=[])
        for action, key in self.limits():
            counted = consume(self.request, app=RATE_LIMIT_APP, action=action, key=key)
            if counted is None:
                return None
            usage.usage += counted.usage
        return usage

    def count_failure(self) -> bool:
        """Counts a failure from an unknown device. Returns whether the e-mail now has enough
        failures to warn its owner."""
        if self.device:
            return False
        consume(self.request, app=RATE_LIMIT_APP, action=EMAIL_LIMIT, key=self.email)
        return self.failures() >= WARNING_THRESHOLD

    def failures(self) -> int:
        """Returns the recent failures of this e-mail from unknown devices. At most the limit is
        remembered."""
        return sum(
            len(self.times(EMAIL_LIMIT, self.email, rate))
            for rate in login_rate_limits(EMAIL_LIMIT)
        )

    def seconds_locked(self) -> int:
        """Returns the seconds until the next attempt is allowed by the strictest limit; at least
        one."""
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
