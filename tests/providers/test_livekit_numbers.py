"""Numbers on LiveKit: what their trunks and rules are, and what LiveKit does to them."""

import json
from dataclasses import replace

import pytest

from integrations.providers.base import Refused
from tests.support.harness_livekit import fake_livekit
from tests.support.provider_harness import (
    SIP_PASSWORD,
    SIP_PIN,
    plan_step_summaries,
    run_attempt,
    run_removal,
)

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


def writes(livekit) -> list[str]:
    methods = [heard.path.rpartition("/")[2] for heard in livekit.requests]
    return [method for method in methods if not method.startswith(("List", "Get"))]


# -------------------------------------------------------------------------------------- as wished


def test_what_stands_on_livekit(bench, livekit):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    (inbound,), (rule,), (outbound,) = livekit.inbound, livekit.rules, livekit.outbound
    for trunk in (inbound, outbound):
        assert (trunk["name"], trunk["numbers"]) == ("my-trunk", [spec.e164])
        assert (trunk["auth_username"], trunk["auth_password"]) == ("user", SIP_PASSWORD)
        assert json.loads(trunk["metadata"]) == {"ref": spec.marker}
        assert trunk["media_encryption"] == trunk["media"]["encryption"]
        assert trunk["media_encryption"] == "SIP_MEDIA_ENCRYPT_REQUIRE"
    assert (outbound["address"], outbound["transport"]) == (
        "sip.example.com", "SIP_TRANSPORT_AUTO",
    )  # fmt: skip
    assert rule["rule"] == {"dispatch_rule_direct": {"room_name": "reception", "pin": SIP_PIN}}
    assert rule["trunk_ids"] == [inbound["sip_trunk_id"]]
    assert (rule["metadata"], rule["attributes"]) == ("", {})  # everybody in the room sees them
    assert rule["media"] == {"only_listed_codecs": False, "codecs": []}  # would override the trunk
    assert refs == {
        IN: inbound["sip_trunk_id"],
        RULE: rule["sip_dispatch_rule_id"],
        OUT: outbound["sip_trunk_id"],
    }


@pytest.mark.parametrize(("room", "rule"), [
    ("reception", {"dispatch_rule_direct": {"room_name": "reception"}}),
    ("sales-*", {"dispatch_rule_individual": {"room_prefix": "sales-"}}),
    ("*", {"dispatch_rule_individual": {"room_prefix": "call-"}}),
    ("", {"dispatch_rule_individual": {"room_prefix": "call-"}}),
    ("desk-{called}", {"dispatch_rule_callee": {"room_prefix": "desk-"}}),
    ("{called}", {"dispatch_rule_callee": {"room_prefix": ""}}),
    ("Büro 中文", {"dispatch_rule_direct": {"room_name": "Büro 中文"}}),
])  # fmt: skip
@pytest.mark.parametrize("pin", ["", "1234567890"])
def test_rooms(bench, livekit, room, rule, pin):
    spec = of(bench.number(), room_name=room, pin=pin)
    run_attempt(bench.open(), spec)
    ((kind, wished),) = rule.items()
    found = livekit.rules[0]["rule"][kind]
    assert {**wished, "pin": pin}.items() <= found.items()
    assert plan_step_summaries(bench.open(), spec) == []
    reception = of(spec, room_name="reception")
    run_attempt(bench.open(), reception)
    assert list(livekit.rules[0]["rule"]) == ["dispatch_rule_direct"]
    assert plan_step_summaries(bench.open(), reception) == []


@pytest.mark.parametrize(("encryption", "word"), [
    ("disable", "SIP_MEDIA_ENCRYPT_DISABLE"),
    ("allow", "SIP_MEDIA_ENCRYPT_ALLOW"),
    ("require", "SIP_MEDIA_ENCRYPT_REQUIRE"),
])  # fmt: skip
@pytest.mark.parametrize("before", ["disable", "allow", "require"])
def test_encryption_is_said_in_both_places_whenever_it_changes(
    bench, livekit, before, encryption, word
):
    spec = of(bench.number(), media_encryption=before)
    run_attempt(bench.open(), spec)
    changed = of(spec, media_encryption=encryption)
    assert len(plan_step_summaries(bench.open(), changed)) == (0 if before == encryption else 2)
    run_attempt(bench.open(), changed)
    for trunk in (*livekit.inbound, *livekit.outbound):
        assert (trunk["media_encryption"], trunk["media"]["encryption"]) == (word, word)


@pytest.mark.parametrize(("changes", "kinds"), [
    ({"inbound": False, "outbound": False}, set()),
    ({"outbound": False}, {IN, RULE}),
    ({"inbound": False}, {OUT}),
    ({}, {IN, RULE, OUT}),
], ids=["neither", "inbound", "outbound", "both"])  # fmt: skip
def test_what_is_not_wished_is_not_there(bench, livekit, changes, kinds):
    spec = bench.number()
    assert set(run_attempt(bench.open(), of(spec, **changes))) == kinds
    refs = run_attempt(bench.open(), spec)
    assert set(run_attempt(bench.open(), of(spec, **changes), refs=refs)) == kinds
    tables = {IN: livekit.inbound, RULE: livekit.rules, OUT: livekit.outbound}
    assert {kind for kind, rows in tables.items() if rows} == kinds
    assert plan_step_summaries(bench.open(), of(spec, **changes)) == []


def test_rules_go_before_their_trunks(bench, livekit):
    spec = bench.number()
    run_attempt(bench.open(), spec)
    livekit.requests.clear()
    run_attempt(bench.open(), of(spec, inbound=False))
    assert writes(livekit) == ["DeleteSIPDispatchRule", "DeleteSIPTrunk"]


def test_an_unrouted_number_keeps_its_trunks(bench, livekit):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    left = run_attempt(bench.open(), replace(spec, routed=False), refs=refs)
    assert left == {IN: refs[IN], OUT: refs[OUT]}
    assert livekit.rules == []
    again = run_attempt(bench.open(), spec, refs=left)
    assert (again[IN], again[OUT]) == (refs[IN], refs[OUT])


@pytest.mark.parametrize(("changes", "words"), [
    ({"password": ""}, "belong together"),
    ({"username": ""}, "belong together"),
    ({"media_encryption": "maybe"}, "media encryption maybe"),
    ({"pin": "letters"}, "4 to 10 digits"),
    ({"pin": "12345678901"}, "4 to 10 digits"),
    ({"server_address": ""}, "address of a SIP server"),
    ({"room_name": "{name}-desk"}, "no name of a room"),
    ({"room_name": "desk-{called}*"}, "no name of a room"),
    ({"room_name": "a*b"}, "no name of a room"),
])  # fmt: skip
def test_what_livekit_would_take_and_not_do(bench, livekit, changes, words):
    spec = of(bench.number(), **changes)
    with pytest.raises(Refused, match=words):
        run_attempt(bench.open(), spec)
    assert writes(livekit) == []
    assert run_removal(bench.open(), spec) == {}


def test_a_number_that_is_none(bench):
    with pytest.raises(Refused, match="E.164"):
        plan_step_summaries(bench.open(), replace(bench.number(), e164="15550000001"))


# ------------------------------------------------------------------------------- a server's habits


@pytest.mark.parametrize("drops", [("media",), ("media", "krisp_enabled")])
def test_an_older_server_knows_one_place_for_encryption(drops):
    with fake_livekit(drops=drops) as bench:
        spec = bench.number()
        run_attempt(bench.open(), spec)
        assert plan_step_summaries(bench.open(), spec) == []


def test_a_server_that_knows_no_encryption_does_for_whoever_does_not_require_it():
    with fake_livekit(drops=("media", "media_encryption")) as bench:
        spec = bench.number()
        with pytest.raises(Refused, match="did not keep its media_encryption.*too old"):
            run_attempt(bench.open(), spec)
        assert (bench.livekit.inbound, bench.livekit.outbound) == ([], [])
        run_attempt(bench.open(), of(spec, media_encryption="allow"))
        assert plan_step_summaries(bench.open(), of(spec, media_encryption="allow")) == []


def test_encryption_that_a_change_cannot_bring(bench, livekit):
    spec = of(bench.number(), media_encryption="allow")
    run_attempt(bench.open(), spec)
    livekit.reply("POST", "UpdateSIPInboundTrunk", 200, livekit.inbound[0])
    with pytest.raises(Refused, match="did not keep its media_encryption"):
        run_attempt(bench.open(), of(spec, media_encryption="require"))


def test_what_others_have_added_stays(bench, livekit):
    """Whatever a replacement leaves out would be cleared."""
    spec = bench.number()
    run_attempt(bench.open(), spec)
    (inbound,), (rule,) = livekit.inbound, livekit.rules
    inbound["allowed_addresses"] = ["203.0.113.0/24"]
    inbound["metadata"] = json.dumps({"ref": spec.marker, "note": "theirs"})
    inbound["media"] |= {"only_listed_codecs": True}
    rule |= {"room_config": {"agents": [{"agent_name": "ann"}]}, "hide_phone_number": True}
    changed = of(spec, username="other", room_name="lobby")
    assert plan_step_summaries(bench.open(), spec) == []
    run_attempt(bench.open(), changed)
    (inbound,), (rule,) = livekit.inbound, livekit.rules
    assert inbound["allowed_addresses"] == ["203.0.113.0/24"]
    assert json.loads(inbound["metadata"])["note"] == "theirs"
    assert inbound["media"]["only_listed_codecs"] is True
    assert inbound["auth_username"] == "other"
    assert rule["room_config"] == {"agents": [{"agent_name": "ann"}]}
    assert rule["hide_phone_number"] is True
    assert rule["rule"]["dispatch_rule_direct"]["room_name"] == "lobby"


@pytest.mark.parametrize(("table", "drift"), [
    ("inbound", {"name": "x"}),
    ("inbound", {"numbers": ["{bare}"]}),
    ("inbound", {"numbers": ["{e164}", "+15550009999"]}),
    ("inbound", {"auth_password": "x"}),
    ("inbound", {"media": None}),
    ("inbound", {"media_encryption": "SIP_MEDIA_ENCRYPT_ALLOW"}),
    ("outbound", {"address": "x"}),
    ("outbound", {"auth_username": ""}),
    ("rules", {"trunk_ids": []}),
    ("rules", {"name": "x"}),
    ("rules", {"rule": {"dispatch_rule_direct": {"room_name": "reception", "pin": ""}}}),
])  # fmt: skip
def test_drift_is_mended_in_place(bench, livekit, table, drift):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    (row,) = livekit.stores[table].values()
    forms = {"e164": spec.e164, "bare": spec.e164[1:]}
    row |= {n: [w.format(**forms) for w in v] if n == "numbers" else v for n, v in drift.items()}
    (summary,) = plan_step_summaries(bench.open(), replace(spec, refs=refs))
    assert summary.startswith("change ")
    assert run_attempt(bench.open(), spec, refs=refs) == refs
    assert plan_step_summaries(bench.open(), spec) == []


def test_a_trunk_that_lost_its_mark_is_known_by_its_id(bench, livekit):
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    livekit.stores["inbound"][refs[IN]]["metadata"] = "renamed by hand"
    assert run_attempt(bench.open(), spec, refs=refs) == refs
    assert json.loads(livekit.inbound[0]["metadata"]) == {"ref": spec.marker}


@pytest.mark.parametrize("numbers", [["+15550009999"], []], ids=["another", "none"])
def test_a_trunk_that_lost_its_number_is_made_anew(bench, livekit, numbers):
    """LiveKit does not look for conflicts properly when a trunk is moved to another number."""
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    livekit.stores["inbound"][refs[IN]]["numbers"] = numbers
    livekit.requests.clear()
    again = run_attempt(bench.open(), spec, refs=refs)
    assert again[IN] != refs[IN]
    assert (len(livekit.inbound), len(livekit.rules)) == (1, 1)
    assert "UpdateSIPInboundTrunk" not in writes(livekit)
    assert plan_step_summaries(bench.open(), replace(spec, refs=again)) == []


def test_a_trunk_that_somebody_deleted(bench, livekit):
    """Its rule is left over and points to nothing."""
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    del livekit.stores["inbound"][refs[IN]]
    again = run_attempt(bench.open(), spec, refs=refs)
    assert [rule["trunk_ids"] for rule in livekit.rules] == [[again[IN]]]


def test_wildcard_trunks_and_rules_of_others_are_let_be(bench, livekit):
    livekit.put("inbound", auth_username="wild", auth_password="card")
    livekit.put("rules", rule={"dispatch_rule_direct": {"room_name": "all"}})
    spec = bench.number()
    refs = run_attempt(bench.open(), spec)
    assert plan_step_summaries(bench.open(), spec) == []
    run_removal(bench.open(), spec, refs=refs)
    assert (len(livekit.inbound), len(livekit.rules)) == (1, 1)
