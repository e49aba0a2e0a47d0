"""The address guard: what may be connected to, in the table and on the wire."""

import socket
import time
from ipaddress import ip_network

import httpcore
import httpx
import pytest

from integrations.http.ssrf_guard import (
    AddressRefused,
    SsrfGuardBackend,
    classify_address,
    ensure_address_allowed,
)

CLOSED = {
    # loopback, private, shared
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "::1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "fc00::1": "private",
    "fdff::1": "private",
    "fec0::1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "198.18.0.1": "benchmarking",
    # the machine's keeper
    "169.254.169.254": "metadata",
    "168.63.129.16": "metadata",
    "192.0.0.192": "metadata",
    "100.100.100.200": "metadata",
    "fd00:ec2::254": "metadata",
    "169.254.0.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    # no single machine
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "broadcast",
    # an IPv4 address inside an IPv6 one
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::a00:1": "NAT64",
    "2002:7f00:1::": "6to4",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "::127.0.0.1": "IPv4-compatible",
    # never handed out
    "240.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "2001:db8::1": "reserved",
    "3fff::1": "reserved",
    "5f00::1": "reserved",
    "100::1": "reserved",
    "4000::1": "reserved",
}

OPEN = [
    # the neighbours of what is closed
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
]

EVERYTHING = [ip_network("0.0.0.0/0"), ip_network("::/0")]


@pytest.mark.parametrize(("address", "kind"), CLOSED.items())
def test_closed(address, kind):
    assert kind in classify_address(address)
    with pytest.raises(AddressRefused, match=kind):
        ensure_address_allowed(address)


@pytest.mark.parametrize("address", OPEN)
def test_open(address):
    assert classify_address(address) is None
    ensure_address_allowed(address)


@pytest.mark.parametrize("address", [a for a, kind in CLOSED.items() if kind in {
    "metadata", "link-local", "unspecified", "multicast", "broadcast", "NAT64", "6to4", "Teredo",
    "IPv4-compatible",
}])  # fmt: skip
def test_never_admitted_even_when_listed(address):
    with pytest.raises(AddressRefused) as refused:
        ensure_address_allowed(address, EVERYTHING)
    assert not refused.value.admissible


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::1", "fd12::1", "100.64.9.9"])
def test_private_when_listed(address):
    ensure_address_allowed(address, EVERYTHING)
    with pytest.raises(AddressRefused) as refused:
        ensure_address_allowed(address, [ip_network("192.168.0.0/16")])
    assert refused.value.admissible


@pytest.mark.parametrize(
    "address", ["::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:127.0.0.1"]
)
def test_mapped_address_is_judged_by_what_it_maps(address):
    with pytest.raises(AddressRefused):
        ensure_address_allowed(address)
    assert classify_address("::ffff:1.1.1.1") is None


def test_mapped_address_finds_its_ipv4_permission():
    ensure_address_allowed("::ffff:10.0.0.1", [ip_network("10.0.0.0/8")])


# ------------------------------------------------------------------------------------ on the wire


def answers(*addresses):
    """A resolver that gives these, whatever it is asked."""

    def getaddrinfo(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    return getaddrinfo


def backend(*allowed):
    return SsrfGuardBackend([ip_network(a) for a in allowed], lambda: 5.0)


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "017700000001", "localhost"])
def test_other_spellings_of_loopback_are_refused(host):
    with pytest.raises(AddressRefused, match="loopback"):
        backend().connect_tcp(host, 80, timeout=2)


def test_one_bad_address_spoils_the_name(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("1.1.1.1", "10.0.0.1"))
    with pytest.raises(AddressRefused, match="10.0.0.1"):
        backend().connect_tcp("platform.example", 80, timeout=2)


def test_connects_to_the_address_it_checked(monkeypatch):
    """A name that answers differently the second time gains nothing: it is asked once."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        real = socket.getaddrinfo

        def once(host, port, *args, **kwargs):
            asked.append(host)
            return real("127.0.0.1" if host == "platform.example" else host, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", once)
        port = server.getsockname()[1]
        backend("127.0.0.0/8").connect_tcp("platform.example", port, timeout=2).close()
    assert [host for host in asked if host != "127.0.0.1"] == ["platform.example"]


def test_second_address_is_tried_when_the_first_is_dead(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        real = socket.getaddrinfo
        both = answers("127.0.0.2", "127.0.0.1")
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda h, *a, **k: (both if h == "two.example" else real)(h, *a, **k),
        )
        backend("127.0.0.0/8").connect_tcp("two.example", port, timeout=2).close()


def test_of_a_name_with_thousands_of_addresses_a_few_are_tried(monkeypatch):
    many = [f"127.0.{n // 250}.{n % 250 + 1}" for n in range(4000)]
    monkeypatch.setattr(socket, "getaddrinfo", answers(*many))
    tried = []

    class Refusing:
        def connect_tcp(self, address, port, **options):
            tried.append(address)
            raise httpcore.ConnectTimeout

    opened = backend("127.0.0.0/8")
    opened._inner = Refusing()
    with pytest.raises(httpcore.ConnectTimeout):
        opened.connect_tcp("many.example", 80, timeout=2)
    assert tried == many[:16]


def test_unknown_name_is_a_connect_error(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(httpcore.ConnectError, match="not found"):
        backend().connect_tcp("nowhere.example", 80, timeout=2)


def test_a_hanging_name_server_is_a_connect_timeout(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: time.sleep(1) or [])
    started = time.monotonic()
    with pytest.raises(httpcore.ConnectTimeout):
        backend().connect_tcp("slow.example", 80, timeout=0.1)
    assert time.monotonic() - started < 1


def test_httpx_still_has_the_place_we_put_the_guard_in():
    """httpx offers none in public; if it moves, the guard would silently not be there."""
    assert httpx.__version__.startswith("0.28.")
    pool = httpx.HTTPTransport()._pool
    assert isinstance(pool._network_backend, httpcore.NetworkBackend)
