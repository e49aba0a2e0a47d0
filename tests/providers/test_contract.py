"""The contract that every provider keeps, on every bench there is: fakes, and real servers.

`bench.number()` is a number as the platform takes them. What is asked of those that take carriers
as well is in tests/providers/test_carriers.py.
"""

from dataclasses import replace

import pytest

from integrations.providers.base import CredentialsRefused, OutcomeUnknown, ProviderError
from tests.support.provider_harness import (
    CHANGE,
    CREATE,
    DELETE,
    READ,
    SPEC_SECRETS,
    harness_params,
    open_harness,
    plan_step_summaries,
    run_attempt,
    run_removal,
)


@pytest.fixture(params=harness_params())
def bench(request):
    with open_harness(request) as bench:
        yield bench


# ----------------------------------------------------------------------------------- the account


def test_its_fields_are_declared(bench):
    kind = bench.kind
    names = [field.name for field in kind.fields]
    assert kind.kind
    assert kind.title
    assert kind.roles
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
    assert bench.deeds() <= {READ}


def test_wrong_credentials(bench):
    with pytest.raises(CredentialsRefused):
        bench.open(bench.wrong_account).check()


def test_wrong_credentials_while_working(bench):
    spec = bench.number()
    with pytest.raises(CredentialsRefused):
        run_attempt(bench.open(bench.wrong_account), spec)


# -------------------------------------------------------------------------------- making it so


def test_a_number_is_made_once(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert bench.route(spec) is not None
    assert refs
    assert run_attempt(bench.open(), spec, refs=refs) == refs
    assert bench.count(spec) == 1


def test_refs_are_flat_and_strings(bench):
    refs = run_attempt(bench.open(), bench.number())
    assert all(isinstance(part, str) for pair in refs.items() for part in pair)


def test_what_is_there_needs_no_plan(bench):
    spec = bench.number()
    assert plan_step_summaries(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert plan_step_summaries(bench.open(), spec) == []


def test_looking_changes_nothing(bench):
    spec, provider = bench.number(), bench.open()
    del bench.exchanges[:]
    observed = provider.observe(spec)
    provider.plan(spec, observed)
    provider.plan_merge(spec, observed)
    provider.plan_removal(spec, observed)
    assert not observed.exists
    assert bench.count(spec) == 0
    assert bench.deeds() <= {READ}


def test_every_step_is_a_sentence(bench):
    for summary in plan_step_summaries(bench.open(), bench.number()):
        assert " " in summary
        assert bench.kind.title.lower() in summary.lower()


# --------------------------------------------------------------------------- when it breaks off


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("kept", [True, False], ids=["refs-saved", "refs-lost"])
def test_a_number_after_a_crash(bench, steps, kept):
    """After any step, with what that step brought saved or not, the next attempt makes it whole."""
    spec = bench.number()
    refs = run_attempt(bench.open(), spec, steps=steps)
    again = run_attempt(bench.open(), spec, refs=refs if kept else {})
    assert bench.count(spec) == 1
    assert refs.items() <= again.items()
    assert plan_step_summaries(bench.open(), replace(spec, refs=again)) == []


@pytest.mark.parametrize("lost", range(3))
def test_lost_replies_make_no_second_number(bench, lost):
    """To any of its steps: the outcome is unknown, and the next look knows."""
    spec = bench.number()
    if lost >= len(plan_step_summaries(bench.open(), spec)):
        pytest.skip("this platform takes a number in fewer steps")
    run_attempt(bench.open(), spec, steps=lost)
    bench.lose_reply_to(CREATE)
    with pytest.raises(OutcomeUnknown):
        run_attempt(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), spec) == []


def test_a_lost_reply_to_a_change(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    bench.lose_reply_to(CHANGE)
    with pytest.raises(OutcomeUnknown):
        run_attempt(bench.open(), bench.changed(spec))
    assert plan_step_summaries(bench.open(), bench.changed(spec)) == []


def test_a_lost_reply_to_a_removal(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    bench.lose_reply_to(DELETE)
    with pytest.raises(OutcomeUnknown):
        run_removal(bench.open(), spec)
    run_removal(bench.open(), spec)
    assert bench.count(spec) == 0


# ----------------------------------------------------------------------------- found again, drift


def test_a_number_is_found_without_refs(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    assert dict(bench.open().observe(spec).refs) == refs


def test_drift_is_seen_and_mended(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    bench.disturb(spec)
    assert plan_step_summaries(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert plan_step_summaries(bench.open(), spec) == []


def test_a_change_is_seen_and_made(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    assert plan_step_summaries(bench.open(), bench.changed(spec))
    run_attempt(bench.open(), bench.changed(spec), refs=refs)
    assert plan_step_summaries(bench.open(), bench.changed(spec)) == []
    assert bench.count(spec) == 1


def test_routing_is_unlinked_and_linked(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    linked = bench.route(spec)
    run_attempt(bench.open(), replace(spec, routed=False))
    assert bench.route(spec) is None
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), replace(spec, routed=False)) == []
    run_attempt(bench.open(), spec)
    assert bench.route(spec) == linked


# --------------------------------------------------------------------------------------- removal


def test_removal_leaves_nothing_and_can_be_repeated(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    assert run_removal(bench.open(), spec, refs=refs) == {}
    assert bench.count(spec) == 0
    assert run_removal(bench.open(), spec, refs=refs) == {}


def test_removal_finds_what_was_made_without_refs(bench):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    assert run_removal(bench.open(), spec, refs={}) == {}
    assert bench.count(spec) == 0


def test_removal_of_what_was_never_made(bench):
    spec, provider = bench.number(), bench.open()
    assert provider.plan_removal(spec, provider.observe(spec)) == []


def test_removal_does_not_ask_whether_the_wish_was_well_formed(bench):
    """What could never be made must still be possible to take back."""
    spec, provider = bench.number(e164="+0"), bench.open()
    assert provider.plan_removal(spec, provider.observe(spec)) == []


# ------------------------------------------------------------------------------------- the account


def test_inventory_lists_what_we_made(bench):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    items = list(bench.open().inventory())
    number = next(i for i in items if i.kind == "number" and i.name == spec.e164)
    assert number.ours
    shared = refs.keys() & number.refs.keys()  # a provider may remember more than there is
    assert shared
    assert all(refs[name] == number.refs[name] for name in shared)


def test_no_secret_is_written_down_or_told(bench):
    """Neither the account's nor the wish's: not in the log, in errors, specs or plans."""
    spec, provider = bench.number(), bench.open()
    observed = provider.observe(spec)
    told = [spec, observed, provider.plan(spec, observed)]
    told += [
        run_attempt(bench.open(), spec),
        bench.open().observe(spec),
        plan_step_summaries(bench.open(), spec),
    ]
    told += [run_attempt(bench.open(), bench.changed(spec)), run_removal(bench.open(), spec)]
    for ask in (lambda wrong: wrong.check(), lambda wrong: wrong.observe(spec)):
        with pytest.raises(ProviderError) as refused:
            ask(bench.open(bench.wrong_account))
        told += [str(refused.value), repr(refused.value)]
    assert bench.exchanges or bench.kind.base_url_field is None
    for secret in (*bench.secrets, *bench.wrong_secrets, *SPEC_SECRETS):
        assert secret not in repr((told, bench.exchanges))
