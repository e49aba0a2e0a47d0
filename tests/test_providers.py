"""The contract that every provider keeps, on every bench there is: fakes, and real servers."""

import contextlib
from dataclasses import replace

import pytest

from integrations.providers.base import (
    CredentialsRefused,
    GatewaySpec,
    OutcomeUnknown,
    ProviderError,
)
from tests.bench_sandbox import open_sandbox
from tests.benches import BENCHES, plan, remove, run

ALL = {"sandbox": open_sandbox, **BENCHES}


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    """A real server is a peer; the sandbox lives in the database."""
    marks = [pytest.mark.peers] if "-real-" in name else []
    return [*marks, pytest.mark.django_db] if name == "sandbox" else marks


PARAMS = [pytest.param(name, marks=marks_of(name)) for name in ALL]


@pytest.fixture(params=PARAMS)
def bench(request):
    if request.param == "sandbox":
        request.getfixturevalue("db")
    with ALL[request.param]() as opened:
        yield opened


@pytest.fixture
def carrier_refs(bench):
    return run(bench.open(), bench.carrier())


# ----------------------------------------------------------------------------------- the account


def test_its_fields_are_declared(bench):
    kind = bench.kind
    names = [field.name for field in kind.fields]
    assert kind.kind
    assert kind.title
    assert kind.roles <= {"carrier", "sip", "twilio"}
    assert kind.base_url_field is None or kind.base_url_field in names
    assert set(bench.account) <= set(names)


def test_a_good_account_has_no_complaints(bench):
    assert bench.kind.clean(bench.account) == {}


def test_check_tells_what_the_credentials_open(bench):
    result = bench.open().check()
    assert result.summary
    assert all(isinstance(value, str) for value in result.facts.values())
    assert not any(secret in repr(result) for secret in bench.secrets)


def test_check_changes_nothing(bench):
    bench.open().check()
    assert {exchange.method for exchange in bench.exchanges} <= {"GET"}


def test_wrong_credentials(bench):
    with pytest.raises(CredentialsRefused):
        bench.open(bench.wrong_account).check()


def test_wrong_credentials_while_working(bench):
    with pytest.raises(CredentialsRefused):
        run(bench.open(bench.wrong_account), bench.carrier())


# -------------------------------------------------------------------------------- making it so


def test_a_carrier_is_made_once(bench):
    spec = bench.carrier()
    refs = run(bench.open(), spec)
    assert bench.count(spec) == 1
    assert bench.gateways(spec) == [("198.51.100.7", 5060), ("198.51.100.8", 5060)]
    assert refs
    assert run(bench.open(), spec, refs=refs) == refs
    assert bench.count(spec) == 1


def test_a_number_is_made_once(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    refs = run(bench.open(), spec)
    assert bench.count(spec) == 1
    assert bench.application(spec) == bench.applications[0]
    assert run(bench.open(), spec, refs=refs) == refs
    assert bench.count(spec) == 1


def test_refs_are_flat_and_strings(bench, carrier_refs):
    refs = {**carrier_refs, **run(bench.open(), bench.number(carrier_refs))}
    assert all(isinstance(part, str) for pair in refs.items() for part in pair)


def test_what_is_there_needs_no_plan(bench, carrier_refs):
    spec = bench.carrier()
    assert plan(bench.open(), spec)
    run(bench.open(), spec)
    assert plan(bench.open(), spec) == []
    number = bench.number(carrier_refs)
    assert plan(bench.open(), number)
    run(bench.open(), number)
    assert plan(bench.open(), number) == []


def test_looking_changes_nothing(bench, carrier_refs):
    del bench.exchanges[:]
    provider = bench.open()
    for spec in (bench.carrier(), bench.number(carrier_refs)):
        observed = provider.observe(spec)
        provider.plan(spec, observed)
        provider.plan_removal(spec, observed)
        assert not observed.exists
        assert bench.count(spec) == 0
    assert {exchange.method for exchange in bench.exchanges} <= {"GET"}


def test_two_of_the_same_name_are_two(bench):
    one, two = bench.carrier(), bench.carrier()
    assert run(bench.open(), one) != run(bench.open(), two)
    assert (bench.count(one), bench.count(two)) == (1, 1)


def test_a_long_name(bench):
    spec = bench.carrier(
        name="Société Générale de Télécommunications du Nord-Est et du Sud 中文 🎉"
    )
    run(bench.open(), spec)
    assert bench.count(spec) == 1
    assert plan(bench.open(), spec) == []


def test_every_step_is_a_sentence(bench):
    for summary in plan(bench.open(), bench.carrier()):
        assert " " in summary
        assert bench.kind.title.lower() in summary.lower()


# --------------------------------------------------------------------------- when it breaks off


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("kept", [True, False], ids=["refs-saved", "refs-lost"])
def test_a_carrier_after_a_crash(bench, steps, kept):
    """After any step, with what that step brought saved or not, the next attempt makes it whole."""
    spec = bench.carrier()
    refs = run(bench.open(), spec, steps=steps)
    again = run(bench.open(), spec, refs=refs if kept else {})
    assert bench.count(spec) == 1
    assert len(bench.gateways(spec)) == 2
    assert plan(bench.open(), replace(spec, refs=again)) == []


def test_a_number_after_a_crash(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    first = run(bench.open(), spec)
    assert run(bench.open(), spec, refs={}) == first
    assert bench.count(spec) == 1


@pytest.mark.parametrize("lost", range(3))
def test_lost_replies_make_no_second_carrier(bench, lost):
    """First the carrier's, then each gateway's: the outcome is unknown, and the next look knows."""
    spec = bench.carrier()
    if lost >= len(plan(bench.open(), spec)):
        pytest.skip("this platform takes a carrier in fewer steps")
    run(bench.open(), spec, steps=lost)
    bench.lose_reply_to("POST")
    with pytest.raises(OutcomeUnknown):
        run(bench.open(), spec)
    run(bench.open(), spec)
    assert bench.count(spec) == 1
    assert len(bench.gateways(spec)) == 2


def test_a_lost_reply_makes_no_second_number(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    bench.lose_reply_to("POST")
    with pytest.raises(OutcomeUnknown):
        run(bench.open(), spec)
    run(bench.open(), spec)
    assert bench.count(spec) == 1


def test_a_lost_reply_to_a_change(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    run(bench.open(), spec)
    bench.lose_reply_to("PUT")
    with pytest.raises(OutcomeUnknown):
        run(bench.open(), replace(spec, routed=False))
    assert plan(bench.open(), replace(spec, routed=False)) == []


def test_a_lost_reply_to_a_removal(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    run(bench.open(), spec)
    bench.lose_reply_to("DELETE")
    with pytest.raises(OutcomeUnknown):
        remove(bench.open(), spec)
    remove(bench.open(), spec)
    assert bench.count(spec) == 0


# ----------------------------------------------------------------------------- found again, drift


def test_a_carrier_is_found_without_refs(bench):
    spec = bench.carrier()
    refs = run(bench.open(), spec)
    assert dict(bench.open().observe(spec).refs) == refs


def test_a_number_is_found_without_refs(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    refs = run(bench.open(), spec)
    assert dict(bench.open().observe(spec).refs) == refs


def test_drift_is_seen_and_mended(bench, carrier_refs):
    for spec in (bench.carrier(), bench.number(carrier_refs)):
        run(bench.open(), spec)
        bench.disturb(spec)
        assert plan(bench.open(), spec)
        run(bench.open(), spec)
        assert plan(bench.open(), spec) == []


def test_routing_is_unlinked_and_linked(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    run(bench.open(), spec)
    run(bench.open(), replace(spec, routed=False))
    assert bench.application(spec) is None
    assert bench.count(spec) == 1
    run(bench.open(), spec)
    assert bench.application(spec) == bench.applications[0]


def test_a_numbers_own_application_comes_first(bench, carrier_refs):
    spec = bench.number(carrier_refs, application=bench.applications[1])
    run(bench.open(), spec)
    assert bench.application(spec) == bench.applications[1]
    run(bench.open(), replace(spec, application=None))
    assert bench.application(spec) == bench.applications[0]


# -------------------------------------------------------------------------------------- carriers

TRUNKS = ["static_ip", "auth", "reg"]


@pytest.mark.parametrize("trunk", TRUNKS)
def test_trunk_types(bench, trunk):
    spec = bench.trunk(trunk)
    run(bench.open(), spec)
    assert bench.count(spec) == 1
    assert plan(bench.open(), spec) == []


@pytest.mark.parametrize("before", TRUNKS)
@pytest.mark.parametrize("after", TRUNKS)
def test_the_trunk_type_changes(bench, before, after):
    old, new = bench.trunk(before), bench.trunk(after)
    run(bench.open(), old)
    run(bench.open(), replace(new, marker=old.marker))
    assert bench.count(old) == 1
    assert plan(bench.open(), replace(new, marker=old.marker)) == []
    assert bool(plan(bench.open(), old)) == (before != after)


@pytest.mark.parametrize("trunk", ["auth", "reg"])
def test_a_new_password_is_a_change(bench, trunk):
    spec = bench.trunk(trunk)
    run(bench.open(), spec)
    login = {"auth": "inbound_auth", "reg": "registration"}[trunk]
    changed = replace(spec, **{login: replace(getattr(spec, login), password="an0ther")})
    assert plan(bench.open(), changed)
    run(bench.open(), changed)
    assert plan(bench.open(), changed) == []


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
    run(bench.open(), spec)
    changed = replace(spec, gateways=gateways)
    refs = run(bench.open(), changed)
    assert bench.gateways(spec) == sorted({g: (g.address, g.port) for g in gateways}.values())
    assert plan(bench.open(), changed) == []
    assert dict(bench.open().observe(changed).refs) == refs


def test_a_carrier_is_renamed(bench):
    spec = bench.carrier()
    run(bench.open(), spec)
    run(bench.open(), replace(spec, name="Acme of the North"))
    assert bench.count(spec) == 1
    assert plan(bench.open(), spec)


# --------------------------------------------------------------------------------------- removal


def test_removal_leaves_nothing_and_can_be_repeated(bench):
    carrier = bench.carrier()
    refs = run(bench.open(), carrier)
    number = bench.number(refs)
    for spec, known in ((number, run(bench.open(), number)), (carrier, refs)):
        assert remove(bench.open(), spec, refs=known) == {}
        assert bench.count(spec) == 0
        assert remove(bench.open(), spec, refs=known) == {}


def test_removal_finds_what_was_made_without_refs(bench, carrier_refs):
    for spec in (bench.number(carrier_refs), bench.carrier()):
        run(bench.open(), spec)
        assert remove(bench.open(), spec, refs={}) == {}
        assert bench.count(spec) == 0


def test_removal_of_what_was_never_made(bench, carrier_refs):
    provider = bench.open()
    for spec in (bench.carrier(), bench.number(carrier_refs)):
        assert provider.plan_removal(spec, provider.observe(spec)) == []


def test_removal_does_not_ask_whether_the_wish_was_well_formed(bench, carrier_refs):
    """What could never be made must still be possible to take back."""
    provider = bench.open()
    for spec in (bench.carrier(trunk_type="pigeon"), bench.number(carrier_refs, e164="+0")):
        assert provider.plan_removal(spec, provider.observe(spec)) == []


# ------------------------------------------------------------------------------------- the account


def test_inventory_lists_what_we_made(bench, carrier_refs):
    spec = bench.number(carrier_refs)
    refs = run(bench.open(), spec)
    items = list(bench.open().inventory())
    number = next(i for i in items if i.kind == "number" and i.name == spec.e164)
    assert number.ours
    assert refs.items() <= number.refs.items()
    assert any(
        i.kind == "carrier" and i.ours and i.refs.items() <= carrier_refs.items() for i in items
    )


def test_no_secret_is_written_down_or_told(bench):
    """Neither the account's nor the carriers': not in the log, in errors, specs or plans."""
    told = []
    for trunk in TRUNKS:
        spec, provider = bench.trunk(trunk), bench.open()
        observed = provider.observe(spec)
        told += [spec, observed, provider.plan(spec, observed)]
        told += [run(bench.open(), spec), bench.open().observe(spec), plan(bench.open(), spec)]
        with contextlib.suppress(ProviderError):
            bench.open(bench.wrong_account).observe(spec)
    with pytest.raises(ProviderError) as refused:
        bench.open(bench.wrong_account).check()
    told += [str(refused.value), repr(refused.value), bench.exchanges]
    assert bench.exchanges or bench.kind.base_url_field is None
    wrong = [bench.wrong_account[field.name] for field in bench.kind.fields if field.secret]
    for secret in (*bench.secrets, *wrong, "r3gister-me", "l3t-me-in"):
        assert secret not in repr(told)
