"""The fake LiveKit against the real one: the same questions, the same answers."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.fakes import livekit as fake_module
from tests.fakes.livekit import FakeLiveKit
from tests.support.harness_livekit import LiveKitInspector
from tests.support.livekit_peer import (
    DIRECT_RULE,
    fake_livekit_peer,
    random_number,
    real_livekit_peer,
)

ALLOW, REQUIRE, DISABLE = (f"SIP_MEDIA_ENCRYPT_{word}" for word in ("ALLOW", "REQUIRE", "DISABLE"))


@pytest.fixture(params=[
    pytest.param(fake_livekit_peer, id="fake"),
    pytest.param(real_livekit_peer, id="real", marks=pytest.mark.peers),
])  # fmt: skip
def peer(request):
    with request.param() as opened:
        yield opened


# ---------------------------------------------------------------------------------------- the door


@pytest.mark.parametrize(("claims", "words"), [
    ({"iss": "APIother"}, "invalid API key: APIother"),
    ({"exp": -90}, "token is expired|expired"),
    ({"nbf": 600}, "not valid yet|not yet valid"),
], ids=["key", "late", "early"])  # fmt: skip
def test_tokens(peer, claims, words):
    now = int(time.time())
    moments = {name: now + each if isinstance(each, int) else each for name, each in claims.items()}
    token = peer.token(**moments)
    status, said = peer.refusal("ListSIPInboundTrunk", Authorization=f"Bearer {token}")
    assert status == 401
    assert re.search(words, said)
    assert (token in said) == ("iss" not in claims)


def test_a_wrong_secret_is_told_with_the_whole_token(peer):
    peer.secret = "another-secret-that-is-long-enough-too"
    token = peer.token()
    status, said = peer.refusal("ListSIPInboundTrunk", Authorization=f"Bearer {token}")
    assert status == 401
    assert said.startswith(f"invalid token: {token}, error: ")


def test_clocks_may_differ_by_a_minute(peer):
    now = int(time.time())
    for moments in ({"exp": now - 20}, {"nbf": now + 30, "exp": now + 90}):
        token = peer.token(**moments)
        assert peer.say("ListSIPInboundTrunk", Authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize("grants", [{}, {"sip": {"call": True}}, {"video": {"roomAdmin": True}}])
def test_a_token_without_the_grant(peer, grants):
    token = peer.token(**{"sip": None, **grants})
    answer = peer.refusal("ListSIPInboundTrunk", Authorization=f"Bearer {token}")
    assert answer == (401, "unauthenticated", "permissions denied")


@pytest.mark.parametrize(("header", "said"), [
    ("Basic x", "invalid authorization header. Must start with Bearer"),
    ("Bearer x", "invalid authorization token"),
])  # fmt: skip
def test_headers_that_are_no_token(peer, header, said):
    assert peer.refusal("ListSIPInboundTrunk", Authorization=header) == (401, said)


def test_routes(peer):
    nothing = httpx.post(peer.client.base_url.join("ListSIPInboundTrunk"), json={})
    assert (nothing.status_code, nothing.json()["msg"]) == (401, "permissions denied")
    assert peer.refusal("ListSIPDreams")[:2] == (404, "bad_route")
    assert peer.client.get("ListSIPInboundTrunk").json()["code"] == "bad_route"
    plain = peer.client.post("ListSIPInboundTrunk", content="x", headers={"Content-Type": "text/x"})
    assert (plain.status_code, sorted(plain.json())) == (404, ["code", "meta", "msg"])
    assert peer.client.post("../../elsewhere", json={}).text.strip() == "404 page not found"


@pytest.mark.parametrize("body", [
    [], "x", {"numbers": "x"}, {"numbers": [1]}, {"trunk": {"name": 1}}, {"trunk": []},
])  # fmt: skip
def test_what_is_no_message(peer, body):
    method = "CreateSIPInboundTrunk" if "trunk" in body else "ListSIPInboundTrunk"
    answer = peer.client.post(
        method, json=body, headers={"Authorization": f"Bearer {peer.token()}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


# ---------------------------------------------------------------------------------------- objects


def test_rows_have_every_field_in_snake_case(peer):
    trunk = peer.inbound(random_number(), authUsername="u", krispEnabled=True, bogus=1)
    assert set(trunk) == set(fake_module.OBJECT_KINDS["InboundTrunk"].fields)
    assert (trunk["auth_username"], trunk["krisp_enabled"], trunk["media"]) == ("u", True, None)
    assert re.fullmatch("ST_[A-Za-z0-9]{12}", trunk["sip_trunk_id"])
    assert set(peer.outbound()) == set(fake_module.OBJECT_KINDS["OutboundTrunk"].fields)
    rule = peer.rule(trunk["sip_trunk_id"])
    assert set(rule) == set(fake_module.OBJECT_KINDS["DispatchRule"].fields)
    assert rule["rule"] == {"dispatch_rule_direct": {"room_name": "reception", "pin": ""}}
    assert rule["media"] == {"only_listed_codecs": False, "codecs": []}


def test_a_word_it_does_not_know_is_the_first_of_its_list(peer):
    trunk = peer.outbound(transport="BOGUS", media_encryption="BOGUS", include_headers="BOGUS")
    assert (trunk["transport"], trunk["media_encryption"]) == ("SIP_TRANSPORT_AUTO", DISABLE)
    assert trunk["include_headers"] == "SIP_NO_HEADERS"
    assert peer.outbound(media_encryption=9)["media_encryption"] == 9


@pytest.mark.parametrize(("method", "body", "words"), [
    ("CreateSIPInboundTrunk", {}, "missing trunk"),
    ("CreateSIPInboundTrunk", {"name": "flat", "numbers": ["+1555"]}, "missing trunk"),
    ("CreateSIPInboundTrunk", {"trunk": {}}, "for security, one of the fields must be set"),
    ("CreateSIPInboundTrunk", {"trunk": {"sip_trunk_id": "x"}}, "trunk id must not be set"),
    ("CreateSIPOutboundTrunk", {}, "missing trunk"),
    ("CreateSIPOutboundTrunk", {"trunk": {"address": "x"}}, "no trunk numbers specified"),
    ("CreateSIPOutboundTrunk", {"trunk": {"numbers": ["1"]}}, "no outbound address specified"),
    ("CreateSIPOutboundTrunk", {"trunk": {"numbers": ["1"], "address": "sip:x"}}, "not SIP URI"),
    ("CreateSIPOutboundTrunk", {"trunk": {"numbers": ["1"], "address": "u@x"}}, "not SIP URI"),
    ("CreateSIPOutboundTrunk",
     {"trunk": {"numbers": ["1"], "address": "x;transport=tls"}}, "transport parameter"),
    ("CreateSIPDispatchRule", {}, "missing rule"),
    ("CreateSIPDispatchRule", {"dispatch_rule": {"name": "x"}}, "missing rule"),
    ("CreateSIPDispatchRule", {"dispatch_rule": {"rule": {}}}, "unsupported SIP Dispatch Rule"),
    ("CreateSIPDispatchRule",
     {"dispatch_rule": {"sip_dispatch_rule_id": "x", "rule": {}}}, "rule id must not be set"),
    ("UpdateSIPInboundTrunk", {"replace": {}}, "trunk id must be set"),
    ("UpdateSIPInboundTrunk", {"sip_trunk_id": "ST_x"}, "missing or unsupported update action"),
    ("UpdateSIPOutboundTrunk", {"sip_trunk_id": "ST_x", "replace": {"sip_trunk_id": "ST_y"}},
     "trunk id in the info must be empty or match"),
    ("UpdateSIPOutboundTrunk", {"sip_trunk_id": "ST_x", "replace": {"numbers": ["1"]}},
     "no outbound address"),
    ("UpdateSIPDispatchRule", {"replace": {}}, "rule id must be set"),
    ("GetSIPOutboundTrunk", {}, "trunk ID is required"),
    ("DeleteSIPTrunk", {}, "trunk ID is required"),
    ("DeleteSIPDispatchRule", {}, "dispatch rule ID is required"),
])  # fmt: skip
def test_what_is_refused(peer, method, body, words):
    status, code, said = peer.refusal(method, body)
    assert (status, code) == (400, "invalid_argument")
    assert words in said


@pytest.mark.parametrize("trunk", [
    {"auth_username": "half"}, {"auth_password": "half"}, {"numbers": ["no number"]},
    {"numbers": [""]}, {"allowed_addresses": ["garbage; everybody"]},
])  # fmt: skip
def test_what_is_taken_without_complaint(peer, trunk):
    assert peer.say("CreateSIPInboundTrunk", {"trunk": trunk}).status_code == 200
    if "numbers" not in trunk:  # a wildcard trunk must not stand in the others' way
        peer.say("DeleteSIPTrunk", {"sip_trunk_id": peer.made[-1]})


def test_a_rule_without_a_room_or_a_trunk_that_exists(peer):
    rule = peer.rule("ST_nobody", rule={"dispatch_rule_direct": {"pin": "letters"}})
    assert rule["rule"]["dispatch_rule_direct"] == {"room_name": "", "pin": "letters"}


def test_the_other_kinds_of_rules(peer):
    individual = {"dispatch_rule_individual": {"room_prefix": "call-", "pin": "1234"}}
    found = peer.rule("ST_a1", rule=individual)["rule"]["dispatch_rule_individual"]
    assert found == {"room_prefix": "call-", "pin": "1234", "no_randomness": False}
    callee = {"dispatch_rule_callee": {"room_prefix": "x"}}
    found = peer.rule("ST_a2", rule=callee)["rule"]["dispatch_rule_callee"]
    assert found == {"room_prefix": "x", "pin": "", "randomize": False}
    both = {"dispatch_rule": {"rule": {**individual, **callee}}}
    assert peer.refusal("CreateSIPDispatchRule", both)[1] == "malformed"


# --------------------------------------------------------------------------------------- conflicts


def test_a_number_stands_on_one_inbound_trunk(peer):
    one = random_number()
    first = peer.inbound(one)["sip_trunk_id"]
    for spelling in (one, one.removeprefix("+"), f"{one[:5]} {one[5:8]}-{one[8:]}"):
        again = {"trunk": {"numbers": [spelling]}}
        status, code, said = peer.refusal("CreateSIPInboundTrunk", again)
        assert (status, code) == (400, "invalid_argument")
        assert said.startswith("Conflicting inbound SIP Trunks: ")
        assert said.endswith("without AllowedNumbers set")
        assert f'"{first}"' in said
        assert '"<new>"' in said


def test_trunks_for_certain_callers_share_a_number(peer):
    one, caller = random_number(), random_number()
    peer.inbound(one)
    peer.inbound(one, allowed_numbers=[caller])
    again = {"trunk": {"numbers": [one], "allowed_numbers": [caller]}}
    assert f'and AllowedNumber "{caller}"' in peer.refusal("CreateSIPInboundTrunk", again)[2]


def test_outbound_trunks_are_never_in_conflict(peer):
    one = random_number()
    made = {peer.outbound(numbers=[one])["sip_trunk_id"] for _ in range(3)}
    assert set(peer.listed("ListSIPOutboundTrunk", numbers=[one])) == made
    assert len(made) == 3


def test_a_trunk_has_one_rule_for_each_pin(peer):
    trunk = peer.inbound(random_number())["sip_trunk_id"]
    peer.rule(trunk)
    peer.rule(trunk, rule={"dispatch_rule_direct": {"room_name": "x", "pin": "1234"}})
    again = {"dispatch_rule": {"trunk_ids": [trunk], "rule": DIRECT_RULE, "name": "second"}}
    status, code, said = peer.refusal("CreateSIPDispatchRule", again)
    assert (status, code) == (400, "invalid_argument")
    assert said.startswith("Dispatch rule for the same trunk, inbound number, number, and PIN")


def test_the_check_for_conflicts_has_a_hole(peer):
    """A trunk is moved to a number that another one holds."""
    one, other = random_number(), random_number()
    peer.inbound(one)
    moving = peer.inbound(other)["sip_trunk_id"]
    peer.ask("UpdateSIPInboundTrunk", sip_trunk_id=moving, replace={"numbers": [one]})
    assert len(peer.listed("ListSIPInboundTrunk", numbers=[one])) == 2


@pytest.mark.parametrize("delay", [0.05])
def test_creations_at_once_all_succeed(delay):
    """Only of the fake: the real one does so in two rounds of three."""
    with FakeLiveKit() as livekit, ThreadPoolExecutor(4) as pool:
        livekit.store_delay = delay
        eye, one = (
            LiveKitInspector(livekit.url, livekit.api_key, livekit.api_secret),
            random_number(),
        )
        create = {"trunk": {"numbers": [one]}}
        list(pool.map(lambda _: eye.say("CreateSIPInboundTrunk", create), range(4)))
        eye.client.close()
        assert len(livekit.inbound) == 4


# ------------------------------------------------------------------------------------------ lists


def test_the_filter_by_number(peer):
    one = random_number()
    trunk, out = peer.inbound(one)["sip_trunk_id"], peer.outbound(numbers=[one])["sip_trunk_id"]
    spelled = f"{one[1:5]} {one[5:8]}-{one[8:]}"
    assert peer.listed("ListSIPInboundTrunk", numbers=[spelled]) == [trunk]
    assert peer.listed("ListSIPOutboundTrunk", numbers=[one]) == [out]
    assert peer.listed("ListSIPOutboundTrunk", numbers=[spelled]) == []


def test_wildcards_pass_every_filter(peer):
    wildcard = peer.inbound(auth_username="u", auth_password="p")["sip_trunk_id"]
    assert wildcard in peer.listed("ListSIPInboundTrunk", numbers=[random_number()])
    rule = peer.rule(rule={"dispatch_rule_direct": {"room_name": "x", "pin": "4711"}})
    assert rule["sip_dispatch_rule_id"] in peer.listed("ListSIPDispatchRule", trunk_ids=["ST_x"])


def test_filters_by_id(peer):
    one = peer.inbound(random_number())["sip_trunk_id"]
    assert peer.listed("ListSIPInboundTrunk", trunk_ids=[one, "ST_nobody"]) == [one]
    rule = peer.rule(one)["sip_dispatch_rule_id"]
    assert peer.listed("ListSIPDispatchRule", dispatch_rule_ids=[rule]) == [rule]
    both = {"trunk_ids": [one], "numbers": [random_number()]}
    assert peer.listed("ListSIPInboundTrunk", **both) == []


def test_a_page_next_to_a_filter_overlooks_trunks(monkeypatch):
    """Only of the fake: the real one does so from the 1,001st trunk on."""
    monkeypatch.setattr(fake_module, "BATCH_SIZE", 3)
    with FakeLiveKit() as livekit:
        eye = LiveKitInspector(livekit.url, livekit.api_key, livekit.api_secret)
        numbers = [f"+1555000{i:04}" for i in range(9)]
        for one in numbers:
            livekit.put("inbound", numbers=[one])
        found = [
            len(eye.ask("ListSIPInboundTrunk", numbers=[one], page={})["items"]) for one in numbers
        ]
        eye.client.close()
    assert sorted(found) == [0] * 6 + [1] * 3


# ------------------------------------------------------------------------- changes and removals


def test_replace_keeps_the_id_and_clears_the_rest(peer):
    trunk = peer.inbound(
        random_number(), name="old", metadata="m", auth_username="u", auth_password="p"
    )
    new = {"numbers": trunk["numbers"], "name": "new"}
    changed = peer.ask("UpdateSIPInboundTrunk", sip_trunk_id=trunk["sip_trunk_id"], replace=new)
    assert (changed["sip_trunk_id"], changed["name"]) == (trunk["sip_trunk_id"], "new")
    assert (changed["metadata"], changed["auth_password"]) == ("", "")


@pytest.mark.parametrize("encryption", [DISABLE, ALLOW, REQUIRE])
def test_encryption_said_in_both_places_is_kept(peer, encryption):
    both = {"media_encryption": encryption, "media": {"encryption": encryption}}
    for before in (DISABLE, ALLOW, REQUIRE):
        old = {"media_encryption": before, "media": {"encryption": before}}
        trunk = peer.outbound(**old)
        new = {"numbers": trunk["numbers"], "address": "x", **both}
        now = peer.ask("UpdateSIPOutboundTrunk", sip_trunk_id=trunk["sip_trunk_id"], replace=new)
        assert (now["media_encryption"], now["media"]["encryption"]) == (encryption, encryption)


def test_a_partial_change_of_encryption_works_once(peer):
    trunk = peer.outbound()
    for wished, kept in ((ALLOW, ALLOW), (REQUIRE, ALLOW), (DISABLE, ALLOW)):
        update = {"media_encryption": wished}
        peer.ask("UpdateSIPOutboundTrunk", sip_trunk_id=trunk["sip_trunk_id"], update=update)
        found = peer.ask("GetSIPOutboundTrunk", sip_trunk_id=trunk["sip_trunk_id"])["trunk"]
        assert (found["media_encryption"], found["media"]["encryption"]) == (kept, kept)


def test_a_partial_change_that_is_none(peer):
    trunk = peer.outbound()["sip_trunk_id"]
    for update, status, words in (
        ({"numbers": {"set": []}}, 400, "unsupported list update operation"),
        ({"numbers": {"clear": True}}, 500, "no trunk numbers specified"),
        ({"address": "sip:x"}, 500, "not SIP URI"),
    ):
        body = {"sip_trunk_id": trunk, "update": update}
        said = peer.refusal("UpdateSIPOutboundTrunk", body)
        assert said[0] == status
        assert words in said[2]


def test_what_is_not_there(peer):
    no_trunk = (404, "not_found", "requested sip trunk does not exist")
    no_rule = (404, "not_found", "requested sip dispatch rule does not exist")
    out = peer.outbound()["sip_trunk_id"]
    assert peer.refusal("GetSIPOutboundTrunk", {"sip_trunk_id": "ST_nobody"}) == no_trunk
    assert peer.refusal("GetSIPInboundTrunk", {"sip_trunk_id": out}) == no_trunk
    replace = {"sip_trunk_id": "ST_nobody", "replace": {"numbers": ["+1555"]}}
    assert peer.refusal("UpdateSIPInboundTrunk", replace) == no_trunk
    replace = {"sip_dispatch_rule_id": "SDR_nobody", "replace": {"rule": DIRECT_RULE}}
    assert peer.refusal("UpdateSIPDispatchRule", replace) == no_rule
    assert peer.refusal("DeleteSIPDispatchRule", {"sip_dispatch_rule_id": "SDR_no"}) == no_rule
    assert peer.say("DeleteSIPTrunk", {"sip_trunk_id": "ST_nobody"}).status_code == 200


def test_a_rule_outlives_its_trunk(peer):
    trunk = peer.inbound(random_number())["sip_trunk_id"]
    rule = peer.rule(trunk)["sip_dispatch_rule_id"]
    peer.ask("DeleteSIPTrunk", sip_trunk_id=trunk)
    assert peer.listed("ListSIPDispatchRule", trunk_ids=[trunk]) == [rule]
