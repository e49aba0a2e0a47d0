"""The HTTP door: where it leads, what became of a call, and what comes back."""

import errno
import gzip
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import httpx
import pytest

from integrations.http.platform_client import parse_base_url
from integrations.http.rate_limits import RateLimit, parse_retry_after, rate_limit_pause
from integrations.providers.base import LocalFailure, OutcomeUnknown, Refused, Unavailable
from tests.support.socket_peers import (
    OK_RESPONSE,
    ScriptedPeer,
    close_clients,
    close_without_reply,
    drip_reply,
    mocked_client,
    never_reply,
    open_client,
    reply_script,
    reset_connection,
    scripted_client,
)


@pytest.fixture(autouse=True)
def _doors_are_closed():
    yield
    close_clients()


# ------------------------------------------------------------------------------------ where it goes


def test_calls_go_below_the_base_url():
    seen = []
    d = mocked_client(lambda request: seen.append(str(request.url)) or httpx.Response(200, json=[]))
    answer = d.request("GET", "/Accounts", params={"name": "a b"})
    assert (answer.status, answer.json()) == (200, [])
    assert seen == ["https://platform.example/api/v1/Accounts?name=a+b"]
    assert d.calls == 1


@pytest.mark.parametrize("path", [
    "Accounts", "/../admin", "/a/../../b", "/%2e%2e/admin", "/a/.%2E/b", "//evil.example/x/..",
    "/a?b=c", "/a#b", "/a\\b", "/a\r\nX: y", "@evil.example/", "/ä", "/a b", "",
])  # fmt: skip
def test_a_path_cannot_leave_it(path):
    d = mocked_client(lambda request: pytest.fail(f"called {request.url}"))
    with pytest.raises(Refused):
        d.request("GET", path)


@pytest.mark.parametrize("url", [
    "ftp://platform.example", "platform.example", "file:///etc/passwd", "http://", "not a url",
    "https://user:pass@platform.example", "https://user@platform.example",
    "https://platform.example/?a=b", "https://platform.example/#x", "http://[::1",
])  # fmt: skip
def test_base_urls_that_are_refused(url):
    with pytest.raises(Refused) as refused:
        open_client(url)
    assert "pass" not in str(refused.value).replace("password", "")


def test_base_url_may_carry_a_path_and_a_port():
    assert str(parse_base_url(" https://platform.example:8443/api/v1/ ")).startswith(
        "https://platform"
    )


def test_a_door_without_address_calls_nobody():
    with pytest.raises(Refused):
        open_client("").request("GET", "/x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused_and_named(status):
    location = {"location": "https://elsewhere.example/x"}
    d = mocked_client(lambda request: httpx.Response(status, headers=location))
    with pytest.raises(Refused, match=r"elsewhere\.example"):
        d.request("GET", "/x")
    assert d.records[0].status == status
    assert d.calls == 1


def test_environment_proxies_are_ignored(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with scripted_client(reply_script(OK_RESPONSE)) as (d, _):
        assert d.request("GET", "/x").status == 200


def test_private_addresses_need_the_operators_word():
    with ScriptedPeer() as peer, pytest.raises(Refused, match="PATCHBAY_ALLOWED_PRIVATE_CIDRS"):
        open_client(peer.url, allowed_private=[]).request("GET", "/x")


def test_metadata_is_refused_without_advice():
    with pytest.raises(Refused) as refused:
        open_client("http://169.254.169.254", allowed_private=[ip_network("0.0.0.0/0")]).request(
            "GET", "/"
        )
    assert "PATCHBAY" not in str(refused.value)


def test_host_header_is_the_name(monkeypatch):
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda h, *a, **k: real("127.0.0.1" if h == "platform.example" else h, *a, **k),
    )
    with ScriptedPeer(reply_script(OK_RESPONSE)) as peer:
        port = peer.url.rpartition(":")[2]
        open_client(f"http://platform.example:{port}").request("GET", "/x")
    assert f"Host: platform.example:{port}".encode() in peer.heard[0][0]


# -------------------------------------------------------------------------- what became of the call


def test_refused_connection_is_unavailable_even_for_a_write():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(Unavailable, match="could not be reached"):
        open_client(url).request("POST", "/x", json={})


def test_unknown_name_is_unavailable(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable, match="not found"):
        open_client("http://nowhere.example").request("POST", "/x")


def raising(error: OSError):
    def act(*args, **kwargs):
        raise error

    return act


@pytest.mark.parametrize(("function", "error", "is_ours"), [
    ("getaddrinfo", socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), True),
    ("getaddrinfo", socket.gaierror(socket.EAI_NONAME, "Name or service not known"), False),
    ("create_connection", OSError(errno.ENETUNREACH, "Network is unreachable"), True),
    ("create_connection", OSError(errno.EMFILE, "Too many open files"), True),
    ("create_connection", OSError(errno.EHOSTUNREACH, "No route to host"), False),
    ("create_connection", ConnectionRefusedError(errno.ECONNREFUSED, "refused"), False),
])  # fmt: skip
def test_whose_trouble_it_is_that_a_platform_is_not_reached(monkeypatch, function, error, is_ours):
    monkeypatch.setattr(socket, function, raising(error))
    with pytest.raises(Unavailable) as unavailable:
        open_client("http://127.0.0.1:9").request("POST", "/x")
    assert isinstance(unavailable.value, LocalFailure) == is_ours


def test_plain_text_behind_https_is_unavailable():
    with ScriptedPeer(lambda peer, connection: connection.sendall(OK_RESPONSE)) as peer:
        d = open_client(peer.url.replace("http:", "https:"))
        with pytest.raises(Unavailable):
            d.request("POST", "/x")


@pytest.mark.parametrize("script", [close_without_reply, reset_connection])
def test_lost_answer_to_a_write_is_an_unknown_outcome(script):
    with scripted_client(script, reply_script(OK_RESPONSE)) as (d, peer):
        with pytest.raises(OutcomeUnknown):
            d.request("POST", "/x", json={"a": 1})
        assert len(peer.heard) == 1
    assert d.records[0].status is None
    assert d.records[0].error


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_every_verb_but_get_is_a_write(method):
    with scripted_client(close_without_reply) as (d, _), pytest.raises(OutcomeUnknown):
        d.request(method, "/x")


@pytest.mark.parametrize("script", [close_without_reply, reset_connection])
def test_lost_answer_to_a_read_is_asked_once_more(script):
    with scripted_client(script, reply_script(OK_RESPONSE)) as (d, peer):
        assert d.request("GET", "/x").status == 200
        assert len(peer.heard) == 2


def test_and_not_a_third_time():
    with scripted_client(close_without_reply, close_without_reply, reply_script(OK_RESPONSE)) as (
        d,
        peer,
    ):
        with pytest.raises(Unavailable):
            d.request("GET", "/x")
        assert len(peer.heard) == 2


def test_answer_cut_in_the_middle():
    half = OK_RESPONSE[:-1]
    with scripted_client(reply_script(half)) as (d, _), pytest.raises(Unavailable):
        d.request("GET", "/x")
    with scripted_client(reply_script(half)) as (d, _), pytest.raises(OutcomeUnknown):
        d.request("POST", "/x")
    assert d.records[0].status == 200


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
def test_a_silent_peer_ends_with_the_deadline(method, error):
    with scripted_client(never_reply, deadline_seconds=0.3) as (d, _):
        started = time.monotonic()
        with pytest.raises(error):
            d.request(method, "/x")
        assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
def test_a_dripping_peer_ends_with_the_deadline(method, error):
    """Each byte is in time, all of them are not."""
    with scripted_client(drip_reply, deadline_seconds=0.5) as (d, _):
        started = time.monotonic()
        with pytest.raises(error):
            d.request(method, "/x")
        assert time.monotonic() - started < 1.5


def test_the_deadline_is_shared_by_all_calls_of_a_door():
    with scripted_client(reply_script(OK_RESPONSE, OK_RESPONSE), deadline_seconds=0.2) as (d, peer):
        d.request("GET", "/x")
        time.sleep(0.25)
        with pytest.raises(Unavailable, match="all of the 0.2 s"):
            d.request("POST", "/x")
        assert len(peer.heard) == 1


def test_a_connection_that_was_closed_while_idle_costs_a_write_nothing():
    def closes_after(peer, connection):
        peer.hear(connection)
        connection.sendall(OK_RESPONSE)

    with scripted_client(closes_after, reply_script(OK_RESPONSE)) as (d, peer):
        d.request("GET", "/x")
        time.sleep(0.1)
        assert d.request("POST", "/y").status == 200


def test_idle_connections_are_let_go_before_jambonz_does():
    pool = open_client("http://127.0.0.1")._client._transport._pool
    assert pool._keepalive_expiry < 5


# --------------------------------------------------------------------------------------- the answer


def test_too_long_an_answer():
    def long(request):
        return httpx.Response(200, content=b"x" * 2000)

    with pytest.raises(Refused, match="more than 1000 bytes"):
        mocked_client(long, max_response_bytes=1000).request("GET", "/x")
    with pytest.raises(OutcomeUnknown):
        mocked_client(long, max_response_bytes=1000).request("POST", "/x")


def test_the_cap_holds_while_it_streams():
    """A peer that never ends is cut off; memory is not its to fill."""

    def endless(peer, connection):
        peer.hear(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with scripted_client(endless, max_response_bytes=100_000) as (d, _), pytest.raises(Refused):
        d.request("GET", "/x")


def test_packed_answers_are_not_unpacked():
    packed = httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(b"{}"))
    )
    with pytest.raises(Refused, match="packed"):
        mocked_client(lambda request: packed).request("GET", "/x")


def test_something_that_is_not_json():
    def page(request):
        return httpx.Response(200, text="<html>")

    with pytest.raises(Refused, match="not JSON"):
        mocked_client(page).request("GET", "/x").json()
    with pytest.raises(OutcomeUnknown, match="not JSON"):
        mocked_client(page).request("POST", "/x").json()


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422, 429, 500, 503])
def test_statuses_are_handed_through(status):
    assert (
        mocked_client(lambda request: httpx.Response(status)).request("GET", "/x").status == status
    )


def answered(value):
    return httpx.Headers({"retry-after": value.encode("latin-1")} if value else {})


@pytest.mark.parametrize(("value", "seconds"), [
    ("7", 7), ("0", 0), ("86400", 3600), ("", None), ("soon", None),
    ("²", None), ("-5", None), ("1.5", None),
])  # fmt: skip
def test_retry_after_in_seconds(value, seconds):
    assert parse_retry_after(answered(value)) == seconds


def test_retry_after_as_a_date():
    at = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < parse_retry_after(answered(format_datetime(at, usegmt=True))) < 91
    assert parse_retry_after(answered("Wed, 21 Oct 2015 07:28:00 GMT")) == 0


# ----------------------------------------------------------------------------------------- its pace


def limited(remaining, reset=60):
    headers = {
        "ratelimit-limit": "600",
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(reset),
    }
    return lambda request: httpx.Response(200, headers=headers)


def test_the_platforms_quota_is_kept():
    d = mocked_client(limited(41))
    assert d.quota is None
    d.request("GET", "/x")
    assert d.quota == RateLimit(600, 41, 60)


def test_nothing_is_sent_once_the_quota_is_spent():
    d = mocked_client(limited(0, reset=30))
    d.request("GET", "/x")
    with pytest.raises(Unavailable) as unavailable:
        d.request("POST", "/x")
    assert 29 < unavailable.value.retry_after <= 30
    assert d.calls == 1


def test_a_spent_quota_is_forgotten_when_its_window_ends():
    d = mocked_client(limited(0, reset=0))
    d.request("GET", "/x")
    assert d.request("GET", "/x").status == 200


@pytest.mark.parametrize(("quota", "calls", "seconds"), [
    (None, 3, 0),
    (RateLimit(600, 600, 300), 3, 0),
    (RateLimit(600, 301, 300), 3, 0),
    (RateLimit(600, 300, 300), 3, 3),
    (RateLimit(600, 100, 150), 4, 6),
    (RateLimit(600, 1, 150), 4, 150),
    (RateLimit(600, 0, 150), 4, 150),
    (RateLimit(0, 0, 10), 1, 10),
])  # fmt: skip
def test_pace(quota, calls, seconds):
    assert rate_limit_pause(quota, calls) == seconds
