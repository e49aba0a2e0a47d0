"""The contract that every provider keeps whose platform takes carriers."""

from dataclasses import replace

import pytest

from integrations.providers.base import GatewaySpec, OutcomeUnknown
from tests.support.provider_harness import (
    CREATE,
    READ,
    SPEC_SECRETS,
    harness_params,
    open_harness,
    plan_step_summaries,
    run_attempt,
    run_removal,
)

TRUNKS = ["static_ip", "auth", "reg"]


@pytest.fixture(params=harness_params(carriers=True))
def bench(request):
    with open_harness(request) as bench:
        yield bench


def test_a_carrier_is_made_once(bench):
    spec = bench.carrier()
    assert plan_step_summaries(bench.open(), spec)
    refs = run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert bench.gateways(spec) == [("198.51.100.7", 5060), ("198.51.100.8", 5060)]
    assert refs
    assert run_attempt(bench.open(), spec, refs=refs) == refs
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), spec) == []


def test_looking_at_a_carrier_changes_nothing(bench):
    spec, provider = bench.carrier(), bench.open()
    observed = provider.observe(spec)
    provider.plan(spec, observed)
    provider.plan_removal(spec, observed)
    assert not observed.exists
    assert bench.count(spec) == 0
    assert bench.deeds() <= {READ}


def test_two_of_the_same_name_are_two(bench):
    one, two = bench.carrier(), bench.carrier()
    assert run_attempt(bench.open(), one) != run_attempt(bench.open(), two)
    assert (bench.count(one), bench.count(two)) == (1, 1)


def test_a_long_name(bench):
    spec = bench.carrier(
        name="Société Générale de Télécommunications du Nord-Est et du Sud 中文 🎉"
    )
    run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), spec) == []


def test_every_step_of_a_carrier_is_a_sentence(bench):
    for summary in plan_step_summaries(bench.open(), bench.carrier()):
        assert " " in summary
        assert bench.kind.title.lower() in summary.lower()


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("kept", [True, False], ids=["refs-saved", "refs-lost"])
def test_a_carrier_after_a_crash(bench, steps, kept):
    spec = bench.carrier()
    refs = run_attempt(bench.open(), spec, steps=steps)
    again = run_attempt(bench.open(), spec, refs=refs if kept else {})
    assert bench.count(spec) == 1
    assert len(bench.gateways(spec)) == 2
    assert plan_step_summaries(bench.open(), replace(spec, refs=again)) == []


@pytest.mark.parametrize("lost", range(3))
def test_lost_replies_make_no_second_carrier(bench, lost):
    """First the carrier's, then each gateway's."""
    spec = bench.carrier()
    if lost >= len(plan_step_summaries(bench.open(), spec)):
        pytest.skip("this platform takes a carrier in fewer steps")
    run_attempt(bench.open(), spec, steps=lost)
    bench.lose_reply_to(CREATE)
    with pytest.raises(OutcomeUnknown):
        run_attempt(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert len(bench.gateways(spec)) == 2


def test_a_carrier_is_found_without_refs(bench):
    spec = bench.carrier()
    refs = run_attempt(bench.open(), spec)
    assert dict(bench.open().observe(spec).refs) == refs


def test_drift_of_a_carrier_is_seen_and_mended(bench):
    spec = bench.carrier()
    run_attempt(bench.open(), spec)
    bench.disturb(spec)
    assert plan_step_summaries(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert plan_step_summaries(bench.open(), spec) == []


def test_a_numbers_own_application_comes_first(bench):
    spec = bench.number(application=bench.applications[1])
    run_attempt(bench.open(), spec)
    assert bench.application(spec) == bench.applications[1]
    run_attempt(bench.open(), replace(spec, application=None))
    assert bench.application(spec) == bench.applications[0]


@pytest.mark.parametrize("trunk", TRUNKS)
def test_trunk_types(bench, trunk):
    spec = bench.trunk(trunk)
    run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), spec) == []


@pytest.mark.parametrize("before", TRUNKS)
@pytest.mark.parametrize("after", TRUNKS)
def test_the_trunk_type_changes(bench, before, after):
    old, new = bench.trunk(before), bench.trunk(after)
    run_attempt(bench.open(), old)
    run_attempt(bench.open(), replace(new, marker=old.marker))
    assert bench.count(old) == 1
    assert plan_step_summaries(bench.open(), replace(new, marker=old.marker)) == []
    assert bool(plan_step_summaries(bench.open(), old)) == (before != after)


@pytest.mark.parametrize("trunk", ["auth", "reg"])
def test_a_new_password_is_a_change(bench, trunk):
    spec = bench.trunk(trunk)
    run_attempt(bench.open(), spec)
    login = {"auth": "inbound_auth", "reg": "registration"}[trunk]
    changed = replace(spec, **{login: replace(getattr(spec, login), password="an0ther")})
    assert plan_step_summaries(bench.open(), changed)
    run_attempt(bench.open(), changed)
    assert plan_step_summaries(bench.open(), changed) == []


@pytest.mark.parametrize("gateways", [
    (),
    (GatewaySpec("198.51.100.7"),),
    (GatewaySpec("198.51.100.7", port=5080), GatewaySpec("198.51.100.8", outbound=False)),
    (GatewaySpec("198.51.100.7", protocol="tls"), GatewaySpec("198.51.100.9")),
    (GatewaySpec("203.0.113.0", netmask=24, outbound=False),),
    (GatewaySpec("sip.acme.example", inbound=False, port=None, protocol="tls/srtp"),),
    (GatewaySpec("198.51.100.7", inbound=False), GatewaySpec("198.51.100.7", outbound=False)),
    (GatewaySpec("198.51.100.7"), GatewaySpec("198.51.100.7")),
], ids=["none", "fewer", "port", "protocol", "network", "host", "ways", "twice"])  # fmt: skip
def test_gateways_change(bench, gateways):
    spec = bench.carrier()
    run_attempt(bench.open(), spec)
    changed = replace(spec, gateways=gateways)
    refs = run_attempt(bench.open(), changed)
    assert bench.gateways(spec) == sorted({g: (g.address, g.port) for g in gateways}.values())
    assert plan_step_summaries(bench.open(), changed) == []
    assert dict(bench.open().observe(changed).refs) == refs


def test_a_carrier_is_renamed(bench):
    spec = bench.carrier()
    run_attempt(bench.open(), spec)
    run_attempt(bench.open(), replace(spec, name="Acme of the North"))
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), spec)


def test_removal_of_a_carrier_leaves_nothing_and_can_be_repeated(bench):
    spec = bench.carrier()
    refs = run_attempt(bench.open(), spec)
    for known in (refs, refs, {}):
        assert run_removal(bench.open(), spec, refs=known) == {}
        assert bench.count(spec) == 0
    run_attempt(bench.open(), spec)
    assert run_removal(bench.open(), spec, refs={}) == {}


def test_removal_of_a_carrier_that_never_was(bench):
    provider = bench.open()
    for spec in (bench.carrier(), bench.carrier(trunk_type="pigeon")):
        assert provider.plan_removal(spec, provider.observe(spec)) == []


def test_inventory_lists_our_carriers(bench):
    refs = bench.carrier_refs
    found = [i for i in bench.open().inventory() if i.kind == "carrier" and i.ours]
    assert any(item.refs.items() <= refs.items() for item in found)


def test_no_secret_of_a_carrier_is_written_down_or_told(bench):
    """Not in the log, in specs or plans."""
    told = []
    for trunk in TRUNKS:
        spec, provider = bench.trunk(trunk), bench.open()
        observed = provider.observe(spec)
        told += [spec, observed, provider.plan(spec, observed)]
        told += [
            run_attempt(bench.open(), spec),
            bench.open().observe(spec),
            plan_step_summaries(bench.open(), spec),
        ]
    for secret in (*bench.secrets, *SPEC_SECRETS):
        assert secret not in repr((told, bench.exchanges))
