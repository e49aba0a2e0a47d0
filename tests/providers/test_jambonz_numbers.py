"""jambonz' oddities with numbers, and what Patchbay makes of them."""

from dataclasses import replace
from uuid import uuid4

import pytest

from integrations.providers.base import Refused, Unavailable
from tests.support.jambonz_provider import (
    build_carrier_spec,
    build_number_spec,
    open_jambonz_account,
)
from tests.support.provider_harness import plan_step_summaries, run_attempt, run_removal


@pytest.fixture(params=["sp_key", "account_key"])
def desk(request):
    with open_jambonz_account(request.param) as opened:
        yield opened


def test_the_plus_is_left_out(desk):
    run_attempt(desk.open(), build_number_spec(desk.made(build_carrier_spec())))
    assert desk.jambonz.numbers[0]["number"] == "15550100001"
    lookup = next(r for r in desk.jambonz.requests if r.path.endswith("/PhoneNumbers"))
    assert lookup.query == {"filter": "15550100001", "page": "1", "page_size": "50"}


def test_a_number_always_gets_its_account(desk):
    """A service provider's number without one is in no list, ever."""
    run_attempt(desk.open(), build_number_spec(desk.made(build_carrier_spec())))
    assert desk.writes()[0][2]["account_sid"] == desk.jambonz.account_sid


def test_a_number_costs_two_requests_and_nothing_when_it_is_right(desk):
    """The stock limit is 600 in five minutes, for everybody."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    assert len(desk.jambonz.requests) == 2
    desk.jambonz.requests.clear()
    run_attempt(desk.open(), spec)
    assert len(desk.jambonz.requests) == 1


def test_the_number_filter_finds_parts_of_numbers(desk):
    refs = desk.made(build_carrier_spec())
    for more in ("155501000011", "915550100001"):
        desk.put_number(more, refs["voip_carrier_sid"])
    spec = build_number_spec(refs)
    run_attempt(desk.open(), spec)
    assert len(desk.jambonz.numbers) == 3
    run_removal(desk.open(), spec)
    assert {row["number"] for row in desk.jambonz.numbers} == {"155501000011", "915550100001"}


def test_the_number_may_stand_on_a_later_page(desk):
    refs = desk.made(build_carrier_spec())
    spec = build_number_spec(refs, e164="+777")
    run_attempt(desk.open(), spec)
    for n in range(120):
        desk.put_number(f"1777{n:03}", refs["voip_carrier_sid"])
    assert plan_step_summaries(desk.open(), spec) == []


def test_the_same_number_on_another_carrier_is_another_number(desk):
    """jambonz allows it, and people want it."""
    one, two = desk.made(build_carrier_spec()), desk.made(build_carrier_spec())
    run_attempt(desk.open(), build_number_spec(one))
    run_attempt(desk.open(), build_number_spec(two))
    run_removal(desk.open(), build_number_spec(one))
    (row,) = desk.jambonz.numbers
    assert row["voip_carrier_sid"] == two["voip_carrier_sid"]


def test_a_number_that_came_to_be_since_we_looked_is_adopted(desk):
    refs = desk.made(build_carrier_spec())
    spec = build_number_spec(refs)
    provider = desk.open()
    (step,) = provider.plan(spec, provider.observe(spec))
    desk.put_number("15550100001", refs["voip_carrier_sid"])
    assert step.run({}) == {"phone_number_sid": desk.jambonz.numbers[0]["phone_number_sid"]}
    assert desk.jambonz.numbers[0]["application_sid"] == desk.jambonz.application_sid


def test_a_number_in_no_account_is_explained(desk):
    """Nobody but an administrator can see it; the 422 is all we ever hear of it."""
    refs = desk.made(build_carrier_spec())
    desk.put_number("15550100001", refs["voip_carrier_sid"], None)
    with pytest.raises(Refused, match="administrator must delete"):
        run_attempt(desk.open(), build_number_spec(refs))


def test_a_number_of_another_account_on_a_shared_carrier(desk):
    shared = desk.put_carrier("Shared", None, "service_provider_sid")
    desk.put_number("15550100001", shared, "other_account_sid")
    spec = build_number_spec({"voip_carrier_sid": shared})
    if desk.key == "account_key":  # which does not see it before the 422
        assert plan_step_summaries(desk.open(), spec)
    else:
        with pytest.raises(Refused, match="another account, or in none"):
            plan_step_summaries(desk.open(), spec)
    with pytest.raises(Refused, match="another account"):
        run_attempt(desk.open(), spec)
    run_removal(desk.open(), spec)
    assert len(desk.jambonz.numbers) == 1


def test_an_administrator_sees_the_orphan_and_says_so():
    with open_jambonz_account("admin_key") as desk:
        refs = desk.made(build_carrier_spec())
        desk.put_number("15550100001", refs["voip_carrier_sid"], None)
        with pytest.raises(Refused, match="in another account, or in none"):
            plan_step_summaries(desk.open(), build_number_spec(refs))


def test_only_the_application_is_ever_changed(desk):
    """An empty number or a null carrier in the body would be stored."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    run_attempt(desk.open(), replace(spec, routed=False))
    assert desk.writes()[-1][2] == {"application_sid": None}


def test_a_number_without_default_application_is_made_unrouted(desk):
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(application_sid=""), spec)
    assert desk.jambonz.numbers[0]["application_sid"] is None
    assert plan_step_summaries(desk.open(application_sid=""), spec) == []


def test_a_number_made_inactive_is_made_unrouted(desk):
    run_attempt(desk.open(), build_number_spec(desk.made(build_carrier_spec()), routed=False))
    assert desk.jambonz.numbers[0]["application_sid"] is None


@pytest.mark.parametrize("application", ["foreign_application_sid", None, "words"])
def test_an_application_of_another_tenant_is_refused_by_us(desk, application):
    """jambonz would link it."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    sid = {"words": "reception desk", None: str(uuid4())}.get(application) or getattr(
        desk.jambonz, application
    )
    with pytest.raises(Refused):
        run_attempt(desk.open(), replace(spec, application=sid))
    with pytest.raises(Refused):
        run_attempt(desk.open(), replace(spec, application=sid, e164="+15550100002"))
    assert len(desk.jambonz.numbers) == 1


def test_a_default_application_that_was_deleted_is_explained(desk):
    spec = build_number_spec(desk.made(build_carrier_spec()))
    desk.jambonz.tables["applications"].clear()
    with pytest.raises(Refused, match="no longer, on this jambonz"):
        run_attempt(desk.open(), spec)


def test_a_number_moves_to_another_carrier(desk):
    """It cannot be moved there: the old one goes, a new one comes."""
    one, two = desk.made(build_carrier_spec()), desk.made(build_carrier_spec())
    old = run_attempt(desk.open(), build_number_spec(one))
    moved = build_number_spec(two, refs=old)
    assert len(plan_step_summaries(desk.open(), moved)) == 2
    new = run_attempt(desk.open(), moved)
    (row,) = desk.jambonz.numbers
    assert row["voip_carrier_sid"] == two["voip_carrier_sid"]
    assert new == {"phone_number_sid": row["phone_number_sid"]} != old


def test_a_move_that_breaks_off_loses_nothing(desk):
    one, two = desk.made(build_carrier_spec()), desk.made(build_carrier_spec())
    moved = build_number_spec(two, refs=run_attempt(desk.open(), build_number_spec(one)))
    refs = run_attempt(desk.open(), moved, steps=1)
    assert refs == {}
    run_attempt(desk.open(), moved, refs=refs)
    assert len(desk.jambonz.numbers) == 1


def test_removal_takes_the_one_on_the_old_carrier_too(desk):
    one, two = desk.made(build_carrier_spec()), desk.made(build_carrier_spec())
    old = run_attempt(desk.open(), build_number_spec(one))
    assert run_removal(desk.open(), build_number_spec(two, refs=old)) == {}
    assert desk.jambonz.numbers == []


def test_removal_of_a_number_whose_carrier_is_unknown(desk):
    refs = run_attempt(desk.open(), build_number_spec(desk.made(build_carrier_spec())))
    run_removal(desk.open(), build_number_spec({}, refs=refs))
    assert desk.jambonz.numbers == []


def test_a_number_without_carrier_is_somebody_elses(desk):
    """Nothing is unique there, and nothing of ours is without a carrier."""
    desk.put_number("15550100001", None)
    run_removal(desk.open(), build_number_spec({}))
    run_attempt(desk.open(), build_number_spec(desk.made(build_carrier_spec())))
    assert len(desk.jambonz.numbers) == 2


def test_a_number_that_goes_away_while_it_is_changed(desk):
    """A 500 for a service provider's key, a 404 for others."""
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    provider, unlinked = desk.open(), replace(spec, routed=False)
    (step,) = provider.plan(unlinked, provider.observe(unlinked))
    desk.jambonz.numbers.clear()
    with pytest.raises(Unavailable, match="removed there"):
        step.run({})


def test_a_number_that_went_away_meanwhile(desk):
    spec = build_number_spec(desk.made(build_carrier_spec()))
    run_attempt(desk.open(), spec)
    provider = desk.open()
    (step,) = provider.plan_removal(spec, provider.observe(spec))
    desk.jambonz.numbers.clear()
    assert step.run({}) == {}


def test_a_number_needs_its_carrier_first(desk):
    with pytest.raises(Refused, match="carrier of .* is not on jambonz yet"):
        plan_step_summaries(desk.open(), build_number_spec({}))
