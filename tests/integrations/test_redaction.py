"""What a door writes down of a call: enough to understand it, and no secret."""

import json
import time

import httpx
import pytest

from integrations.http.redaction import Redactor
from integrations.providers.base import OutcomeUnknown, Refused
from tests.support.socket_peers import (
    TOKEN,
    close_clients,
    close_without_reply,
    mocked_client,
    scripted_client,
)


@pytest.fixture(autouse=True)
def _doors_are_closed():
    yield
    close_clients()


# ----------------------------------------------------------------------------- what is written down


def record_of(sent, received, **options):
    d = mocked_client(lambda request: httpx.Response(200, content=received), **options)
    d.request("POST", "/x", json=sent, headers={"Authorization": "Bearer abc-header"})
    return d.records[0]


def test_an_exchange_is_written_down():
    exchange = record_of({"number": "1555"}, b'{"sid":"1"}')
    assert (exchange.method, exchange.status, exchange.error) == ("POST", 200, None)
    assert exchange.url == "https://platform.example/api/v1/x"
    assert exchange.request_body == '{"number":"1555"}'
    assert exchange.response_body == '{"sid":"1"}'
    assert isinstance(exchange.duration_ms, int)


def test_headers_are_never_written_down():
    assert "abc-header" not in repr(record_of({}, b"{}"))


@pytest.mark.parametrize("form", [
    TOKEN, json.dumps(TOKEN), json.dumps(TOKEN, ensure_ascii=False), "t%C3%B6k/en%2B%221",
    "t%C3%B6k%2Fen%2B%221", "tök/en+&quot;1",
])  # fmt: skip
def test_known_secrets_are_hidden_however_they_are_spelled(form):
    exchange = record_of({"a": form}, f"before {form} after".encode())
    assert "en+" not in repr(exchange)
    assert "en%2B" not in repr(exchange)
    assert exchange.response_body.startswith("before ")
    assert exchange.response_body.endswith(" after")


def test_known_secrets_are_hidden_in_urls_and_errors():
    d = mocked_client(
        lambda request: httpx.Response(302, headers={"location": "https://x/?k=tok-1"}),
        secrets=("tok-1",),
    )
    with pytest.raises(Refused) as refused:
        d.request("GET", "/x/tok-1", params={"q": "tok-1"})
    assert "tok-1" not in repr(d.records) + str(refused.value)


def test_secrets_learned_later_are_hidden_too():
    d = mocked_client(lambda request: httpx.Response(200, text="s3cret"))
    d.hide("s3cret", "")
    d.request("GET", "/x")
    assert d.records[0].response_body == "••••"


def test_a_secret_within_a_secret():
    d = mocked_client(
        lambda request: httpx.Response(200, text="abc abcdef"), secrets=("abc", "abcdef")
    )
    d.request("GET", "/x")
    assert d.records[0].response_body == "•••• ••••"


@pytest.mark.parametrize("body", [
    {"password": "hush"},
    {"register_password": "hush"},
    {"authPassword": "hush"},
    {"smpp_password": 'hu"sh hush'},
    {"webhook_secret": "hush"},
    {"auth_token": "hush"},
    {"Authorization": "hush"},
    {"apiKey": "hush"},
    {"api_key": "hush"},
    {"pin": "hush"},
    {"room_pin": "hush"},
    {"tokens": ["hush", "hush"]},
    {"secret": {"deep": {"deeper": "hush"}}},
    {"outer": [{"inner": {"token": "hush"}}]},
    {"metadata": json.dumps({"password": "hush"})},
    {"metadata": json.dumps({"password": 'hu"sh hush'})},
])  # fmt: skip
@pytest.mark.parametrize("spaced", [None, 2])
def test_values_under_telling_keys_are_hidden(body, spaced):
    exchange = record_of(body, json.dumps(body, indent=spaced).encode())
    assert "hush" not in repr(exchange)
    assert "sh" not in exchange.response_body.replace("smpp_password", "")
    assert "••••" in exchange.request_body


def test_numbers_are_hidden_too():
    assert record_of({"pin": 4711}, b"{}").request_body == '{"pin":"••••"}'


@pytest.mark.parametrize("body", [
    {"send_options_ping": 1}, {"shipping": "x"}, {"name": "password"}, {"register_password": None},
])  # fmt: skip
def test_other_values_stay(body):
    assert json.loads(record_of(body, b"{}").request_body) == body


def test_forms_are_hidden_by_key():
    d = mocked_client(lambda request: httpx.Response(200))
    d.request("POST", "/x", form={"AuthToken": "hush", "To": "+1555"})
    assert d.records[0].request_body == "AuthToken=••••&To=%2B1555"


def test_bodies_are_cut_after_hiding():
    """Cut first, and half of a secret would stand at the edge."""
    d = mocked_client(
        lambda request: httpx.Response(200, text="é" * 2040 + "s3cret-value" * 3),
        secrets=("s3cret-value",),
    )
    d.request("GET", "/x")
    body = d.records[0].response_body
    assert len(body.encode()) <= 4096
    assert "s3c" not in body


def test_long_lists_are_written_down_quickly():
    rows = json.dumps([{"number": str(i), "token": "s3cret-value"} for i in range(20_000)])
    d = mocked_client(lambda request: httpx.Response(200, text=rows), secrets=("s3cret-value",))
    started = time.monotonic()
    d.request("GET", "/x")
    assert time.monotonic() - started < 1
    assert "s3cret" not in d.records[0].response_body


@pytest.mark.parametrize(
    "piece", ["a", "\\", '"', "token", 'token"', "pin ", " ", "{", "%", '\\"', "token="]
)
def test_no_text_stalls_the_redaction(piece):
    started = time.monotonic()
    record_of({}, (piece * 20_000).encode())
    record_of({}, ('"token' + piece * 20_000).encode())
    record_of({}, ('"token":' + piece * 20_000).encode())
    assert time.monotonic() - started < 0.5


def test_nul_is_dropped_since_postgresql_refuses_it():
    assert record_of({}, b"a\0b").response_body == "ab"


def test_a_failed_call_is_written_down_with_its_error():
    with scripted_client(close_without_reply) as (d, _), pytest.raises(OutcomeUnknown):
        d.request("POST", "/x", json={"a": 1})
    assert d.records[0].request_body == '{"a":1}'
    assert "lost" in d.records[0].error


@pytest.mark.parametrize("value", ["Bearer a\r\nX: y", "Bearer ä", "Bearer ", "a\0"])
def test_a_header_that_http_cannot_carry_is_refused_without_quoting_it(value):
    with pytest.raises(Refused) as refused:
        mocked_client(lambda request: httpx.Response(200)).request(
            "GET", "/x", headers={"Authorization": value}
        )
    assert "Bearer" not in str(refused.value)


@pytest.mark.parametrize("text", [
    '{"voice_url": "https://svc:s3cret@hooks.example.com/in"}',
    "VoiceUrl=https%3A%2F%2Fsvc%3As3cret%40hooks.example.com%2Fin&VoiceMethod=POST",
    '{"inner": "{\\"url\\": \\"https:\\/\\/svc:s3cret@hooks.example.com\\"}"}',
])  # fmt: skip
def test_credentials_in_an_address_are_hidden(text):
    """A webhook may carry them, as Twilio's documents recommend."""
    shown = Redactor([]).redact(text)
    assert "s3cret" not in shown
    assert "hooks.example.com" in shown


@pytest.mark.parametrize("text", [
    '{"url": "https://hooks.example.com/in?to=a@b.example"}',
    "Url=https%3A%2F%2Fhooks.example.com%2Fin%3Fto%3Da%40b.example",
])  # fmt: skip
def test_an_at_sign_elsewhere_is_none_of_it(text):
    assert Redactor([]).redact(text) == text
