"""Who a request comes from: what a listed proxy says, and nothing that anybody else says."""

import pytest
from django.test import RequestFactory

from organizations.web.client_address import (
    EXACT_HEADER_NAMES,
    FORWARDED_HEADERS,
    apply_forwarded_headers,
    drop_ambiguous_headers,
    parse_trusted_network,
    resolve_client_address,
)
from organizations.web.middleware import ForwardedOrigin

PROXY, OUTER, CLIENT = "10.0.0.1", "10.0.0.2", "192.0.2.9"
TRUSTED = ["10.0.0.0/24", "2001:db8:1::/64"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (CLIENT, "", CLIENT),
        (CLIENT, "198.51.100.1", CLIENT),  # who is not listed is not believed
        (PROXY, "", PROXY),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"198.51.100.1, {CLIENT}", CLIENT),  # the first is the client's own word
        (PROXY, f"198.51.100.1, {CLIENT}, {OUTER}", CLIENT),
        (PROXY, f"{OUTER}, {CLIENT}", CLIENT),
        (PROXY, f"{OUTER}", OUTER),
        (PROXY, f"10.0.0.3,{OUTER}", "10.0.0.3"),
        ("::ffff:10.0.0.1", CLIENT, CLIENT),
        ("2001:db8:1::5", "2001:DB8:0:0::1", "2001:db8::1"),
        (PROXY, "::ffff:192.0.2.9", CLIENT),
        (PROXY, "192.0.2.9:4711", CLIENT),
        (PROXY, "[2001:db8::1]:4711", "2001:db8::1"),
        (PROXY, "[2001:db8::1]", "2001:db8::1"),
        (PROXY, "\t192.0.2.9 ", CLIENT),
        ("", CLIENT, ""),
        ("/run/proxy.sock", CLIENT, ""),
    ],
)
def test_the_client_is_the_nearest_address_that_is_not_trusted(peer, forwarded, client):
    assert resolve_client_address(peer, forwarded, TRUSTED) == client


@pytest.mark.parametrize(
    "entry",
    [
        *("unknown", "_hidden", "192.0.2", "192.0.2.9.1", "192.0.2.09", "192.0.2.9/32", "1"),
        *("192.0.2.9:", "192.0.2.9:x", "[2001:db8::1", "[2001:db8::1]x", "2001:db8::1]", "[]"),
        *(
            '"192.0.2.9"',
            "for=192.0.2.9",
            "192.0.2.9 192.0.2.8",
            "\u0661\u0669",
            "localhost",
            ":",
            "[",
        ),
    ],
)
def test_what_cannot_be_read_is_no_address_and_ends_the_chain(entry):
    """The key's network could be that of the proxy, and what stands before is anybody's."""
    for forwarded in (entry, f"{CLIENT}, {entry}", f"{CLIENT}, {entry}, {OUTER}"):
        assert resolve_client_address(PROXY, forwarded, TRUSTED) == ""
    assert resolve_client_address(PROXY, f"{entry}, {CLIENT}", TRUSTED) == CLIENT


@pytest.mark.parametrize("forwarded", [",", f"{CLIENT},", f"{CLIENT}, , {OUTER}"])
def test_an_empty_entry_cannot_be_read_either(forwarded):
    assert resolve_client_address(PROXY, forwarded, TRUSTED) == ""


@pytest.mark.parametrize("peer", ["", "/run/proxy.sock"])
def test_a_proxy_on_a_unix_socket_is_trusted_where_it_is_listed(peer):
    assert resolve_client_address(peer, CLIENT, ["unix"]) == CLIENT
    assert resolve_client_address(PROXY, CLIENT, ["unix"]) == PROXY


def seen(peer: str, **headers: str):
    """The request that a view sees."""
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_HOST="ours.example", **headers)
    requests = []
    ForwardedOrigin(requests.append)(request)
    return requests[0]


@pytest.fixture
def _listed(settings):
    settings.TRUSTED_PROXIES, settings.ALLOWED_HOSTS = TRUSTED, ["*"]


@pytest.mark.usefixtures("_listed")
@pytest.mark.parametrize(
    ("proto", "is_secure"),
    [
        ("https", True),
        ("HTTPS", True),
        ("http", False),
        ("http, https", True),
        ("https, http", False),
        ("wss", False),
        ("", False),
    ],
)
def test_the_scheme_is_what_the_nearest_proxy_says(proto, is_secure):
    assert seen(PROXY, HTTP_X_FORWARDED_PROTO=proto).is_secure() is is_secure
    assert not seen(CLIENT, HTTP_X_FORWARDED_PROTO=proto).is_secure()


@pytest.mark.usefixtures("_listed")
@pytest.mark.parametrize(
    ("host", "found"),
    [("a.example", "a.example"), ("x.example, a.example:8443", "a.example:8443"), ("", None)],
)
def test_the_host_is_what_the_nearest_proxy_says(host, found):
    headers = {"HTTP_X_FORWARDED_HOST": host}
    assert seen(PROXY, **headers).get_host() == (found or "ours.example")
    assert seen(CLIENT, **headers).get_host() == "ours.example"


@pytest.mark.usefixtures("_listed")
@pytest.mark.parametrize("peer", [PROXY, CLIENT])
def test_no_one_else_reads_the_headers(peer):
    request = seen(peer, **dict.fromkeys(FORWARDED_HEADERS, CLIENT))
    assert not [name for name in request.headers if "forwarded" in name.lower() or "Ip" in name]
    assert request.META["REMOTE_ADDR"] == CLIENT


def test_without_a_list_nobody_is_believed():
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": CLIENT, "HTTP_HOST": "a"}
    apply_forwarded_headers(environ, [])
    assert environ == {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "a"}


@pytest.mark.parametrize(("exact", "left"), [(True, FORWARDED_HEADERS), (False, ())])
def test_a_server_that_takes_underscores_for_hyphens_tells_nothing_about_proxies(exact, left):
    environ = dict.fromkeys(FORWARDED_HEADERS, CLIENT) | (
        {EXACT_HEADER_NAMES: True} if exact else {}
    )
    told = {}
    drop_ambiguous_headers(lambda environ, _start: told.update(environ) or [])(environ, None)
    assert set(told) - {EXACT_HEADER_NAMES} == set(left)


@pytest.mark.parametrize(
    "listed", ["proxy.example", "10.0.0.1/24", "10.0.0.256", "0.0.0.0/0", "::/0", "x", "Unix"]
)
def test_a_list_that_is_none_is_refused(listed):
    with pytest.raises(ValueError, match=listed):
        parse_trusted_network(listed)


@pytest.mark.parametrize("listed", [*TRUSTED, PROXY, "::1", "unix"])
def test_networks_addresses_and_unix_can_be_listed(listed):
    parse_trusted_network(listed)
