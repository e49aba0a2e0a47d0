"""Brute-force protection for API keys: after too many wrong keys, an address may use only keys that
were right recently."""

from collections import OrderedDict
from threading import Lock

from organizations.access import api_key_format
from organizations.web.api.rate_limits import TokenBuckets

FAILURE_LIMIT = {"per_second": 0.2, "burst": 20}
failures_by_address = TokenBuckets()


class RecentValidKeys:
    """The digests of keys that were right recently, so that one attacker behind a shared address
    (an office, a proxy) does not lock out the others."""

    def __init__(self, size: int = 10_000):
        self.size, self.lock = size, Lock()
        self.digests: OrderedDict[bytes, None] = OrderedDict()

    def add(self, digest: bytes) -> None:
        with self.lock:
            self.digests[digest] = None
            if len(self.digests) > self.size:
                self.digests.popitem(last=False)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self.digests


recent_valid_keys = RecentValidKeys()


def ensure_not_guessing(address: str, text: api_key_format.PlaintextApiKey | None) -> None:
    """Raises a 429 Problem for an address that failed too often, unless this key was right
    recently."""
    if address not in failures_by_address:
        return
    budget = failures_by_address.take(address, cost=0, **FAILURE_LIMIT)
    if not budget.allowed and (text is None or text.digest not in recent_valid_keys):
        raise budget.refusal()


def count_key_failure(address: str) -> None:
    failures_by_address.take(address, **FAILURE_LIMIT)
