"""One LiveKit, fake or real, asked plainly: what tests/fakes/test_livekit.py compares."""

from contextlib import contextmanager
from random import randrange

from tests.fakes.livekit import FakeLiveKit
from tests.support.harness_livekit import LiveKitInspector
from tests.support.livekit_server import real_livekit

DIRECT_RULE = {"dispatch_rule_direct": {"room_name": "reception"}}


def random_number():
    return f"+1555{randrange(10**7):07}"


class LiveKitPeer(LiveKitInspector):
    """One LiveKit, asked plainly. What was made is taken away in the end."""

    def __init__(self, *where: str):
        super().__init__(*where)
        self.made: list[str] = []

    def say(self, method, body=None, **headers):
        answer = super().say(method, body, **headers)
        if method.startswith("Create") and answer.status_code == 200:
            row = answer.json()
            self.made.append(row.get("sip_trunk_id") or row["sip_dispatch_rule_id"])
        return answer

    def refusal(self, method, body=None, **headers):
        """Status, code and words; words alone where they are plain."""
        answer = self.say(method, body, **headers)
        if "json" not in answer.headers["content-type"]:
            return answer.status_code, answer.text.strip()
        return answer.status_code, answer.json()["code"], answer.json()["msg"]

    def inbound(self, *numbers, **fields):
        return self.ask("CreateSIPInboundTrunk", trunk={"numbers": list(numbers), **fields})

    def outbound(self, **fields):
        trunk = {"numbers": [random_number()], "address": "sip.example.com", **fields}
        return self.ask("CreateSIPOutboundTrunk", trunk=trunk)

    def rule(self, *trunks, **fields):
        rule = {"trunk_ids": list(trunks), "rule": DIRECT_RULE, **fields}
        return self.ask("CreateSIPDispatchRule", dispatch_rule=rule)

    def listed(self, method, **filters):
        rows = self.ask(method, **filters)["items"]
        return [row.get("sip_trunk_id") or row["sip_dispatch_rule_id"] for row in rows]

    def close(self):
        for sid in self.made:
            if sid.startswith("ST_"):
                self.say("DeleteSIPTrunk", {"sip_trunk_id": sid})
            else:
                self.say("DeleteSIPDispatchRule", {"sip_dispatch_rule_id": sid})
        self.client.close()


@contextmanager
def fake_livekit_peer():
    with FakeLiveKit() as livekit:
        peer = LiveKitPeer(livekit.base_url, livekit.api_key, livekit.api_secret)
        yield peer
        peer.close()


@contextmanager
def real_livekit_peer():
    server = real_livekit()
    peer = LiveKitPeer(server.url, server.api_key, server.api_secret)
    yield peer
    peer.close()
