"""What an answer of Twilio is to be taken for: by its status first, then by its code."""

import httpx
import pytest

from integrations.providers.base import (
    CredentialsRefused,
    NumberSpec,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from integrations.providers.twilio import Twilio
from tests.support.harness_twilio import fake_twilio
from tests.support.provider_harness import run_attempt, run_removal
from tests.support.socket_peers import mocked_client

NUMBER = "+15551234567"
ROUTED = NumberSpec("pb-1", NUMBER, webhook="https://ours.example/")


@pytest.fixture
def bench():
    with fake_twilio() as opened:
        opened.twilio.own(NUMBER)
        yield opened


def said(code: int, status: int, message: str = "In Twilio's words") -> dict:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


@pytest.mark.parametrize(("status", "code", "kind", "sentence"), [
    (401, 20003, CredentialsRefused, "mistyped, revoked, or of another account or region"),
    (401, 0, CredentialsRefused, "does not accept the credentials"),
    (403, 20003, CredentialsRefused, "suspended, or the credentials belong to another"),
    (403, 20403, CredentialsRefused, "suspended or closed"),
    (403, 20008, CredentialsRefused, "test credentials"),
    (403, 70051, Refused, "give it the permission, or take a main key"),
    (403, 0, Refused, "In Twilio's words. The API key may not do this"),
    (400, 10002, Refused, "trial account may not do this: upgrade it"),
    (403, 21404, Refused, "or release the number it has"),
    (400, 21402, Refused, r"In Twilio's words \(Twilio error 21402\)"),
    (400, 21421, Refused, "no valid phone number"),
    (400, 21473, Refused, "cannot be moved"),
    (400, 21613, Refused, "Buy it with address_sid"),
    (400, 21629, Refused, "could not be validated"),
    (400, 21634, Refused, "emergency calls"),
    (400, 21649, Refused, "Buy it with bundle_sid"),
    (422, 20422, Refused, "In Twilio's words"),
    (409, 1, Refused, "In Twilio's words"),
    (408, 0, Unavailable, "too many requests"),
    (429, 20429, Unavailable, "too many requests"),
    (500, 20500, OutcomeUnknown, "broke off: In Twilio's words"),
    (503, 20503, OutcomeUnknown, "broke off"),
    (404, 20404, Unavailable, "has just been removed"),
])  # fmt: skip
def test_a_change(bench, status, code, kind, sentence):
    bench.twilio.reply("POST", "/IncomingPhoneNumbers", status, said(code, status))
    with pytest.raises(kind, match=sentence) as error:
        run_attempt(bench.open(), ROUTED)
    assert isinstance(error.value, CredentialsRefused) == (kind is CredentialsRefused)


@pytest.mark.parametrize(("status", "kind"), [
    (500, Unavailable), (502, Unavailable), (503, Unavailable), (429, Unavailable),
    (400, Refused), (404, CredentialsRefused),
])  # fmt: skip
def test_a_look(bench, status, kind):
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", status, said(0, status), Retry_After="9")
    with pytest.raises(kind) as error:
        run_attempt(bench.open(), ROUTED)
    assert getattr(error.value, "retry_after", 9) == 9


@pytest.mark.parametrize(("status", "kind"), [(500, OutcomeUnknown), (429, Unavailable)])
def test_a_release(bench, status, kind):
    spec = NumberSpec("pb-1", NUMBER, release=True)
    refs = run_attempt(bench.open(), spec)
    bench.twilio.reply("DELETE", "/IncomingPhoneNumbers", status, said(0, status))
    with pytest.raises(kind):
        run_removal(bench.open(), spec, refs=refs)
    bench.twilio.reply("DELETE", "/IncomingPhoneNumbers", 404, said(20404, 404))
    assert run_removal(bench.open(), spec, refs=refs) == {}


@pytest.mark.parametrize("body", [
    "<html>Bad gateway</html>", "", "null", "[1]", '"text"', '{"message": 7, "code": "x"}', "{",
])  # fmt: skip
@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (502, Unavailable)])
def test_bodies_that_are_not_twilios(bench, status, kind, body):
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", status, body)
    with pytest.raises(kind, match=f"it answered {status}"):
        run_attempt(bench.open(), ROUTED)


def test_the_newer_shape_of_errors(bench):
    """RFC 9457."""
    problem = {"type": "x", "title": "Bad", "status": 400, "code": 21402, "detail": "No such URL"}
    bench.twilio.reply("POST", "/IncomingPhoneNumbers", 400, problem)
    with pytest.raises(Refused, match=r"No such URL \(Twilio error 21402\)"):
        run_attempt(bench.open(), ROUTED)


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_says_nothing_about_numbers(bench, status):
    """A proxy's 404 is no proof that the account does not own it."""
    page = {"Content-Type": "text/html"}
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", status, "<html>Portal</html>", **page)
    with pytest.raises(Refused, match="JSON|it answered 404") as error:
        run_attempt(bench.open(), NumberSpec("pb-1", "+15550001111", purchase={}))
    assert "not in this" not in str(error.value)
    assert bench.twilio.found("+15550001111") == []


@pytest.mark.parametrize("body", [
    {"incoming_phone_numbers": None}, {"incoming_phone_numbers": ["+1"]}, {"other": []},
    {"incoming_phone_numbers": [{"sid": None, "phone_number": NUMBER}]},
])  # fmt: skip
def test_lists_that_are_none(bench, body):
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, body)
    with pytest.raises(Refused, match="no list|no sid"):
        run_attempt(bench.open(), ROUTED)


# --------------------------------------------------------------------------------------- paging


def page(following, *numbers):
    rows = [{"sid": f"PN{n}", "phone_number": f"+1555000{n:04}"} for n in numbers]
    return {"incoming_phone_numbers": rows, "next_page_uri": following}


@pytest.mark.parametrize("uri", [
    "https://evil.example/2010-04-01/x.json?Page=1",
    "//evil.example/2010-04-01/x.json",
    "http://127.0.0.1:1/2010-04-01/x.json",
    "https://api.twilio.com@evil.example/x.json",
    "javascript:alert(1)",
])  # fmt: skip
def test_a_next_page_elsewhere_is_not_followed(bench, uri):
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page(uri))
    with pytest.raises(Refused, match="next page elsewhere"):
        list(bench.open().inventory())
    assert len(bench.twilio.requests) == 1


def test_a_next_page_is_asked_for_as_it_was_given(bench):
    path = bench.open().client.of_account("/IncomingPhoneNumbers")
    query = "PageSize=1000&Page=1&PageToken=PAx%2By%3D%3D"
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page(f"{path}?{query}", 1))
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page(None, 2))
    assert [item.name for item in bench.open().inventory()] == ["+15550000001", "+15550000002"]
    assert bench.twilio.requests[1].query["PageToken"] == "PAx+y=="
    assert bench.twilio.requests[1].path == path


def test_an_absolute_next_page_of_ones_own(bench):
    path = bench.open().client.of_account("/IncomingPhoneNumbers")
    uri = f"{bench.twilio.url}{path}?Page=1"
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page(uri, 1))
    bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page("", 2))
    assert len(list(bench.open().inventory())) == 2


def test_pages_in_a_circle_end(bench):
    path = bench.open().client.of_account("/IncomingPhoneNumbers")
    for n in range(3):
        uri = f"{path}?Page={n % 2}"
        bench.twilio.reply("GET", "/IncomingPhoneNumbers", 200, page(uri, n))
    assert len(list(bench.open().inventory())) == 3


# ----------------------------------------------------------------------------------- SignalWire

PROJECT, PN = "b08dacad-4c1a-4f3e-9d6a-3f0a4c8b1e2f", "5a4d7d2c-1111-4222-8333-944445555666"
SPACE = {"account_sid": PROJECT, "auth_token": "PTabc", "space": "acme"}


def signalwire(*replies):
    """A provider on a space that gives these answers in turn, and what it heard."""
    heard, left = [], list(replies)

    def handle(request):
        heard.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    origins = Twilio.origins(SPACE)
    return Twilio(SPACE, mocked_client(handle, origins[""])), heard


def test_signalwire_is_spoken_to_in_its_own_place():
    row = {"sid": PN, "phone_number": NUMBER, "voice_url": None, "capabilities": {"Voice": True}}
    base = f"/api/laml/2010-04-01/Accounts/{PROJECT}/IncomingPhoneNumbers"
    provider, heard = signalwire(
        (200, {"incoming_phone_numbers": [], "next_page_uri": f"{base}?Page=1&PageSize=50"}),
        (200, {"incoming_phone_numbers": [row]}),
        (200, {**row, "voice_url": ROUTED.webhook, "voice_method": "POST"}),
    )
    refs = run_attempt(provider, ROUTED)
    assert (refs["phone_number_sid"], refs["capabilities"]) == (PN, "voice")
    assert {request.url.host for request in heard} == {"acme.signalwire.com"}
    assert [request.url.path for request in heard] == [f"{base}.json", base, f"{base}/{PN}.json"]


def test_its_errors_are_told_by_status_and_name():
    provider, _ = signalwire((422, {"code": "21422x", "message": "Taken"}))
    with pytest.raises(Refused, match="SignalWire did not look for .*: Taken"):
        run_attempt(provider, ROUTED)
    provider, _ = signalwire((401, {"errors": [{"code": "unauthorized"}]}))
    with pytest.raises(CredentialsRefused, match="SignalWire does not accept"):
        provider.check()
