"""jambonz as an account: its keys, its limits, and what it holds."""

from uuid import uuid4

import pytest

from integrations.http.rate_limits import rate_limit_pause
from integrations.providers.base import Refused, Unavailable
from integrations.providers.jambonz import Jambonz
from tests.fakes.jambonz import FakeJambonz
from tests.support.jambonz_provider import (
    build_carrier_spec,
    build_number_spec,
    open_jambonz_account,
)
from tests.support.provider_harness import run_attempt


@pytest.fixture(params=["sp_key", "account_key"])
def desk(request):
    with open_jambonz_account(request.param) as opened:
        yield opened


@pytest.fixture
def sp_desk():
    with open_jambonz_account("sp_key") as opened:
        yield opened


@pytest.fixture
def account_desk():
    with open_jambonz_account("account_key") as opened:
        yield opened


# keys and accounts


@pytest.mark.parametrize(("key", "summary"), [
    ("sp_key", "service provider key of North Telecom, account Support"),
    ("account_key", "account key of Support"),
    ("admin_key", "administrator key of North Telecom, account Support"),
])  # fmt: skip
def test_every_kind_of_key_is_told(key, summary):
    with open_jambonz_account(key) as desk:
        result = desk.open().check()
    assert result.summary == summary
    assert result.facts["account_sid"] == desk.jambonz.account_sid
    assert result.facts["application"] == "Reception"


def test_what_it_sends_sip_from_is_told(account_desk):
    told = account_desk.open().check().facts["sip_addresses"]
    assert told == "203.0.113.10:5060, 203.0.113.11:5060"


def test_the_service_providers_own_come_first(sp_desk):
    jambonz = sp_desk.jambonz
    own = {"service_provider_sid": jambonz.service_provider_sid, "ipv4": "203.0.113.99"}
    jambonz.put("sbc_addresses", port=5070, **own)
    assert sp_desk.open().check().facts["sip_addresses"] == "203.0.113.99:5070"


def test_a_jambonz_that_does_not_tell_is_no_worse(sp_desk):
    sp_desk.jambonz.tables["sbc_addresses"].clear()
    assert "sip_addresses" not in sp_desk.open().check().facts


@pytest.mark.parametrize("key", ["sp_key", "admin_key"])
def test_a_key_to_many_accounts_must_be_told_which(key):
    with open_jambonz_account(key) as desk, pytest.raises(Refused, match="enter the account SID"):
        desk.open(account_sid="").check()


def test_even_when_there_is_only_one_yet(sp_desk):
    """With the next account it would stop working."""
    del sp_desk.jambonz.tables["accounts"][1]
    with pytest.raises(Refused, match="enter the account SID"):
        sp_desk.open(account_sid="").check()


def test_an_account_key_knows_its_account(account_desk):
    provider = account_desk.open(account_sid="")
    assert provider.check().facts["account_sid"] == account_desk.jambonz.account_sid
    refs = run_attempt(provider, build_carrier_spec())
    run_attempt(provider, build_number_spec(refs))
    assert account_desk.jambonz.numbers[0]["account_sid"] == account_desk.jambonz.account_sid


@pytest.mark.parametrize("account", ["other_account_sid", "foreign_account_sid"])
def test_an_account_that_the_key_does_not_open(account_desk, account):
    with pytest.raises(Refused, match="does not open the account"):
        account_desk.open(account_sid=getattr(account_desk.jambonz, account)).check()


def test_an_account_of_another_service_provider(sp_desk):
    with pytest.raises(Refused, match="does not open the account"):
        sp_desk.open(account_sid=sp_desk.jambonz.foreign_account_sid).check()


@pytest.mark.parametrize("application", ["foreign_application_sid", None])
def test_a_default_application_that_is_not_the_accounts(desk, application):
    """The service provider's own list would show it: it leaks every tenant's applications."""
    sid = getattr(desk.jambonz, application) if application else str(uuid4())
    with pytest.raises(Refused, match="has no application"):
        desk.open(application_sid=sid).check()
    assert not any("ServiceProviders/" in request.path for request in desk.jambonz.requests)


def test_a_key_pasted_with_spaces_and_a_sid_in_capitals(desk):
    account = desk.account
    desk.open(
        token=f" {account['token']} ", account_sid=f" {account['account_sid'].upper()} "
    ).check()


def test_the_tree_may_hang_under_api_v1():
    with open_jambonz_account("sp_key", FakeJambonz(prefix="/api/v1")) as desk:
        desk.open().check()
        desk.open(base_url=desk.jambonz.base_url + "/").check()
        with pytest.raises(Refused, match="/v1 or /api/v1"):
            desk.open(base_url=desk.jambonz.url).check()


def test_a_web_page_instead_of_the_api(desk):
    desk.jambonz.reply("GET", "/Accounts", 200, "<html>", content_type="text/html")
    with pytest.raises(Refused, match="web page"):
        desk.open().check()


@pytest.mark.parametrize("field", [
    {"base_url": "ftp://jambonz.example"}, {"base_url": "https://a:b@jambonz.example/v1"},
    {"token": "two words"}, {"token": "ä"}, {"account_sid": "ACxyz"}, {"application_sid": "1"},
])  # fmt: skip
def test_clean_complains_without_a_call(field):
    good = {
        "base_url": "https://jambonz.example/v1", "token": "x", "account_sid": str(uuid4())
    }  # fmt: skip
    assert Jambonz.clean(good) == {}
    assert list(Jambonz.clean({**good, **field})) == list(field)


# limits and inventory


def test_the_quota_is_seen_and_kept():
    with open_jambonz_account("sp_key", FakeJambonz(limit=8, window=60)) as desk:
        refs = run_attempt(desk.open(), build_carrier_spec())
        door = desk.doors[-1]
        assert (door.quota.limit, door.quota.remaining, door.calls) == (8, 3, 5)
        assert rate_limit_pause(door.quota, door.calls) == door.quota.reset_seconds
        run_attempt(desk.open(), build_number_spec(refs, e164="+15550100002"))
        provider, spec = desk.open(), build_number_spec(refs)
        observed = provider.observe(spec)
        with pytest.raises(Unavailable) as unavailable:
            provider.plan(spec, observed)[0].run({})
    assert 0 < unavailable.value.retry_after <= 60
    assert len(desk.jambonz.requests) == 8


def test_another_attempt_meets_the_limit_itself():
    """A door knows only its own answers; past the limit, jambonz says 429 and for how long."""
    with open_jambonz_account("sp_key", FakeJambonz(limit=5, window=60)) as desk:
        run_attempt(desk.open(), build_carrier_spec())
        with pytest.raises(Unavailable, match="too many requests") as unavailable:
            desk.open().check()
    assert 0 < unavailable.value.retry_after <= 60


def test_inventory_is_the_accounts(desk):
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    shared = desk.put_carrier("Shared", None, "service_provider_sid")
    theirs = desk.put_carrier("Theirs", "other_account_sid", "service_provider_sid")
    desk.put_number("15550100077", shared)
    desk.put_number("1508*", shared)
    desk.put_number("15550100088", theirs, "other_account_sid")
    found = {
        (item.kind, item.name.partition(" [")[0]): item.ours for item in desk.open().inventory()
    }
    assert found == {
        ("carrier", "Acme"): True,
        ("carrier", "Shared"): False,
        ("number", "+15550100001"): True,
        ("number", "+15550100077"): False,
    }
