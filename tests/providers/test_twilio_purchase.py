"""Buying a number once, whatever happens on the way."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from integrations.models import Operation
from integrations.providers.base import (
    CredentialsRefused,
    NumberSpec,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from integrations.providers.twilio import Twilio
from numbers.inventory.acquisition import buy_number
from numbers.inventory.operations import delete_number, retry_number
from tests.support import factories, twilio_purchase
from tests.support.twilio_purchase import (  # noqa: F401  fixtures
    PURCHASE_REQUEST,
    make_operations_due,
    purchase_request_bodies,
)

# Fixtures.
bench = twilio_purchase.bench
house = twilio_purchase.house
twilio = twilio_purchase.twilio

NUMBER, WEBHOOK = "+15551234567", "https://ours.example/voice"


class Row:
    """The row of an operation: what the worker keeps, even when an attempt breaks off."""

    def __init__(self, bench):
        self.bench, self.refs = bench, {}

    def attempt(self, spec, *, killed_after: int | None = None):
        account = self.bench.account
        provider = Twilio(account, self.bench.open(account).door)
        spec = replace(spec, refs=self.refs)
        observed = provider.observe(spec)
        self.refs = dict(observed.refs)
        for step in provider.plan(spec, observed)[:killed_after]:
            self.refs = step.run(self.refs)


@pytest.fixture
def row(bench):
    return Row(bench)


@pytest.fixture
def spec():
    return NumberSpec(f"pb-{uuid4().hex}", NUMBER, webhook=WEBHOOK, purchase={})


def test_it_is_bought_once_with_its_routing_and_our_mark(row, spec, twilio):
    row.attempt(spec)
    (bought,) = twilio.found(NUMBER)
    assert bought["friendly_name"] == f"{NUMBER} [{spec.marker}]"
    assert len(bought["friendly_name"]) <= 64
    assert bought["voice_url"] == WEBHOOK
    assert row.refs["phone_number_sid"] == bought["sid"]
    assert "purchase_asked" not in row.refs
    row.attempt(spec)
    assert len(purchase_request_bodies(twilio)) == 1


def test_the_intent_is_kept_before_the_platform_is_asked(row, spec, twilio):
    row.attempt(spec, killed_after=1)
    assert set(row.refs) == {"purchase_asked"}
    assert {heard.method for heard in twilio.requests} == {"GET"}


def test_what_the_account_owns_is_not_bought(row, spec, twilio):
    twilio.own(NUMBER)
    row.attempt(spec)
    assert purchase_request_bodies(twilio) == []
    assert twilio.found(NUMBER)[0]["voice_url"] == WEBHOOK


def test_extras(row, spec, twilio):
    address, bundle = f"AD{'0' * 32}", f"BU{'0' * 32}"
    row.attempt(replace(spec, purchase={"address_sid": address, "bundle_sid": bundle}))
    (bought,) = twilio.found(NUMBER)
    assert (bought["address_sid"], bought["bundle_sid"]) == (address, bundle)


def test_extras_that_nobody_knows_are_not_ignored(row, spec, twilio):
    with pytest.raises(Refused, match="cannot take area_code"):
        row.attempt(replace(spec, purchase={"area_code": "415"}))
    assert purchase_request_bodies(twilio) == []


@pytest.mark.parametrize("unrouted", [{"webhook": None}, {"routed": False}])
def test_it_may_be_bought_without_a_routing(row, spec, twilio, unrouted):
    row.attempt(replace(spec, **unrouted))
    assert "Voice" not in purchase_request_bodies(twilio)[0]


def test_a_trunk_comes_with_the_purchase(row, spec, twilio, bench):
    row.attempt(replace(spec, webhook=None, lands_elsewhere=True))
    assert twilio.found(NUMBER)[0]["trunk_sid"] == bench.account["trunk_sid"]


def test_what_was_bought_goes_nowhere_when_it_is_unrouted(row, spec, twilio):
    row.attempt(spec)
    row.attempt(replace(spec, routed=False))
    assert twilio.found(NUMBER)[0]["voice_url"] == ""


def test_a_routing_that_the_purchase_did_not_take_is_made_up_for(row, spec, twilio):
    twilio.forgets = frozenset({"VoiceUrl"})
    with pytest.raises(Unavailable, match="bought and not routed yet"):
        row.attempt(spec)
    assert row.refs["phone_number_sid"]
    twilio.forgets = frozenset()
    row.attempt(spec)
    assert (twilio.found(NUMBER)[0]["voice_url"], len(purchase_request_bodies(twilio))) == (
        WEBHOOK,
        1,
    )


# ------------------------------------------------------------------------------- when it breaks


def lose_reply(twilio):
    twilio.lose_reply(*PURCHASE_REQUEST)


def reply_500(twilio):
    twilio.reply_after(*PURCHASE_REQUEST, 500, "<html>Oops</html>")


def reply_nonsense(twilio):
    twilio.reply_after(*PURCHASE_REQUEST, 201, "<html>Welcome to the hotel's WLAN</html>")


@pytest.mark.parametrize("accident", [lose_reply, reply_500, reply_nonsense])
def test_what_was_bought_all_the_same_is_taken_over(row, spec, twilio, accident):
    accident(twilio)
    with pytest.raises(OutcomeUnknown):
        row.attempt(spec)
    row.attempt(spec)
    assert row.refs["phone_number_sid"] == twilio.found(NUMBER)[0]["sid"]
    assert "purchase_asked" not in row.refs
    assert len(purchase_request_bodies(twilio)) == 1


def test_a_worker_killed_after_the_purchase(row, spec, twilio):
    row.attempt(spec, killed_after=1)
    noted = row.refs
    with time_machine.travel("2020-01-01"):  # its own refs are lost; these are what the row has
        row.refs = {}
        row.attempt(spec)
    row.refs = noted
    row.attempt(spec)
    assert row.refs["phone_number_sid"] == twilio.found(NUMBER)[0]["sid"]
    assert len(purchase_request_bodies(twilio)) == 1


@pytest.mark.parametrize("accident", ["hang_up", "late"])
def test_it_is_waited_for_and_never_asked_again(row, spec, twilio, monkeypatch, accident):
    monkeypatch.setattr("integrations.http.platform_client.READ_SECONDS", 0.3)
    if accident == "late":
        twilio.hang(*PURCHASE_REQUEST, then_do_after=1.0)
    else:
        twilio.hang_up(*PURCHASE_REQUEST)
    with pytest.raises(OutcomeUnknown):
        row.attempt(spec)
    with pytest.raises(OutcomeUnknown, match="was asked to buy"):
        row.attempt(spec)
    assert len(purchase_request_bodies(twilio)) == 1
    if accident == "late":
        twilio.settle()
        row.attempt(spec)
        assert row.refs["phone_number_sid"] == twilio.found(NUMBER)[0]["sid"]
        assert len(purchase_request_bodies(twilio)) == 1


def test_after_a_while_it_is_said_that_nothing_was_bought(row, spec, twilio):
    twilio.hang_up(*PURCHASE_REQUEST)
    with time_machine.travel("2030-01-01T12:00Z", tick=False) as clock:
        with pytest.raises(OutcomeUnknown):
            row.attempt(spec)
        clock.shift(timedelta(seconds=119))
        with pytest.raises(OutcomeUnknown):
            row.attempt(spec)
        clock.shift(timedelta(seconds=2))
        with pytest.raises(Refused, match="the purchase was not carried out; nothing was bought"):
            row.attempt(spec)
        assert len(purchase_request_bodies(twilio)) == 1
        row.attempt(spec)  # somebody has asked to try again
    assert row.refs["phone_number_sid"]
    assert len(purchase_request_bodies(twilio)) == 2


def given_up(row, spec, twilio):
    """A purchase whose answer never came, and of which that has been said."""
    twilio.hang_up(*PURCHASE_REQUEST)
    with time_machine.travel("2020-01-01"), pytest.raises(OutcomeUnknown):
        row.attempt(spec)
    with pytest.raises(Refused, match="nothing was bought"):
        row.attempt(spec)


def test_an_unanswered_ask_that_came_true_very_late(row, spec, twilio):
    """Seen by the refusal of the next one: it is ours."""
    given_up(row, spec, twilio)
    sid = twilio.own(NUMBER)
    twilio.reply("GET", "/IncomingPhoneNumbers", 200, {"incoming_phone_numbers": []})
    with pytest.raises(Unavailable, match="not routed yet"):
        row.attempt(spec)
    assert row.refs["phone_number_sid"] == sid


def test_an_unanswered_ask_may_be_who_took_it(row, spec, twilio):
    given_up(row, spec, twilio)
    twilio.taken.add(NUMBER)
    with pytest.raises(OutcomeUnknown, match="an earlier ask may have got it"):
        row.attempt(spec)
    with pytest.raises(OutcomeUnknown):
        row.attempt(spec)
    assert len(purchase_request_bodies(twilio)) == 2


# ------------------------------------------------------------------------------------ clear noes


def test_somebody_else_was_faster(row, spec, twilio):
    twilio.taken.add(NUMBER)
    with pytest.raises(Refused, match="no longer for sale.*Search again"):
        row.attempt(spec)
    assert row.refs == {}
    twilio.taken.clear()
    row.attempt(spec)
    assert row.refs["phone_number_sid"]


@pytest.mark.parametrize(("code", "words"), [
    (21613, "address_sid"),
    (21615, "address_sid"),
    (21631, "address_sid"),
    (21649, "bundle_sid"),
    (21650, "identity_sid"),
    (21651, "documents"),
])  # fmt: skip
def test_what_the_law_asks_for_is_named(row, spec, twilio, code, words):
    twilio.demands[NUMBER] = code
    with pytest.raises(Refused, match=words):
        row.attempt(spec)
    assert row.refs == {}


@pytest.mark.parametrize(
    ("times", "headers", "pause"), [(1, {}, None), (2, {"Retry_After": "7"}, 7)]
)
def test_what_was_turned_away_may_be_asked_again(row, spec, twilio, times, headers, pause):
    twilio.burst(PURCHASE_REQUEST[1], method="POST", times=times, **headers)
    for _ in range(times):
        with pytest.raises(Unavailable, match="too many requests") as busy:
            row.attempt(spec)
        assert busy.value.retry_after == pause
        assert row.refs == {}
    row.attempt(spec)
    assert len(twilio.found(NUMBER)) == 1


def test_credentials_that_end_under_the_purchase(row, spec, twilio):
    twilio.reply(*PURCHASE_REQUEST, 401, {"code": 20003, "message": "Authenticate", "status": 401})
    with pytest.raises(CredentialsRefused):
        row.attempt(spec)
    assert row.refs == {}


# -------------------------------------------------------------------------------------- removal


def test_what_may_come_any_moment_is_not_gone(row, spec, bench):
    row.attempt(spec, killed_after=1)
    provider, spec = bench.open(), replace(spec, refs=row.refs)
    with pytest.raises(OutcomeUnknown, match="has not answered yet"):
        provider.plan_removal(spec, provider.observe(spec))
    with time_machine.travel(timedelta(minutes=3)):
        assert provider.plan_removal(spec, provider.observe(spec)) == []


# ---------------------------------------------------------------------------- by the whole house


@pytest.mark.django_db
def test_a_lost_answer_in_the_ledger(house, twilio):
    twilio.lose_reply(*PURCHASE_REQUEST)
    number = buy_number(house.by, number=NUMBER, supports_inbound=True)
    assert factories.run_number_operations(number).outcome == "unknown"
    assert "purchase_asked" in Operation.objects.get(subject_kind="placement").refs
    make_operations_due()
    factories.run_number_operations(number)
    assert (number.status, len(purchase_request_bodies(twilio))) == ("active", 1)


@pytest.mark.django_db
def test_a_purchase_that_never_was_can_be_tried_again(house, twilio):
    twilio.hang_up(*PURCHASE_REQUEST)
    number = buy_number(house.by, number=NUMBER)
    with time_machine.travel("2020-01-01"):
        factories.run_number_operations(number)
    make_operations_due()
    factories.run_number_operations(number)
    assert (number.status, "nothing was bought" in number.error_message) == ("failed", True)
    retry_number(house.by, number.id)
    factories.run_number_operations(number)
    assert number.status == "active"
    delete_number(house.by, number.id, release=True)
    factories.run_number_operations(number)
    assert twilio.found(NUMBER) == []
