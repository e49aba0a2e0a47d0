"""The headers of a request that say who asks: the API key, and the address it comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from organizations import keys
from organizations.api.problems import Problem

KEY_HEADERS = {b"authorization", b"x-api-key", b"x-api-secret"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="patchbay"'}


def unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers=CHALLENGE)


def read_key(request: HttpRequest) -> keys.KeyText | None:
    """The one key of the request, None when what was sent cannot be a key. 401 for none or two."""
    sent = sent_keys(request)
    if not sent:
        raise unauthorized(_("No API key was sent. Send `Authorization: Bearer pb_live_…`."))
    if len(sent) > 1:
        raise unauthorized(_("Two different API keys were sent; send one."))
    return sent.pop()


def sent_keys(request: HttpRequest) -> set[keys.KeyText | None]:
    """The same key in two headers is one key."""
    found, headers = set(), request.META
    authorization = headers.get("HTTP_AUTHORIZATION")
    if authorization is not None:
        scheme, _space, token = authorization.partition(" ")
        found.add(keys.parse(token.strip()) if scheme.lower() == "bearer" else None)
    public, secret = headers.get("HTTP_X_API_KEY"), headers.get("HTTP_X_API_SECRET")
    if secret is not None:
        found.add(keys.parse_pair(public or "", secret))
    elif public is not None:
        found.add(keys.parse(public))
    return found


def client_address(request: HttpRequest) -> str:
    """The peer's address; behind a trusted proxy, the one that this proxy saw and appended last."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    if settings.TRUST_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR", "")


def is_within(address: str, cidrs: list[str]) -> bool:
    """Whether the address lies in one of the networks; no address (a local socket) lies in none."""
    try:
        ip = plain_ip(address)
    except ValueError:
        return False
    return any(ip in ip_network(cidr) for cidr in cidrs)


def plain_ip(address: str) -> IPv4Address | IPv6Address:
    """Some proxies append a port, and a dual-stack socket sees IPv4 as ::ffff:192.0.2.1."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    ip = ip_address(address)
    return getattr(ip, "ipv4_mapped", None) or ip
