"""Connecting a Twilio account: its fields, where it leads, and what its credentials open."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrations.providers.base import CredentialsRefused, Refused
from integrations.providers.twilio import Twilio
from tests.fakes.wire import FakeResponse, InjectedFault
from tests.support.harness_twilio import fake_twilio

AC, SK, TK, AP = (f"{prefix}{'0a' * 16}" for prefix in ("AC", "SK", "TK", "AP"))
UUID = "b08dacad-4c1a-4f3e-9d6a-3f0a4c8b1e2f"
GOOD = {"account_sid": AC, "auth_token": "t0ken"}
SIGNALWIRE = {"account_sid": UUID, "auth_token": "PTabc", "space": "acme"}


@pytest.fixture
def bench():
    with fake_twilio() as opened:
        yield opened


# ------------------------------------------------------------------------------------- fields


@pytest.mark.parametrize("account", [
    GOOD,
    {"account_sid": AC, "api_key_sid": SK, "api_key_secret": "s3cret"},
    {**GOOD, "api_key_sid": SK, "api_key_secret": "s3cret", "trunk_sid": TK},
    {**GOOD, "application_sid": AP},
    SIGNALWIRE,
    {**SIGNALWIRE, "space": "Acme.SignalWire.com", "application_sid": UUID},
])  # fmt: skip
def test_good_accounts(account):
    assert Twilio.clean(account) == {}


@pytest.mark.parametrize(("account", "wrong"), [
    ({"account_sid": AC}, {"auth_token"}),
    ({"account_sid": AC, "api_key_sid": SK}, {"api_key_secret"}),
    ({"account_sid": AC, "api_key_secret": "s"}, {"api_key_sid"}),
    ({**GOOD, "account_sid": SK}, {"account_sid"}),
    ({**GOOD, "account_sid": AC + "0"}, {"account_sid"}),
    ({**GOOD, "account_sid": AC[:-1] + "٣"}, {"account_sid"}),
    ({**GOOD, "account_sid": UUID}, {"account_sid"}),
    ({**GOOD, "auth_token": "two words"}, {"auth_token"}),
    ({**GOOD, "api_key_sid": AC, "api_key_secret": "s"}, {"api_key_sid"}),
    ({**GOOD, "trunk_sid": "acme"}, {"trunk_sid"}),
    ({**GOOD, "application_sid": UUID}, {"application_sid"}),
    ({**SIGNALWIRE, "account_sid": AC}, {"account_sid"}),
    ({**SIGNALWIRE, "trunk_sid": TK}, {"trunk_sid"}),
    ({**SIGNALWIRE, "api_key_sid": SK, "api_key_secret": "s"}, {"api_key_sid", "api_key_secret"}),
    ({"account_sid": UUID, "space": "acme"}, {"auth_token"}),
])  # fmt: skip
def test_complaints(account, wrong):
    assert set(Twilio.clean(account)) == wrong


@pytest.mark.parametrize("space", [
    "evil.com#", "evil.com/", "evil.com?", "a.b", "user@evil.com", "user:pw@x", "-acme", "acme-",
    "acme.evil.com", "acme.signalwire.com.evil.com", "acme.signalwire.com:8080", "a" * 64,
    "acmé", "http://acme", "ac\nme", "127.0.0.1", "acme signalwire", "аcme",
])  # fmt: skip
def test_a_hostile_space_leads_nowhere(space):
    account = {**SIGNALWIRE, "space": space}
    assert "space" in Twilio.clean(account)
    assert Twilio.origins(account) == {"": ""}


# ------------------------------------------------------------------------------------ origins


def test_twilio_is_where_twilio_is():
    assert Twilio.origins(GOOD) == {
        "": "https://api.twilio.com",
        "trunking": "https://trunking.twilio.com",
    }


@pytest.mark.parametrize("space", ["acme", "acme.signalwire.com", " ACME "])
def test_a_space_is_at_signalwire(space, settings):
    settings.TWILIO_API_URL = "https://elsewhere.example"
    expected = {"": "https://acme.signalwire.com/api/laml"}
    assert Twilio.origins({**SIGNALWIRE, "space": space}) == expected


@pytest.mark.parametrize("url", ["https://x.example", "http://127.0.0.1:9", "http://[::1]:9"])
def test_the_operator_may_say_otherwise(settings, url):
    settings.TWILIO_API_URL = url
    assert Twilio.origins({})[""] == url


@pytest.mark.parametrize("url", ["http://x.example", "ftp://127.0.0.1", "api.twilio.com", ""])
def test_but_not_in_clear(settings, url):
    settings.TWILIO_TRUNKING_URL = url
    with pytest.raises(ImproperlyConfigured, match="PATCHBAY_TWILIO_TRUNKING_URL"):
        Twilio.origins({})


def test_an_account_cannot_say_where_it_lives():
    assert Twilio.base_url_field is None
    assert "url" not in {field.format for field in Twilio.fields}


# -------------------------------------------------------------------------------------- check


def test_an_account_with_its_trunk_and_application(bench):
    result = bench.open().check()
    assert result.summary == "Twilio account Acme"
    assert result.facts == {
        "account": "Acme",
        "status": "active",
        "type": "Full",
        "trunk": "Acme trunk",
        "sip_domain": "acme.pstn.twilio.com",
        "application": "Reception",
    }


def test_a_subaccount_on_trial(bench):
    row = bench.twilio.accounts[bench.twilio.account_sid]
    row |= {"type": "Trial", "owner_account_sid": bench.twilio.subaccount_sid}
    result = bench.open().check()
    assert result.summary == "Twilio subaccount Acme, on trial"
    assert result.facts["parent"] == bench.twilio.subaccount_sid


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_has_ended(bench, status):
    bench.twilio.accounts[bench.twilio.account_sid]["status"] = status
    with pytest.raises(CredentialsRefused, match=f"is {status}"):
        bench.open().check()
    with pytest.raises(CredentialsRefused, match="suspended or closed"):
        list(bench.open().inventory())


@pytest.mark.parametrize(("key", "summary"), [
    ("main_key", "Twilio account Acme"),
    ("standard_key", "verified, but account status unknown"),
])  # fmt: skip
def test_keys(key, summary):
    with fake_twilio(key=key) as bench:
        result = bench.open().check()
        assert summary in result.summary
        assert result.facts["api_key"] == getattr(bench.twilio, key)


def test_a_key_that_may_not_see_numbers(bench):
    key = bench.twilio.restricted_key
    bench.twilio.keys[key] = type(bench.twilio.keys[key])(
        bench.twilio.account_sid, bench.twilio.key_secret, frozenset({"accounts:read"})
    )
    account = {**bench.account, "api_key_sid": key, "api_key_secret": bench.twilio.key_secret}
    with pytest.raises(Refused, match="give it the permission") as refused:
        bench.open(account).check()
    assert not isinstance(refused.value, CredentialsRefused)


def test_a_key_comes_before_the_token(bench):
    key, secret = bench.twilio.standard_key, bench.twilio.key_secret
    account = {**bench.account, "auth_token": "old", "api_key_sid": key, "api_key_secret": secret}
    assert bench.open(account).check()


def test_a_key_of_another_account(bench):
    key, secret = bench.twilio.main_key, bench.twilio.key_secret
    account = {**bench.account, "api_key_sid": key, "api_key_secret": secret}
    with pytest.raises(CredentialsRefused, match="knows no account"):
        bench.open({**account, "account_sid": bench.twilio.subaccount_sid}).check()


def test_test_credentials(bench):
    with pytest.raises(CredentialsRefused, match="test credentials"):
        bench.open({**bench.account, "auth_token": bench.twilio.test_token}).check()


@pytest.mark.parametrize(("name", "sid"), [("trunk_sid", TK), ("application_sid", AP)])
def test_a_place_that_is_not_there(bench, name, sid):
    with pytest.raises(Refused, match=f"has no .*{sid}"):
        bench.open({**bench.account, name: sid}).check()


def test_the_auth_token_in_the_answer_is_written_down_nowhere():
    """By a main key, so that the token is none of the account's own secrets."""
    with fake_twilio(key="main_key") as bench:
        provider = bench.open()
        result = provider.check()
        bodies = [exchange.response_body for exchange in bench.exchanges]
        assert any('"auth_token"' in body for body in bodies)
        assert bench.twilio.auth_token not in repr((bodies, result))
        assert bench.twilio.auth_token not in provider.door.redact(bench.twilio.auth_token)


def test_the_authorization_is_never_written_down(bench):
    def echo(wire, heard):
        return FakeResponse(400, {"message": f"You said {heard.headers['authorization']}"})

    bench.twilio._accidents.append(InjectedFault("GET", "/Accounts", echo))
    with pytest.raises(Refused, match="You said Basic ••••") as refused:
        bench.open().check()
    header = bench.twilio.requests[-1].headers["authorization"].partition(" ")[2]
    assert header not in repr((str(refused.value), bench.exchanges))


@pytest.mark.parametrize("token", ["a", 5, ["x"], "x" * 1_000_000, "0123456789"])
def test_of_the_answer_only_what_can_be_a_token_is_hidden(bench, token):
    """A letter would take every word apart, and a book would need all memory."""
    row = {"sid": bench.account["account_sid"], "status": "active", "auth_token": token}
    bench.twilio.reply("GET", ".json", 200, row)
    provider, hidden = bench.open(), []
    provider.door.hide = hidden.append
    provider.check()
    assert hidden == ([token] if token == "0123456789" else [])
