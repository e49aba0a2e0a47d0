"""What a status of jambonz is to be taken for."""

import time
from dataclasses import replace

import pytest

from integrations.providers.base import CredentialsRefused, OutcomeUnknown, Refused, Unavailable
from tests.fakes.jambonz import FakeJambonz
from tests.support.jambonz_provider import (
    BIDIRECTIONAL_GATEWAY,
    REGISTRATION,
    build_carrier_spec,
    build_number_spec,
    open_jambonz_account,
)
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal


@pytest.fixture(params=["sp_key", "account_key"])
def desk(request):
    with open_jambonz_account(request.param) as opened:
        yield opened


@pytest.fixture
def account_desk():
    with open_jambonz_account("account_key") as opened:
        yield opened


def test_a_revoked_key(desk):
    desk.jambonz.keys.clear()
    with pytest.raises(CredentialsRefused, match="API key"):
        run_attempt(desk.open(), build_carrier_spec())


def test_a_403_is_permanent(desk):
    desk.jambonz.reply("POST", "VoipCarriers", 403, {"msg": "insufficient permissions"})
    with pytest.raises(Refused, match="create carrier Acme: insufficient permissions") as refused:
        run_attempt(desk.open(), build_carrier_spec())
    assert not isinstance(refused.value, CredentialsRefused)


def test_a_jambonz_that_keeps_carriers_to_service_providers(account_desk):
    account_desk.jambonz.reply("POST", "VoipCarriers", 400, {"msg": "insufficient privileges"})
    with pytest.raises(Refused, match="service provider's key"):
        run_attempt(account_desk.open(), build_carrier_spec())


def test_an_account_that_is_full(account_desk):
    """Some installations limit accounts, and say it in another shape."""
    full = {"status": "fail", "message": "no more than 10 carriers"}
    account_desk.jambonz.reply("POST", "VoipCarriers", 422, full)
    with pytest.raises(Refused, match="no more than 10 carriers"):
        run_attempt(account_desk.open(), build_carrier_spec())


def test_too_many_requests(desk):
    desk.jambonz.reply("POST", "VoipCarriers", 429, "Too many requests", Retry_After="42")
    with pytest.raises(Unavailable) as unavailable:
        run_attempt(desk.open(), build_carrier_spec())
    assert unavailable.value.retry_after == 42


def test_the_database_is_down(desk):
    """A 500 at once; nothing was done, a write may be repeated."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    provider = desk.open()
    (step,) = provider.plan(spec, provider.observe(spec))
    desk.jambonz.database_is_down = True
    with pytest.raises(Unavailable, match="ECONNREFUSED"):
        provider.observe(spec)
    with pytest.raises(Unavailable, match="ECONNREFUSED"):
        step.run({})
    desk.jambonz.database_is_down = False
    run_attempt(desk.open(), spec)
    assert len(desk.jambonz.numbers) == 1


@pytest.mark.parametrize(("status", "body"), [
    (500, {"msg": "read ECONNRESET"}),
    (500, {"msg": "Connection lost: PROTOCOL_CONNECTION_LOST"}),
    (500, None),
    (502, "Bad Gateway"),
    (504, "Gateway Timeout"),
])  # fmt: skip
def test_what_broke_off_may_have_happened(desk, status, body):
    spec = build_carrier_spec()
    desk.jambonz.reply_after("POST", "VoipCarriers", status, body)
    with pytest.raises(OutcomeUnknown):
        run_attempt(desk.open(), spec)
    run_attempt(desk.open(), spec)
    assert len(desk.jambonz.carriers) == 1
    desk.jambonz.reply("GET", "VoipCarriers", status, body)
    with pytest.raises(Unavailable):
        desk.open().observe(spec)


@pytest.mark.parametrize(("status", "body"), [
    (503, "Service Unavailable"),
    (500, {"msg": "Deadlock found when trying to get lock; try restarting transaction"}),
    (500, {"msg": "Too many connections"}),
])  # fmt: skip
def test_what_did_nothing_may_be_repeated(desk, status, body):
    desk.jambonz.reply("POST", "VoipCarriers", status, body)
    with pytest.raises(Unavailable):
        run_attempt(desk.open(), build_carrier_spec())


def test_a_500_that_is_the_clients_mistake_is_permanent(desk):
    desk.jambonz.reply(
        "POST", "VoipCarriers", 500, {"msg": "Unknown column 'trunk_type' in 'INSERT'"}
    )
    with pytest.raises(Refused, match="another version"):
        run_attempt(desk.open(), build_carrier_spec())


MISTAKE = {"msg": "Cannot read properties of undefined"}


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "VoipCarriers"), ("POST", "SipGateways"), ("PUT", "VoipCarriers"),
    ("PUT", "SipGateways"), ("DELETE", "VoipCarriers"),
])  # fmt: skip
def test_a_500_after_which_it_was_done_all_the_same(desk, method, path):
    """So a 500 is believed only after a look."""
    spec = build_carrier_spec()
    if method != "POST":
        desk.made(spec)
    changed = replace(spec, name="New", gateways=(replace(BIDIRECTIONAL_GATEWAY, port=5080),))
    desk.jambonz.reply_after(method, path, 500, MISTAKE)
    if method == "DELETE":
        assert run_removal(desk.open(), spec) == {}
    else:
        run_attempt(desk.open(), changed)
        assert plan_step_summaries(desk.open(), changed) == []
        assert len(desk.jambonz.carriers) == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_500_after_which_the_number_was_right(desk, method):
    spec = build_number_spec(desk.made(build_carrier_spec()))
    if method == "PUT":
        run_attempt(desk.open(), spec)
        spec = replace(spec, routed=False)
    desk.jambonz.reply_after(method, "PhoneNumbers", 500, MISTAKE)
    run_attempt(desk.open(), spec)
    assert plan_step_summaries(desk.open(), spec) == []


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_500_after_which_it_was_not_done(desk, method):
    spec = build_carrier_spec()
    if method == "PUT":
        desk.made(spec)
    desk.jambonz.reply(method, "VoipCarriers", 500, MISTAKE)
    with pytest.raises(Refused, match="Cannot read properties"):
        run_attempt(desk.open(), replace(spec, name="New"))


def test_a_created_object_without_a_sid(desk):
    desk.jambonz.reply("POST", "VoipCarriers", 201, {"ok": True})
    with pytest.raises(OutcomeUnknown, match="sid"):
        run_attempt(desk.open(), build_carrier_spec())


@pytest.mark.parametrize("body", [{}, None, "no", 5, [1], {"data": 5}])
def test_a_list_that_is_none(desk, body):
    desk.jambonz.reply("GET", "VoipCarriers", 200, body)
    with pytest.raises(Refused):
        desk.open().observe(build_carrier_spec())
    desk.jambonz.reply("GET", "PhoneNumbers", 200, body)
    with pytest.raises(Refused):
        desk.open().observe(build_number_spec({"voip_carrier_sid": "x"}))


def test_what_jambonz_says_is_redacted_and_cut(desk):
    said = f"no: {desk.account['token']} " + "x" * 5000
    desk.jambonz.reply("POST", "VoipCarriers", 400, {"msg": said})
    with pytest.raises(Refused) as refused:
        run_attempt(desk.open(), build_carrier_spec())
    assert desk.account["token"] not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_missing_page_is_not_a_missing_object(desk):
    """An unknown object is an empty 404; an unknown route is a page, perhaps a proxy's."""
    spec = build_carrier_spec()
    desk.jambonz.reply("GET", "VoipCarriers/", 404, "<html>", content_type="text/html")
    with pytest.raises(Refused, match="API address"):
        desk.open().observe(replace(spec, refs={"voip_carrier_sid": "gone"}))


def test_a_hung_read_is_unavailable(desk):
    desk.jambonz.hang("GET", "VoipCarriers")
    with pytest.raises(Unavailable):
        desk.open(deadline_seconds=0.3).observe(build_carrier_spec())


def test_connections_that_jambonz_closes_when_idle():
    """Both ways: a read finds a new one, and so does a write."""

    class Impatient(FakeJambonz):
        keep_alive_seconds = 0.1

    with open_jambonz_account("sp_key", Impatient()) as desk:
        provider, spec = desk.open(), build_carrier_spec()
        steps = provider.plan(spec, provider.observe(spec))
        time.sleep(0.3)
        refs = steps[0].run({})
        time.sleep(0.3)
        provider.observe(spec)
    assert refs


def test_a_carriers_password_in_an_answer_is_hidden(desk):
    """The account's secrets are known to the door from the start, a carrier's from its spec."""
    spec = build_carrier_spec(trunk_type="reg", registration=REGISTRATION)
    desk.jambonz.reply("POST", "VoipCarriers", 400, {"msg": f"what is {REGISTRATION.password}?"})
    with pytest.raises(Refused) as refused:
        run_attempt(desk.open(), spec)
    assert REGISTRATION.password not in str(refused.value) + repr(desk.exchanges)
