"""Numbers on LiveKit: whose the trunks and rules are, and what becomes of duplicates."""

import json
from dataclasses import replace

import pytest

from integrations.providers.base import Refused, Unavailable
from tests.support.harness_livekit import fake_livekit
from tests.support.provider_harness import SIP_PIN, plan_step_summaries, run_attempt, run_removal

IN, RULE, OUT = "inbound_trunk_id", "dispatch_rule_id", "outbound_trunk_id"


@pytest.fixture
def bench():
    with fake_livekit() as opened:
        yield opened


@pytest.fixture
def livekit(bench):
    return bench.livekit


def of(spec, **changes):
    """The same number with other SIP settings."""
    return replace(spec, sip=replace(spec.sip, **changes))


def marked(spec) -> str:
    return json.dumps({"ref": spec.marker})


def writes(livekit) -> list[str]:
    methods = [heard.path.rpartition("/")[2] for heard in livekit.requests]
    return [method for method in methods if not method.startswith(("List", "Get"))]


# ------------------------------------------------------------------------------------ of somebody


@pytest.mark.parametrize("spelling", ["+{0}{1}", "{0}{1}", "({0}) {1}"])
def test_a_number_on_somebodys_trunk(bench, livekit, spelling):
    spec = bench.number()
    number = spelling.format(spec.e164[1:5], spec.e164[5:])
    other = livekit.put("inbound", numbers=[number], name="Theirs")
    with pytest.raises(Refused, match=f"number in use on LiveKit by trunk {other} .Theirs."):
        run_attempt(bench.open(), spec)
    assert writes(livekit) == []
    run_attempt(bench.open(), of(spec, inbound=False))
    assert run_removal(bench.open(), spec) == {}
    assert [row["sip_trunk_id"] for row in livekit.inbound] == [other]


def test_somebodys_trunk_that_came_while_we_looked(bench, livekit):
    """LiveKit says it in words that are not to be taken apart: look again."""
    spec, provider = bench.number(), bench.open()
    step = provider.plan(spec, provider.observe(spec))[0]
    other = livekit.put("inbound", numbers=[spec.e164])
    with pytest.raises(Refused, match=f"in use on LiveKit by trunk {other}"):
        step.run({})


def test_our_own_trunk_that_came_while_we_looked(bench, livekit):
    spec, provider = bench.number(), bench.open()
    steps = provider.plan(spec, provider.observe(spec))
    own = livekit.put("inbound", numbers=[spec.e164], metadata=marked(spec))
    refs = steps[0].run({})
    assert refs == {IN: own}
    assert livekit.inbound[0]["auth_username"] == "user"
    rule = {"dispatch_rule_direct": {"room_name": "x", "pin": SIP_PIN}}
    made = livekit.put("rules", trunk_ids=[own], rule=rule, name=f"x [{spec.marker}]")
    assert steps[1].run(refs)[RULE] == made
    assert livekit.rules[0]["rule"]["dispatch_rule_direct"]["room_name"] == "reception"
    assert (len(livekit.inbound), len(livekit.rules)) == (1, 1)


def test_a_conflict_that_cannot_be_found_is_told_in_livekits_words(bench, livekit):
    words = {"code": "invalid_argument", "msg": "Conflicting inbound SIP Trunks: whatever"}
    livekit.reply("POST", "CreateSIPInboundTrunk", 400, words)
    with pytest.raises(Refused, match="Conflicting inbound SIP Trunks: whatever"):
        run_attempt(bench.open(), bench.number())


def test_somebodys_rule_on_our_trunk(bench, livekit):
    spec = bench.number()
    refs = run_attempt(bench.open(), replace(spec, routed=False))
    rule = {"dispatch_rule_direct": {"room_name": "x", "pin": SIP_PIN}}
    theirs = livekit.put("rules", trunk_ids=[refs[IN]], rule=rule, name="by hand")
    with pytest.raises(Refused, match="Dispatch rule for the same trunk"):
        run_attempt(bench.open(), spec)
    run_removal(bench.open(), spec)
    assert [row["sip_dispatch_rule_id"] for row in livekit.rules] == [theirs]


def test_a_trunk_for_certain_callers_may_share_the_number(bench, livekit):
    spec = bench.number()
    livekit.put("inbound", numbers=[spec.e164], allowed_numbers=["+15550009999"])
    run_attempt(bench.open(), spec)
    assert len(livekit.inbound) == 2


# ------------------------------------------------------------------- a trunk that the number names


@pytest.fixture
def named(livekit) -> str:
    return livekit.put("outbound", numbers=["*"], address="theirs.example", name="Theirs")


def test_a_named_outbound_trunk_is_used_as_it_is(bench, livekit, named):
    spec = of(bench.number(), outbound_trunk_id=named, server_address="")
    before = dict(livekit.outbound[0])
    refs = run_attempt(bench.open(), spec)
    assert refs[OUT] == named
    assert plan_step_summaries(bench.open(), replace(spec, refs=refs)) == []
    assert run_removal(bench.open(), spec, refs=refs) == {}
    assert livekit.outbound == [before]


def test_a_named_trunk_takes_the_place_of_our_own_and_back(bench, livekit, named):
    spec = bench.number()
    own = run_attempt(bench.open(), spec)
    refs = run_attempt(bench.open(), of(spec, outbound_trunk_id=named), refs=own)
    assert refs[OUT] == named
    assert [row["sip_trunk_id"] for row in livekit.outbound] == [named]
    refs = run_attempt(bench.open(), spec, refs=refs)
    assert refs[OUT] not in (named, own[OUT])
    assert len(livekit.outbound) == 2
    refs = run_attempt(bench.open(), of(spec, outbound=False, outbound_trunk_id=named), refs=refs)
    assert OUT not in refs
    assert [row["sip_trunk_id"] for row in livekit.outbound] == [named]


def test_a_named_trunk_that_is_ours_is_not_touched_while_it_is_named(bench, livekit):
    spec = bench.number()
    own = run_attempt(bench.open(), spec)
    spec = of(spec, outbound_trunk_id=own[OUT], server_address="changed.example")
    assert plan_step_summaries(bench.open(), spec) == []
    assert run_removal(bench.open(), spec) == {}
    assert livekit.outbound == []


def test_a_named_trunk_that_is_not_there(bench, livekit):
    inbound = livekit.put("inbound", numbers=["+15550000001"])
    for nobody in ("ST_nobody", inbound):
        with pytest.raises(Refused, match=f"no outbound trunk {nobody}"):
            run_attempt(bench.open(), of(bench.number(), outbound_trunk_id=nobody))
    assert writes(livekit) == []


# ------------------------------------------------------------------------------------- duplicates


def test_duplicates_are_told_and_merged_only_when_asked_for(bench, livekit):
    """What creations at once leave, or a database that was set back."""
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    doubled = {"numbers": [spec.e164], "metadata": marked(spec)}
    second = livekit.put("inbound", **doubled)
    livekit.put("rules", trunk_ids=[second], name=f"x [{spec.marker}]")
    livekit.put("outbound", **doubled)
    for wish, what in ((spec, "2 inbound trunks"), (of(spec, inbound=False), "2 outbound trunks")):
        with pytest.raises(Refused, match=f"{what}.*/v1/phone-numbers/.id./merge-duplicates"):
            plan_step_summaries(bench.open(), wish)
    merge(bench, replace(spec, refs=refs))
    assert run_attempt(bench.open(), spec, refs=refs) == refs
    assert [len(rows) for rows in (livekit.inbound, livekit.rules, livekit.outbound)] == [1, 1, 1]


def test_without_ids_the_lowest_is_kept(bench, livekit):
    spec = bench.number()
    doubled = {"numbers": [spec.e164], "metadata": marked(spec)}
    for sid in ("ST_bbb", "ST_aaa"):
        livekit.put("inbound", sip_trunk_id=sid, **doubled)
        rule = {"dispatch_rule_direct": {"room_name": "x", "pin": ""}}
        livekit.put("rules", trunk_ids=[sid], rule=rule, name=f"x [{spec.marker}]")
    merge(bench, spec)
    refs = run_attempt(bench.open(), spec)
    assert refs[IN] == "ST_aaa"
    assert [rule["trunk_ids"] for rule in livekit.rules] == [["ST_aaa"]]


def test_merging_removes_rules_first(bench, livekit):
    spec = bench.number()
    for _ in range(2):
        trunk = livekit.put("inbound", numbers=[spec.e164], metadata=marked(spec))
        livekit.put("rules", trunk_ids=[trunk], name=f"x [{spec.marker}]")
    livekit.requests.clear()
    merge(bench, spec)
    assert writes(livekit) == ["DeleteSIPDispatchRule", "DeleteSIPTrunk"]


def merge(bench, spec):
    provider = bench.open()
    observed = provider.observe(spec)
    refs = dict(observed.refs)
    for step in provider.plan_merge(spec, observed):
        refs = step.run(refs)


def test_removal_takes_every_one_of_ours(bench, livekit):
    spec = bench.number()
    for _ in range(2):
        trunk = livekit.put("inbound", numbers=[spec.e164], metadata=marked(spec))
        livekit.put("rules", trunk_ids=[trunk], name=f"x [{spec.marker}]")
        livekit.put("outbound", numbers=[spec.e164], metadata=marked(spec))
    assert run_removal(bench.open(), spec) == {}
    assert (livekit.inbound, livekit.rules, livekit.outbound) == ([], [], [])


def test_removal_looks_again(bench, livekit):
    """A creation whose answer was lost may have come true meanwhile."""
    spec, provider = bench.number(), bench.open()
    run_attempt(bench.open(), spec)
    steps = provider.plan_removal(spec, provider.observe(spec))
    livekit.put("outbound", numbers=[spec.e164], metadata=marked(spec))
    refs = {}
    for step in steps[:-1]:
        refs = step.run(refs)
    with pytest.raises(Unavailable, match="still has something"):
        steps[-1].run(refs)
    assert run_removal(bench.open(), spec) == {}
    assert livekit.outbound == []


def test_removal_order(bench, livekit):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    livekit.requests.clear()
    run_removal(bench.open(), spec, refs=refs)
    heard = [h for h in livekit.requests if "Delete" in h.path]
    assert [next(iter(h.body.values())) for h in heard] == [refs[RULE], refs[IN], refs[OUT]]
