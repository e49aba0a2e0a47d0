"""What a platform's reply may be, once it has been read: within bounds, and storable."""

import json

import httpx
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.http.platform_client import MAX_CALLS, MAX_VALUES
from integrations.http.rate_limits import MAX_RETRY_AFTER, parse_rate_limit, parse_retry_after
from integrations.http.response_body import (
    MAX_NESTING_DEPTH,
    UnreadableResponse,
    count_values,
    read_json,
    shorten_to_line,
    strip_control_characters,
)
from integrations.providers.base import UnexpectedResponse, UnexpectedWriteResponse
from tests.support.socket_peers import close_clients, mocked_client

quick = settings(max_examples=100, deadline=None, derandomize=True)
texts = st.text(st.characters(codec=None), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(autouse=True)
def _doors_are_closed():
    yield
    close_clients()


class TestJson:
    @pytest.mark.parametrize(("body", "what"), [
        (b"", "not JSON"), (b"<html>", "not JSON"), (b'{"a":', "not JSON"), (b"[1,]", "not JSON"),
        (b'"\x01"', "not JSON"), (b'"\xe9"', "UTF-8"), ('"é"'.encode("utf-16"), "UTF-8"),
        (b"[NaN]", "NaN"), (b"[-Infinity]", "-Infinity"), (b"[1e999]", "infinite"),
        (b"[" + b"9" * 5000 + b"]", "5000 digits"), (b"-" + b"9" * 41, "digits"),
        (b'{"a":1,"a":2}', "twice"), (b'[{"b":{"a":1,"a":1}}]', "twice"),
        (b"[" * 66 + b"]" * 66, "64 levels"), (b'{"a":' * 66 + b"1" + b"}" * 66, "64 levels"),
        (b"[" * 100_000, "64 levels"), (b"[" * 100_000 + b"]" * 100_000, "64 levels"),
    ])  # fmt: skip
    def test_what_is_refused_and_why(self, body, what):
        with pytest.raises(UnreadableResponse, match=what):
            read_json(body)

    def test_what_platforms_say_is_taken(self):
        assert read_json(b'\xef\xbb\xbf{"a": [1, 2.5, null, true, "\xc3\xa9\\n"]}') == {
            "a": [1, 2.5, None, True, "é\n"]
        }
        assert read_json(b"[" * MAX_NESTING_DEPTH + b"]" * MAX_NESTING_DEPTH)

    def test_what_cannot_be_stored_is_replaced_in_values_and_keys(self):
        body = b'{"a\\u0000": ["\\ud800x", {"\\udfff": "\\u0000"}], "ok": "\\ud83d\\ude00"}'
        assert read_json(body) == {
            "a\ufffd": ["\ufffdx", {"\ufffd": "\ufffd"}],
            "ok": "\N{GRINNING FACE}",
        }

    @pytest.mark.django_db
    @quick
    @given(value=values)
    def test_postgresql_takes_all_that_is_read(self, value):
        with connection.cursor() as cursor:
            read = json.dumps(read_json(json.dumps(value).encode()))
            cursor.execute("SELECT %s::jsonb, %s::text", [read, read])

    def test_the_count_is_never_too_low(self):
        assert count_values(b'[{"a":1},[],{},"x"]') >= 5


class TestLines:
    @quick
    @given(text=st.text(st.characters(codec=None), max_size=300))
    def test_a_line_is_short_and_has_no_control_characters(self, text):
        line = shorten_to_line(text, 50)
        assert len(line) <= 50
        assert line == " ".join(line.splitlines())
        line.encode()
        assert line.isprintable() or "\x00" not in line

    def test_a_forged_line_of_the_log_is_no_line(self):
        forged = "ok\r\n2026-11-27 INFO x\x1b[2J\u2028y\u202ez"
        assert shorten_to_line(forged, 100) == "ok 2026-11-27 INFO x[2J yz"

    def test_bodies_keep_their_lines(self):
        assert strip_control_characters("a\n\tb\0\x1b\ud800c") == "a\n\tbc"


class TestPauses:
    @quick
    @given(value=st.text(max_size=40) | st.integers().map(str) | st.floats().map(str))
    def test_no_retry_after_is_too_much(self, value):
        seconds = parse_retry_after({"retry-after": value})
        assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER

    @pytest.mark.parametrize("value", [
        "Fri, 31 Dec 9999 23:59:59 -9959", "Mon, 01 Jan 0001 00:00:00 +2359", "Mon, 99 Foo 99999",
        "Mon, 01 Jan 2030 00:00:00 +99999999999999", "\x00", "1" * 4000,
    ])  # fmt: skip
    def test_dates_that_are_none(self, value):
        assert parse_retry_after({"retry-after": value}) in (None, 0.0, MAX_RETRY_AFTER)

    def test_a_quota_holds_nothing_up_for_years(self):
        names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
        assert parse_rate_limit(dict.fromkeys(names, "999999999")).reset_seconds == MAX_RETRY_AFTER
        assert parse_rate_limit(dict.fromkeys(names, "-1")) is None


class TestBudgetOfAnAttempt:
    def test_calls(self):
        door = mocked_client(lambda request: httpx.Response(200, json=[]))
        for _ in range(MAX_CALLS):
            door.request("GET", "/x")
        with pytest.raises(UnexpectedResponse, match="500 calls"):
            door.request("POST", "/x")

    def test_bytes_of_all_replies(self, monkeypatch):
        monkeypatch.setattr("integrations.http.platform_client.MAX_BYTES", 2500)
        door = mocked_client(lambda request: httpx.Response(200, content=b"x" * 1000))
        door.request("GET", "/x")
        door.request("GET", "/x")
        with pytest.raises(UnexpectedWriteResponse, match="2500 bytes in one attempt"):
            door.request("POST", "/x")

    def test_values_of_all_replies(self):
        body = b"[" + b"," * (MAX_VALUES // 2)
        door = mocked_client(lambda request: httpx.Response(200, content=body))
        door.request("GET", "/x")
        with pytest.raises(UnexpectedResponse, match="values"):
            door.request("GET", "/x")


@pytest.mark.parametrize("status", [100, 199, 600, 999])
def test_a_status_that_is_none(status):
    door = mocked_client(lambda request: httpx.Response(status))
    with pytest.raises(UnexpectedResponse, match=f"answered {status}"):
        door.request("GET", "/x")
    with pytest.raises(UnexpectedWriteResponse):
        door.request("PUT", "/x")


def test_cookies_are_neither_kept_nor_sent():
    seen = []

    def handler(request):
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"set-cookie": "a=b; Path=/"})

    door = mocked_client(handler)
    door.request("GET", "/x")
    door.request("GET", "/x")
    assert seen == [None, None]


def test_a_redirect_is_named_on_one_line():
    location = {"location": f"https://x.example/\x1b{'y' * 5000}"}
    door = mocked_client(lambda request: httpx.Response(302, headers=location))
    with pytest.raises(Exception, match="points to") as refused:
        door.request("GET", "/x")
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 500
