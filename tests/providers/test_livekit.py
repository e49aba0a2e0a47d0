"""LiveKit as an account: its address, its key, and what its answers are to be taken for."""

import re
import time
from dataclasses import replace

import jwt
import pytest

from integrations.providers.base import (
    CarrierSpec,
    CredentialsRefused,
    ObservedState,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from integrations.providers.livekit import LiveKit
from tests.support.harness_livekit import fake_livekit
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal


@pytest.fixture
def bench():
    with fake_livekit() as opened:
        yield opened


# ------------------------------------------------------------------------------------ the address


@pytest.mark.parametrize(("url", "origin"), [
    ("wss://acme.livekit.cloud", "https://acme.livekit.cloud"),
    ("ws://127.0.0.1:7880", "http://127.0.0.1:7880"),
    ("Ws://acme.example/lk/", "http://acme.example/lk/"),
    ("https://acme.example", "https://acme.example"),
])  # fmt: skip
def test_the_address_of_the_rooms_is_that_of_the_api(url, origin):
    account = {"base_url": url, "api_key": "k", "api_secret": "s"}
    assert LiveKit.origins(account) == {"": origin}
    assert LiveKit.clean(account) == {}


@pytest.mark.parametrize(
    "url", ["acme.livekit.cloud", "wss://u:p@acme.example", "wss:///x", "ftp://x"]
)
def test_an_address_that_is_none(url):
    assert list(LiveKit.clean({"base_url": url})) == ["base_url"]


def test_it_is_reached_by_its_websocket_address_below_a_prefix():
    with fake_livekit(prefix="/lk") as bench:
        bench.account["base_url"] = bench.account["base_url"].replace("http://", "ws://")
        bench.open().check()
        assert bench.livekit.requests[-1].path == "/lk/twirp/livekit.SIP/ListSIPInboundTrunk"


def test_another_address_has_no_such_api(bench):
    bench.account["base_url"] += "/elsewhere"
    with pytest.raises(Refused, match="Check the address"):
        bench.open().check()


def test_a_web_page_instead_of_an_answer(bench):
    page = "<html>welcome</html>"
    bench.livekit.reply("POST", "List", 200, page, Content_Type="text/html")
    with pytest.raises(Refused, match="not JSON"):
        bench.open().check()


@pytest.mark.parametrize("body", [[], {"items": "x"}, {"items": [1]}])
def test_an_answer_of_another_make(bench, body):
    bench.livekit.reply("POST", "List", 200, body)
    with pytest.raises(Refused, match="Check the address"):
        bench.open().check()


def test_ids_that_are_not_there_may_come_as_nothing(bench):
    bench.livekit.reply("POST", "List", 200, {"items": [None]})
    bench.open().check()


# ----------------------------------------------------------------------------------------- the key


def test_the_token_is_for_sip_and_for_a_minute(bench):
    bench.open().check()
    token = bench.livekit.requests[-1].headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, bench.livekit.api_secret, algorithms=["HS256"])
    assert claims["iss"] == bench.livekit.api_key
    assert claims["sip"] == {"admin": True}
    assert abs(claims["nbf"] - time.time()) < 5
    assert claims["exp"] - claims["nbf"] == 60
    assert set(claims) == {"iss", "nbf", "exp", "sip"}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_the_short_secret_of_a_development_server(bench):
    bench.livekit.keys["devkey"] = "secret"
    bench.open({**bench.account, "api_key": "devkey", "api_secret": "secret"}).check()


@pytest.mark.parametrize(("change", "words"), [
    ({"api_key": "APIother"}, "does not know the key"),
    ({"api_secret": "another-secret-that-is-long-enough-too"}, "clocks"),
])  # fmt: skip
def test_credentials_that_are_refused(bench, change, words):
    with pytest.raises(CredentialsRefused, match=words):
        bench.open({**bench.account, **change}).check()


def test_a_key_that_may_not_administer_sip(bench):
    denied = {"code": "unauthenticated", "msg": "permissions denied"}
    bench.livekit.reply("POST", "List", 401, denied)
    with pytest.raises(CredentialsRefused, match="may not administer SIP"):
        bench.open().check()


@pytest.mark.parametrize("status", [401, 400, 500])
def test_the_token_that_an_answer_repeats_is_told_to_nobody(bench, status):
    """A refusal says the whole of it back."""
    provider = bench.open()
    provider.check()
    token = bench.livekit.requests[-1].headers["authorization"].removeprefix("Bearer ")
    bench.livekit.reply("POST", "List", status, {"code": "x", "msg": f"invalid token: {token}"})
    with pytest.raises((Refused, Unavailable)) as refused:
        provider.check()
    told = repr((bench.exchanges, refused.value, str(refused.value)))
    assert token not in told
    assert not set(token.split(".")[1:]) & set(re.split(r"[^\w-]", told))


# ------------------------------------------------------------------------------------ its answers


def test_a_server_without_redis():
    with fake_livekit(has_redis=False) as bench, pytest.raises(Refused, match="needs one. Whoever"):
        bench.open().check()


def test_a_server_that_is_too_old():
    old = ("UpdateSIPInboundTrunk", "UpdateSIPOutboundTrunk", "UpdateSIPDispatchRule")
    with fake_livekit(without=old) as bench:
        spec = bench.number()
        run_attempt(bench.open(), spec)
        with pytest.raises(Refused, match="1.9 or newer"):
            run_attempt(bench.open(), bench.changed(spec))


@pytest.mark.parametrize(("status", "body"), [
    (429, None),
    (503, {"code": "unavailable", "msg": "no response from servers"}),
])  # fmt: skip
def test_what_was_turned_away_did_nothing(bench, status, body):
    bench.livekit.reply("POST", "CreateSIP", status, body, Retry_After="7")
    with pytest.raises(Unavailable) as unavailable:
        run_attempt(bench.open(), bench.number())
    assert unavailable.value.retry_after == 7


@pytest.mark.parametrize(("status", "body"), [
    (500, {"code": "unknown", "msg": "dial tcp 127.0.0.1:6379: connect: connection refused"}),
    (500, {"code": "internal", "msg": "twirp error unknown: EOF"}),
    (408, {"code": "deadline_exceeded", "msg": "context deadline exceeded"}),
    (502, "Bad Gateway"),
    (504, None),
])  # fmt: skip
def test_what_broke_off_may_have_happened(bench, status, body):
    spec = bench.number()
    bench.livekit.reply_after("POST", "CreateSIPInbound", status, body)
    with pytest.raises(OutcomeUnknown):
        run_attempt(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    bench.livekit.reply("POST", "List", status, body)
    with pytest.raises(Unavailable):
        plan_step_summaries(bench.open(), spec)


@pytest.mark.parametrize(("status", "code", "words"), [
    (400, "invalid_argument", "media_timeout must not exceed 10m0s"),
    (400, "malformed", "the json request could not be decoded"),
    (403, "permission_denied", "not from here"),
    (500, "unknown", "no trunk numbers specified"),
])  # fmt: skip
def test_what_repeating_cannot_help(bench, status, code, words):
    bench.livekit.reply("POST", "CreateSIPOutbound", status, {"code": code, "msg": words})
    with pytest.raises(Refused, match=f"did not add the outbound trunk of .*: {words}"):
        run_attempt(bench.open(), bench.number())


def test_a_lost_look_is_harmless(bench):
    bench.livekit.hang_up("POST", "ListSIPInbound")
    bench.livekit.hang_up("POST", "ListSIPInbound")  # a read is sent once more
    with pytest.raises(Unavailable):
        plan_step_summaries(bench.open(), bench.number())


def test_a_creation_that_tells_no_id(bench):
    bench.livekit.reply("POST", "CreateSIPInbound", 200, {"name": "x"})
    with pytest.raises(OutcomeUnknown):
        run_attempt(bench.open(), bench.number())


def test_what_went_away_while_it_was_changed_is_made_anew_by_the_next_look(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    gone = {"code": "not_found", "msg": "requested sip dispatch rule does not exist"}
    bench.livekit.reply("POST", "UpdateSIPDispatchRule", 404, gone)
    with pytest.raises(Unavailable, match="just been removed"):
        run_attempt(bench.open(), bench.changed(spec))
    run_attempt(bench.open(), bench.changed(spec))


def test_a_rule_that_is_gone_already_is_removed(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    gone = {"code": "not_found", "msg": "requested sip dispatch rule does not exist"}
    bench.livekit.reply_after("POST", "DeleteSIPDispatchRule", 404, gone)
    assert run_removal(bench.open(), spec) == {}
    assert bench.count(spec) == 0


# -------------------------------------------------------------------------------------- the rest


def test_it_takes_no_carriers(bench):
    carrier, provider = CarrierSpec("pb-1", "Acme", "static_ip", ()), bench.open()
    assert provider.observe(carrier) == ObservedState()
    assert provider.plan_removal(carrier, ObservedState()) == []
    with pytest.raises(Refused, match="takes no carriers"):
        provider.plan(carrier, ObservedState())
    with pytest.raises(Refused, match="takes no carriers"):
        plan_step_summaries(provider, replace(bench.number(), sip=None))


def test_check_asks_one_short_question(bench):
    bench.livekit.put("inbound", numbers=["+15550000001"])
    result = bench.open().check()
    (heard,) = bench.livekit.requests
    (exchange,) = bench.exchanges
    assert heard.body == {"numbers": ["+000"]}
    assert exchange.response_body == '{"items": []}'
    assert result.facts["server"] == bench.livekit.url


def test_inventory_tells_ours_from_others(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    other = bench.livekit.put("inbound", numbers=["1 (555) 000-0001", "sales"], name="Theirs")
    bench.livekit.put("rules", trunk_ids=[other])
    both = bench.livekit.put("outbound", numbers=["+15550000001"])
    bench.livekit.put("inbound", auth_username="wild", auth_password="card")
    bench.livekit.put("outbound", numbers=["*"], metadata='{"ref": "theirs"}')
    items = {item.name: item for item in bench.open().inventory()}
    assert set(items) == {spec.e164, "+15550000001"}
    assert (items[spec.e164].ours, items[spec.e164].refs) == (True, refs)
    theirs = items["+15550000001"]
    assert (theirs.ours, theirs.label) == (False, "Theirs")
    assert theirs.refs["outbound_trunk_id"] == both
    assert theirs.refs["inbound_trunk_id"] == other


def test_no_list_is_ever_asked_for_by_pages(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    list(bench.open().inventory())
    run_removal(bench.open(), spec)
    assert not any("page" in heard.body for heard in bench.livekit.requests)
