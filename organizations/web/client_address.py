"""The origin of a request: forwarded headers count only if a trusted proxy sent them.

`PATCHBAY_TRUSTED_PROXIES` lists the addresses and networks of proxies, and `unix` for those that
connect by a Unix socket. Forwarded headers of anybody else are dropped unread. Afterwards only
`REMOTE_ADDR`, `wsgi.url_scheme` and `HTTP_HOST` say where a request comes from.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from organizations.web.request_bodies import Application, Environ

UNIX = "unix"
EXACT_HEADER_NAMES = "patchbay.exact_names"  # environ key of a server that drops X_Forwarded_For
# `Forwarded` and the like are not read, because two headers could contradict each other.
FORWARDED_HEADERS = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_SERVER", "HTTP_X_FORWARDED_SSL"),
    *(
        "HTTP_X_FORWARDED_SCHEME",
        "HTTP_X_FORWARDED_PREFIX",
        "HTTP_X_SCHEME",
        "HTTP_FRONT_END_HTTPS",
    ),
    *("HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_TRUE_CLIENT_IP", "HTTP_FORWARDED"),
)


def apply_forwarded_headers(environ: Environ, trusted: Sequence[str]) -> None:
    """Sets address, scheme and host to those of the client, as far as they are known.

    The address is normalized, and empty if none is known; an empty address is in no network.
    """
    peer = environ.get("REMOTE_ADDR", "")
    environ["REMOTE_ADDR"] = resolve_client_address(
        peer, environ.get("HTTP_X_FORWARDED_FOR", ""), trusted
    )
    said = {name: environ.pop(name) for name in FORWARDED_HEADERS if name in environ}
    if said and is_trusted_proxy(peer, tuple(trusted)):
        if last_list_value(said.get("HTTP_X_FORWARDED_PROTO", "")) in ("http", "https"):
            environ["wsgi.url_scheme"] = last_list_value(said["HTTP_X_FORWARDED_PROTO"])
        if host := last_list_value(said.get("HTTP_X_FORWARDED_HOST", "")):
            environ["HTTP_HOST"] = host


def resolve_client_address(peer: str, forwarded: str, trusted: Sequence[str]) -> str:
    """Returns the client's address: the nearest one in the chain of proxies before `peer` that is
    not trusted, or else the farthest.

    Returns "" if a trusted proxy names no valid address, because anybody may have written the
    entries before it.
    """
    trusted, address = tuple(trusted), peer
    chain = reversed(forwarded.split(",")) if forwarded.strip() else ()
    for entry in chain:
        if not is_trusted_proxy(address, trusted):
            break
        address = normalize_address(entry)
        if not address:
            return ""
    return normalize_address(address)


def last_list_value(values: str) -> str:
    """Returns the last value, which the nearest proxy wrote; the client may have written earlier
    ones."""
    return values.rpartition(",")[2].strip().lower()


@lru_cache(maxsize=4096)
def is_trusted_proxy(peer: str, trusted: tuple[str, ...]) -> bool:
    if not peer or peer.startswith("/"):
        return UNIX in trusted
    return is_address_in_networks(peer, [each for each in trusted if each != UNIX])


def is_address_in_networks(address: str, cidrs: Iterable[str]) -> bool:
    """Returns whether the address is in one of the networks. An invalid address is in none."""
    try:
        ip = parse_ip_address(address)
    except ValueError:
        return False
    return any(ip in ip_network(cidr) for cidr in cidrs)


@lru_cache(maxsize=4096)
def normalize_address(entry: str) -> str:
    """Returns the address in its normal form, or "" if it is invalid."""
    try:
        return str(parse_ip_address(entry.strip()))
    except ValueError:
        return ""


def parse_ip_address(address: str) -> IPv4Address | IPv6Address:
    """Parses an address without a port, which some proxies append, and without the IPv4 mapping of
    a dual-stack socket (::ffff:192.0.2.1). Raises ValueError."""
    if address.startswith("["):
        address, bracket, port = address[1:].partition("]")
        ensure_valid_port(port if bracket else "]")
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
        ensure_valid_port(f":{port}")
    ip = ip_address(address.partition("%")[0])  # a zone is local to this host
    return getattr(ip, "ipv4_mapped", None) or ip


def ensure_valid_port(text: str) -> None:
    """Raises ValueError unless the text is empty, or `:` and a number."""
    if text and not (text[0] == ":" and text[1:].isascii() and text[1:].isdigit()):
        raise ValueError(f"{text!r} is no port.")


def parse_trusted_network(text: str) -> IPv4Network | IPv6Network | None:
    """Returns the network, or None for `unix`. Raises ValueError for an invalid network, and for
    one that contains every address."""
    if text == UNIX:
        return None
    network = ip_network(text)
    if not network.prefixlen:
        raise ValueError(f"{text} would trust everybody.")
    return network


def drop_ambiguous_headers(application: Application) -> Application:
    """Returns the application without forwarded headers where header names are ambiguous: in WSGI,
    X_Forwarded_For equals X-Forwarded-For. `config.web.asgi_bridge` tells them apart and says
    so."""

    def checked(environ: Environ, start_response: Callable) -> Iterable[bytes]:
        if EXACT_HEADER_NAMES not in environ:
            for name in FORWARDED_HEADERS:
                environ.pop(name, None)
        return application(environ, start_response)

    return checked
