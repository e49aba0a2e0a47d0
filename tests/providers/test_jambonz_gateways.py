"""jambonz' oddities with gateways, and with taking a carrier away."""

from dataclasses import replace

import pytest

from integrations.providers.base import GatewaySpec, Refused, Unavailable
from tests.support.jambonz_provider import (
    BIDIRECTIONAL_GATEWAY,
    REGISTRATION,
    build_carrier_spec,
    open_jambonz_account,
)
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal


@pytest.fixture(params=["sp_key", "account_key"])
def desk(request):
    with open_jambonz_account(request.param) as opened:
        yield opened


def test_both_ways_are_always_sent(desk):
    """Without inbound or outbound it is a 500."""
    run_attempt(
        desk.open(), build_carrier_spec(gateways=(GatewaySpec("sip.example.com", inbound=False),))
    )
    body = desk.writes()[1][2]
    assert (body["inbound"], body["outbound"]) == (False, True)


def test_equal_gateways_are_reduced_to_one(desk):
    """Nothing is unique there: the same one posted twice is two."""
    spec = build_carrier_spec()
    refs = desk.made(spec)
    desk.jambonz.put(
        "sip_gateways",
        ipv4="198.51.100.7",
        port=5060,
        inbound=True,
        outbound=True,
        voip_carrier_sid=refs["voip_carrier_sid"],
    )
    assert plan_step_summaries(desk.open(), spec) == [
        "remove gateway 198.51.100.7:5060/udp (inbound and outbound) from carrier Acme on jambonz"
    ]
    kept = {tuple(desk.open().observe(spec).refs.items()) for _ in range(5)}
    assert kept == {tuple(run_attempt(desk.open(), spec).items())}
    assert len(desk.jambonz.gateways) == 1


def test_a_changed_gateway_keeps_what_people_set(desk):
    spec = build_carrier_spec()
    desk.made(spec)
    desk.jambonz.gateways[0]["send_options_ping"] = 1
    run_attempt(desk.open(), replace(spec, gateways=(replace(BIDIRECTIONAL_GATEWAY, port=5080),)))
    (row,) = desk.jambonz.gateways
    assert (row["port"], row["send_options_ping"]) == (5080, 1)


def test_a_network_becomes_one_outbound_host(desk):
    """With netmask 24 left in the row, a PUT of part of it would be a 400."""
    spec = build_carrier_spec(gateways=(GatewaySpec("198.51.100.0", netmask=24, outbound=False),))
    desk.made(spec)
    run_attempt(desk.open(), replace(spec, gateways=(GatewaySpec("198.51.100.0", inbound=False),)))
    ((method, _, body),) = desk.writes()
    assert method == "PUT"
    assert set(body) == {"ipv4", "netmask", "port", "inbound", "outbound", "protocol"}
    assert (body["netmask"], body["inbound"]) == (32, False)


def test_another_trunk_type_takes_its_own_gateways(desk):
    """Switching on jambonz' own screen leaves the old inbound gateways behind."""
    spec = build_carrier_spec(
        gateways=(GatewaySpec("198.51.100.7", outbound=False), GatewaySpec("198.51.100.9"))
    )
    desk.made(spec)
    proxy = GatewaySpec("sip.acme.example", inbound=False, port=None)
    run_attempt(
        desk.open(),
        replace(spec, trunk_type="reg", registration=REGISTRATION, gateways=(proxy,)),
    )
    assert [row["ipv4"] for row in desk.jambonz.gateways] == ["sip.acme.example"]


def test_additions_come_before_removals(desk):
    spec = build_carrier_spec()
    desk.made(spec)
    run_attempt(desk.open(), replace(spec, gateways=(GatewaySpec("198.51.100.99"),)))
    assert [method for method, _, _ in desk.writes()] == ["POST", "DELETE"]


def test_a_gateway_that_went_away_meanwhile(desk):
    """A missing sid is a 400 here, where everything else says 404."""
    spec = build_carrier_spec(gateways=(BIDIRECTIONAL_GATEWAY, GatewaySpec("198.51.100.8")))
    desk.made(spec)
    provider = desk.open()
    observed = provider.observe(spec)
    (step,) = provider.plan(replace(spec, gateways=(BIDIRECTIONAL_GATEWAY,)), observed)
    (change, _) = provider.plan(
        replace(spec, gateways=(replace(BIDIRECTIONAL_GATEWAY, port=1),)), observed
    )
    desk.jambonz.gateways.clear()
    assert "sip_gateway:198.51.100.8:5060/udp (inbound and outbound)" not in step.run(
        dict(observed.refs)
    )
    with pytest.raises(Unavailable, match="gone"):
        change.run(dict(observed.refs))


def test_a_refused_gateway_is_told(desk):
    message = "netmask required to have value equal or greater than 28"
    desk.jambonz.reply("POST", "SipGateways", 400, {"msg": message})
    with pytest.raises(Refused, match=f"add gateway 198.51.100.7.*{message}"):
        run_attempt(desk.open(), build_carrier_spec())


# deleting a carrier


def test_a_carrier_with_numbers_stays(desk):
    spec = build_carrier_spec()
    refs = desk.made(spec)
    desk.put_number("15550100009", refs["voip_carrier_sid"])
    with pytest.raises(Refused, match="still carries numbers"):
        run_removal(desk.open(), spec)
    assert len(desk.jambonz.gateways) == 1


def test_a_carrier_in_a_call_route_is_not_even_asked_to_go(desk):
    """jambonz would delete its gateways first and then fail."""
    spec = build_carrier_spec()
    refs = desk.made(spec)
    account = desk.jambonz.account_sid if desk.key == "account_key" else None
    desk.jambonz.route_calls_over(refs["voip_carrier_sid"], account=account)
    with pytest.raises(Refused, match="call routing Outbound"):
        run_removal(desk.open(), spec)
    assert desk.writes() == []


def test_gateways_are_put_back_when_an_unseen_call_route_holds_the_carrier(desk):
    """A service provider does not see its accounts' routes, nor an account its provider's."""
    spec = build_carrier_spec()
    refs = desk.made(spec)
    desk.jambonz.gateways[0]["pad_crypto"] = 1
    account = None if desk.key == "account_key" else desk.jambonz.account_sid
    desk.jambonz.route_calls_over(refs["voip_carrier_sid"], account=account)
    with pytest.raises(Refused, match="foreign key"):
        run_removal(desk.open(), spec)
    (row,) = desk.jambonz.gateways
    assert (row["ipv4"], row["pad_crypto"]) == ("198.51.100.7", 1)
    assert plan_step_summaries(desk.open(), spec) == []


def test_a_carrier_that_went_away_meanwhile(desk):
    """A 404 for some keys, a 500 for others."""
    spec = build_carrier_spec()
    desk.made(spec)
    provider = desk.open()
    (step,) = provider.plan_removal(spec, provider.observe(spec))
    desk.jambonz.gateways.clear()
    desk.jambonz.carriers.clear()
    assert step.run({"voip_carrier_sid": "x"}) == {}


def test_a_carrier_that_goes_away_while_it_is_deleted(desk):
    spec = build_carrier_spec()
    desk.made(spec)
    failure = {"msg": "Cannot read properties of null (reading 'account_sid')"}
    desk.jambonz.reply_after("DELETE", "VoipCarriers", 500, failure)
    assert run_removal(desk.open(), spec) == {}
    assert desk.jambonz.carriers == []


def test_a_carrier_that_goes_away_while_it_is_changed(desk):
    """A 404 for one kind of key, a 500 for the other: look again, and make it anew."""
    spec = build_carrier_spec()
    desk.made(spec)
    provider, renamed = desk.open(), replace(spec, name="New")
    (step,) = provider.plan(renamed, provider.observe(spec))
    desk.jambonz.gateways.clear()
    desk.jambonz.carriers.clear()
    with pytest.raises(Unavailable, match="removed there"):
        step.run({})
    run_attempt(desk.open(), renamed)
    assert len(desk.jambonz.carriers) == 1
