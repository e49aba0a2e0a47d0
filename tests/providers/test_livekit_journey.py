"""From an import to a LiveKit, fake or real: what was asked for is there, once, and goes again."""

import pytest

from integrations.models import Integration, Operation, ProviderCall
from numbers.inventory.operations import change_number, delete_number, merge_duplicates
from numbers.models import PhoneNumber
from tests.fakes.livekit import FakeLiveKit
from tests.support import factories
from tests.support.harness_livekit import LiveKitInspector
from tests.support.livekit_integration import (
    NUMBER,
    SIP_SETTINGS,
    connect_livekit,
    import_sip_number,
)
from tests.support.livekit_server import real_livekit
from tests.support.platforms import LOOPBACK

pytestmark = pytest.mark.django_db
REQUIRE = "SIP_MEDIA_ENCRYPT_REQUIRE"


@pytest.fixture
def loopback(settings):
    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK


@pytest.fixture
def fake(alice, loopback):
    """Connected, as the default for SIP."""
    with FakeLiveKit() as livekit:
        connect_livekit(alice.by, livekit.base_url, livekit.api_key, livekit.api_secret)
        yield livekit


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.peers)])
def eye(request, alice, loopback):
    """A look at either of them, past Patchbay."""
    server = request.getfixturevalue("fake") if request.param == "fake" else real_livekit()
    if request.param == "real":
        connect_livekit(alice.by, server.url, server.api_key, server.api_secret)
    opened = LiveKitInspector(server.url, server.api_key, server.api_secret)
    yield opened
    opened.clear(NUMBER)
    opened.client.close()


@pytest.fixture
def number(alice, eye) -> PhoneNumber:
    return settled(import_sip_number(alice.by))


def settled(number: PhoneNumber) -> PhoneNumber:
    factories.run_number_operations(number)
    return number


def sizes(eye) -> dict[str, int]:
    return {kind: len(rows) for kind, rows in eye.of(NUMBER).items()}


def test_an_import_makes_exactly_what_was_asked_for(eye, number):
    (inbound,), (outbound,), (rule,) = eye.of(NUMBER).values()
    assert number.status == "active", number.error_message
    for trunk in (inbound, outbound):
        assert (trunk["name"], trunk["numbers"]) == ("my-trunk", [NUMBER])
        assert (trunk["auth_username"], trunk["auth_password"]) == ("user", "pass")
        assert (trunk["media_encryption"], trunk["media"]["encryption"]) == (REQUIRE, REQUIRE)
    assert outbound["address"] == "sip.example.com"
    assert rule["rule"]["dispatch_rule_individual"]["room_prefix"] == "call-"
    assert number.placements.get().refs == {
        "inbound_trunk_id": inbound["sip_trunk_id"],
        "dispatch_rule_id": rule["sip_dispatch_rule_id"],
        "outbound_trunk_id": outbound["sip_trunk_id"],
    }


def test_deleting_leaves_nothing(alice, eye, number):
    delete_number(alice.by, number.id)
    assert settled(number).released_at
    assert sizes(eye) == {"in": 0, "out": 0, "rules": 0}
    assert number.placements.get().refs == {}


def test_switched_off_and_on(alice, eye, number):
    change_number(alice.by, number.id, status="inactive")
    assert settled(number).status == "inactive"
    assert sizes(eye) == {"in": 1, "out": 1, "rules": 0}
    change_number(alice.by, number.id, status="active")
    assert settled(number).status == "active"
    assert sizes(eye) == {"in": 1, "out": 1, "rules": 1}


def test_a_change_of_directions(alice, eye, number):
    change_number(alice.by, number.id, supports_inbound=False)
    settled(number)
    assert sizes(eye) == {"in": 0, "out": 1, "rules": 0}
    change_number(alice.by, number.id, supports_inbound=True, supports_outbound=False)
    settled(number)
    assert sizes(eye) == {"in": 1, "out": 0, "rules": 1}


def test_new_settings_are_a_change_in_place(alice, eye, number):
    refs = number.placements.get().refs
    new = {"room_name": "sales-*", "pin": "4711", "media_encryption": "disable"}
    change_number(alice.by, number.id, sip_settings=new)
    settled(number)
    (inbound,), (outbound,), (rule,) = eye.of(NUMBER).values()
    assert number.placements.get().refs == refs
    assert rule["rule"]["dispatch_rule_individual"] == {
        "room_prefix": "sales-", "pin": "4711", "no_randomness": False,
    }  # fmt: skip
    assert {row["media"]["encryption"] for row in (inbound, outbound)} == {
        "SIP_MEDIA_ENCRYPT_DISABLE"
    }


def test_a_number_on_somebodys_trunk_fails_with_its_name(alice, eye):
    body = {"numbers": [NUMBER], "name": "Old system"}
    trunk = eye.ask("CreateSIPInboundTrunk", trunk=body)["sip_trunk_id"]
    number = settled(import_sip_number(alice.by))
    assert number.status == "failed"
    assert f"{trunk} (Old system)" in number.error_message
    assert sizes(eye) == {"in": 1, "out": 0, "rules": 0}


def test_duplicates_are_merged_when_asked_for(alice, eye, number):
    refs = number.placements.get().refs
    (outbound,) = eye.of(NUMBER)["out"]
    copy = {name: outbound[name] for name in ("numbers", "metadata", "address")}
    eye.ask("CreateSIPOutboundTrunk", trunk=copy)
    change_number(alice.by, number.id, sip_settings={"room_name": "lobby"})
    assert "merge-duplicates" in settled(number).error_message
    merge_duplicates(alice.by, number.id)
    assert settled(number).error_message is None
    assert sizes(eye) == {"in": 1, "out": 1, "rules": 1}
    assert number.placements.get().refs == refs


def test_a_trunk_that_is_not_ours_is_used_and_survives(alice, eye):
    body = {"numbers": ["+15550001111"], "address": "theirs.example.com"}
    theirs = eye.ask("CreateSIPOutboundTrunk", trunk=body)["sip_trunk_id"]
    number = settled(import_sip_number(alice.by, outbound_trunk_id=theirs))
    assert number.placements.get().refs["outbound_trunk_id"] == theirs
    delete_number(alice.by, number.id)
    settled(number)
    found = eye.ask("GetSIPOutboundTrunk", sip_trunk_id=theirs)["trunk"]
    assert found["address"] == "theirs.example.com"
    eye.ask("DeleteSIPTrunk", sip_trunk_id=theirs)


def test_the_story_holds_every_call_and_no_secret(alice, eye):
    password, pin = "s1p-s3cret", "8675309417"
    settings = {**SIP_SETTINGS, "password": password, "pin": pin}
    number = settled(import_sip_number(alice.by, sip_settings=settings))
    delete_number(alice.by, number.id)
    settled(number)
    calls = list(ProviderCall.objects.values())
    assert {call["method"] for call in calls} == {"POST"}
    assert len(calls) > 10
    written = str([calls, list(Operation.objects.values()), number.placements.get().refs])
    for secret in (password, pin, eye.secret, "eyJ"):
        assert secret not in written


@pytest.mark.parametrize("part", ["InboundTrunk", "DispatchRule", "OutboundTrunk"])
def test_a_lost_reply_is_looked_up_and_not_repeated(alice, fake, part):
    fake.lose_reply("POST", f"CreateSIP{part}")
    number = import_sip_number(alice.by)
    assert factories.run_number_operations(number).outcome == "unknown"
    Operation.objects.filter(status="open").update(next_attempt_at="2020-01-01T00:00Z")
    factories.run_number_operations(number)
    assert number.status == "active"
    assert [len(rows) for rows in (fake.inbound, fake.rules, fake.outbound)] == [1, 1, 1]


def test_a_lost_look_is_tried_again(alice, fake):
    """A list is a POST, and changes nothing all the same."""
    for _ in range(2):
        fake.hang_up("POST", "ListSIPInbound")
    assert factories.run_number_operations(import_sip_number(alice.by)).outcome == "unavailable"


def test_a_revoked_key_pauses_the_integration(alice, fake):
    fake.keys.clear()
    number = settled(import_sip_number(alice.by))
    assert number.status == "pending"
    livekit = Integration.objects.get(kind="livekit")
    assert livekit.state == "paused"
    assert "API key" in livekit.state_reason
