"""The SSRF guard: connects to public addresses, and to private ones that the operator has
listed."""

import errno
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from threading import Thread
from time import monotonic
from typing import Any

import httpcore

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
MAX_ADDRESSES = 16  # tried per name; a name may have thousands

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressRefused(Exception):
    """Raised for an address that Patchbay must not connect to. `admissible` says that the operator
    could allow it by listing its network."""

    def __init__(self, reason: str, *, admissible: bool = False):
        super().__init__(reason)
        self.reason = reason
        self.admissible = admissible


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Blocked even when listed, because these addresses belong to the host's own infrastructure or to no
# single machine. The metadata services outside link-local look public or merely private to every
# table (Azure 168.63.129.16, Oracle 192.0.0.192, Alibaba 100.100.100.200, AWS and Google on IPv6).
# Tunnel and translation formats embed an IPv4 address that the ranges below would not see.
_ALWAYS_BLOCKED: dict[str, tuple[Network, ...]] = {
    "a cloud metadata address": _networks(
        "168.63.129.16/32",
        "192.0.0.192/32",
        "100.100.100.200/32",
        "169.254.169.254/32",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    ),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "an unspecified address": _networks("0.0.0.0/8", "::/128"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
    "the broadcast address": _networks("255.255.255.255/32"),
    "a NAT64 address": _networks("64:ff9b::/96", "64:ff9b:1::/48"),
    "a 6to4 address": _networks("2002::/16", "192.88.99.0/24"),
    "a Teredo address": _networks("2001::/32"),
}

# Allowed for operators who list them in PATCHBAY_ALLOWED_PRIVATE_CIDRS.
_PRIVATE_RANGES: dict[str, tuple[Network, ...]] = {
    "a loopback address": _networks("127.0.0.0/8", "::1/128"),
    "a private address": _networks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"
    ),
    "a carrier-grade NAT address": _networks("100.64.0.0/10"),
    "a benchmarking address": _networks("198.18.0.0/15", "2001:2::/48"),
}

_RESERVED_RANGES = _networks(
    "240.0.0.0/4", "3fff::/20", "5f00::/16"
)  # Python 3.11 considers the last two public
_IPV4_COMPATIBLE = IPv6Network(
    "::/96"
)  # ::127.0.0.1, obsolete since 2006, still routed by some stacks
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that was ever allocated


def unwrap_mapped_address(address: str | Address) -> Address:
    """Returns the address that a socket would connect to: 10.0.0.1 for `::ffff:10.0.0.1`, otherwise
    the address itself."""
    ip = ip_address(address)
    return getattr(ip, "ipv4_mapped", None) or ip


def _matching_range_name(ip: Address, ranges: dict[str, tuple[Network, ...]]) -> str | None:
    return next((name for name, nets in ranges.items() if any(ip in net for net in nets)), None)


def _always_blocked_reason(ip: Address) -> str | None:
    kind = _matching_range_name(ip, _ALWAYS_BLOCKED)
    if kind is None and ip in _IPV4_COMPATIBLE and ip != IPv6Address("::1"):
        return "an IPv4-compatible address"
    return kind


def _private_range_reason(ip: Address) -> str | None:
    """Returns the reason why the address is not public, or None. `is_global` alone is not enough,
    because it is true for multicast, NAT64, 6to4, fec0::1 and more."""
    kind = _matching_range_name(ip, _PRIVATE_RANGES)
    if kind is None and (any(ip in net for net in _RESERVED_RANGES) or not ip.is_global):
        return "a reserved address"
    if kind is None and ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return "a reserved address"
    return kind


def classify_address(address: str | Address) -> str | None:
    """Returns why an address is blocked, e.g. "a loopback address", or None for a public one."""
    ip = unwrap_mapped_address(address)
    return _always_blocked_reason(ip) or _private_range_reason(ip)


def ensure_address_allowed(address: str | Address, allowed_private: Sequence[Network] = ()) -> None:
    """Raises AddressRefused with the reason if Patchbay must not connect to the address."""
    ip = unwrap_mapped_address(address)
    if kind := _always_blocked_reason(ip):
        raise AddressRefused(f"{ip} is {kind}")
    kind = _private_range_reason(ip)
    if kind and not any(ip in network for network in allowed_private):
        raise AddressRefused(f"{ip} is {kind}", admissible=True)


def ensure_addresses_allowed(
    addresses: Iterable[str], allowed_private: Sequence[Network] = ()
) -> None:
    """Raises AddressRefused if any address of a name is blocked, because a resolver that mixes
    allowed and blocked addresses indicates an attack."""
    for address in addresses:
        ensure_address_allowed(address, allowed_private)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection that enforces the client's deadline, so that a peer that sends slowly cannot
    exceed it."""

    def __init__(self, inner: httpcore.NetworkStream, remaining: Callable[[], float]):
        self._inner, self._remaining = inner, remaining

    def _bounded(self, timeout: float | None, error: type[Exception]) -> float:
        seconds = min(self._remaining(), timeout or READ_SECONDS)
        if seconds <= 0:
            raise error("the time is used up")
        return seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._bounded(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._bounded(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._bounded(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(
            self._inner.start_tls(ssl_context, server_hostname, seconds), self._remaining
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DnsTimeout(httpcore.ConnectTimeout):
    """Raised when the name server did not answer: a local failure, not the platform's."""


LOCAL_ERRNOS = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM),
    *(errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL),
}
LOCAL_DNS_ERRORS = {socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY}


def is_local_failure(error: BaseException | None) -> bool:
    """Returns whether a connection failed on this side: no route, no file descriptor left, no name
    server."""
    while error is not None:
        if isinstance(error, DnsTimeout):
            return True
        if isinstance(error, socket.gaierror):
            return error.errno in LOCAL_DNS_ERRORS
        if isinstance(error, OSError):
            return error.errno in LOCAL_ERRNOS
        error = error.__cause__ or error.__context__  # httpcore hides the cause
    return False


def _resolve_host(host: str, port: int, timeout: float) -> list[str]:
    """Returns all addresses of a name. Runs in a thread, because the resolver has no timeout of its
    own. Raises DnsTimeout or httpcore.ConnectError."""
    found: list[Any] = []

    def look() -> None:
        try:
            found.extend(i[4][0] for i in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise DnsTimeout("the name server did not answer")
    if isinstance(found[0], Exception):
        reason = getattr(found[0], "strerror", None) or found[0]
        error = httpcore.ConnectError(f"the name was not found ({reason})")
        error.__context__ = found[0]  # httpcore removes a cause
        raise error
    return list(dict.fromkeys(found))


class SsrfGuardBackend(httpcore.NetworkBackend):
    """Connects to exactly the address that it has checked, because a second DNS query could give
    another result.

    httpx still knows the host name, so the Host header and SNI do not change.
    """

    def __init__(self, allowed_private: Sequence[Network], remaining: Callable[[], float]):
        self._allowed, self._remaining = tuple(allowed_private), remaining
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> httpcore.NetworkStream:
        ends_at = monotonic() + min(timeout or CONNECT_SECONDS, self._remaining())
        addresses = _resolve_host(host, port, ends_at - monotonic())
        ensure_addresses_allowed(addresses, self._allowed)
        addresses = addresses[:MAX_ADDRESSES]
        for left in range(len(addresses), 0, -1):
            seconds = max((ends_at - monotonic()) / left, 0.05)
            try:
                inner = self._inner.connect_tcp(addresses[-left], port, timeout=seconds, **options)
                return _DeadlineStream(inner, self._remaining)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
        raise httpcore.ConnectError("the name has no address")
