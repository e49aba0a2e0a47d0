"""A number that is inactive from the first day: set up on its platform, never routed there."""

from dataclasses import replace

import pytest

from integrations.providers.base import OutcomeUnknown
from tests.support.provider_harness import (
    CREATE,
    harness_params,
    open_harness,
    plan_step_summaries,
    run_attempt,
    run_removal,
)

MOST_STEPS = 4


@pytest.fixture(params=harness_params())
def bench(request):
    with open_harness(request) as bench:
        yield bench


@pytest.fixture
def spec(bench):
    return replace(bench.number(), routed=False)


def test_it_is_made_once_and_leads_nowhere(bench, spec):
    refs = run_attempt(bench.open(), spec)
    assert bench.count(spec) == 1
    assert bench.route(spec) is None
    assert plan_step_summaries(bench.open(), replace(spec, refs=refs)) == []


def test_it_is_routed_after_no_step(bench, spec):
    """Not even between two of them, whatever the next attempt remembers of the one before."""
    for steps in range(MOST_STEPS):
        run_attempt(bench.open(), spec, steps=steps)
        assert bench.count(spec) == 0 or bench.route(spec) is None


def test_a_lost_reply_routes_nothing(bench, spec):
    if plan_step_summaries(bench.open(), spec):  # an account may have the number as it is wanted
        bench.lose_reply_to(CREATE)
        with pytest.raises(OutcomeUnknown):
            run_attempt(bench.open(), spec)
    run_attempt(bench.open(), spec)
    assert (bench.count(spec), bench.route(spec)) == (1, None)


def test_it_can_be_switched_on_later(bench, spec):
    refs = run_attempt(bench.open(), spec)
    run_attempt(bench.open(), replace(spec, routed=True), refs=refs)
    assert bench.route(spec) is not None
    assert bench.count(spec) == 1
    assert plan_step_summaries(bench.open(), replace(spec, routed=True, refs=refs)) == []


def test_it_can_be_removed(bench, spec):
    refs = run_attempt(bench.open(), spec)
    assert run_removal(bench.open(), spec, refs=refs) == {}
    assert bench.count(spec) == 0
