"""Behind real proxies, the client is who the proxy saw, and its own words about itself are air.

Web and proxies are on 127.0.0.1, which is the trusted address; clients come from others.
"""

from collections.abc import Iterator

import pytest

from tests.support.raw_http import RawRequest, RawResponse, WebServer, parse_response, receive_all
from tests.support.reverse_proxies import PROXIES, ProxyPorts, connect_from_source, run_proxy

pytestmark = [pytest.mark.peers, pytest.mark.django_db(transaction=True)]

FRIEND, STRANGER = "127.0.0.9", "127.0.0.8"
LIES = {
    "hyphens": {"X-Forwarded-For": FRIEND},
    "underscores": {"X_Forwarded_For": FRIEND},
    "both": {"X-Forwarded-For": FRIEND, "X_Forwarded_For": FRIEND, "x-Forwarded_for": FRIEND},
    "a chain": {"X-Forwarded-For": f"{FRIEND}, {FRIEND}, 127.0.0.1"},
    "others": {
        "X-Real-IP": FRIEND,
        "Forwarded": f"for={FRIEND};proto=https",
        "True-Client-IP": FRIEND,
        "Client-IP": FRIEND,
        "X-Client-IP": FRIEND,
        "REMOTE_ADDR": FRIEND,
        "Remote-Addr": FRIEND,
    },
}
SECURE_LIES = {
    "X-Forwarded-Proto": "https",
    "X_Forwarded_Proto": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Scheme": "https",
    "X-Scheme": "https",
    "Front-End-Https": "on",
    "Forwarded": "proto=https",
    "X-Forwarded-Host": "evil.example",
    "X_Forwarded_Host": "evil.example",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[WebServer]:
    env = {"PATCHBAY_TRUSTED_PROXIES": "127.0.0.1", "PATCHBAY_HTTPS": "true"}
    with django_db_blocker.unblock():
        server = WebServer(tmp_path_factory.mktemp("web"), **env)
    try:
        server.wait()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module", params=PROXIES)
def ports(request, web, tmp_path_factory) -> Iterator[ProxyPorts]:
    with run_proxy(request.param, tmp_path_factory.mktemp(request.param), web.address) as ports:
        yield ports


@pytest.fixture
def key(alice) -> str:
    """Alice's key, which works from the friend's address only."""
    alice.organization.api_keys.update(allowed_cidrs=[f"{FRIEND}/32"])
    return alice.key_text


def ask(port: int, source: str, path: str, headers: dict, *, tls: bool = False) -> RawResponse:
    with connect_from_source(port, source, tls=tls) as client:
        client.sendall(RawRequest(f"GET {path}", headers=headers).head(Connection="close"))
        return parse_response(receive_all(client))


def with_key(ports: ProxyPorts, source: str, key: str, headers: dict) -> int:
    headers = {"Authorization": f"Bearer {key}", **headers}
    return ask(ports.tls, source, "/v1/organization", headers, tls=True).status


def test_a_key_is_bound_to_the_address_that_the_proxy_saw(ports, key):
    assert with_key(ports, FRIEND, key, {}) == 200
    assert with_key(ports, STRANGER, key, {}) == 403


@pytest.mark.parametrize("lie", LIES)
def test_a_client_behind_a_proxy_is_not_believed(ports, key, lie):
    assert with_key(ports, STRANGER, key, LIES[lie]) == 403
    assert with_key(ports, FRIEND, key, LIES[lie]) == 200
    elsewhere = {name: value.replace(FRIEND, STRANGER) for name, value in LIES[lie].items()}
    assert with_key(ports, FRIEND, key, elsewhere) == 200


def test_https_is_what_the_proxy_spoke(ports):
    assert ask(ports.tls, STRANGER, "/accounts/login/", {}, tls=True).status == 200
    plain = ask(ports.plain, STRANGER, "/accounts/login/", {})
    assert (plain.status, "location: https://127.0.0.1" in plain.head.lower()) == (301, True)


def test_a_client_does_not_make_itself_secure_nor_choose_the_host(ports):
    answer = ask(ports.plain, STRANGER, "/accounts/login/", SECURE_LIES)
    assert answer.status == 301
    assert "evil.example" not in answer.head + answer.rest


@pytest.mark.parametrize("lie", LIES)
def test_a_client_beside_the_proxy_is_not_believed(web, key, lie):
    """It is neither the friend nor secure: a redirect comes before the key is looked at."""
    headers = {"Authorization": f"Bearer {key}", **SECURE_LIES, **LIES[lie]}
    answer = ask(web.address.port, STRANGER, "/v1/organization", headers)
    assert (answer.status, "evil.example" in answer.head) == (301, False)


def test_a_proxy_that_appends_is_believed_for_what_it_appended(web, key):
    """As `$proxy_add_x_forwarded_for` and `option forwardfor` do. We are the proxy."""
    for chain, status in ((f"{FRIEND}, {STRANGER}", 403), (f"{STRANGER}, {FRIEND}", 200)):
        headers = {"X-Forwarded-For": chain, "X-Forwarded-Proto": "https"}
        headers |= {"Authorization": f"Bearer {key}", "X_Forwarded_For": FRIEND}
        assert ask(web.address.port, "127.0.0.1", "/v1/organization", headers).status == status
