"""LiveKit on the contract suite's bench: the fake, and a real livekit-server."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import randrange
from typing import Any
from uuid import uuid4

import httpx
import jwt

from integrations.providers.base import NumberSpec, SipSpec
from integrations.providers.livekit import LiveKit
from tests.fakes.livekit import FakeLiveKit
from tests.support.livekit_server import real_livekit
from tests.support.provider_harness import (
    CHANGE,
    CREATE,
    DELETE,
    READ,
    SIP_PASSWORD,
    SIP_PIN,
    ProviderHarness,
)

Row = dict[str, Any]
HTTP_VERB_BY_PREFIX = {
    "List": READ,
    "Get": READ,
    "Create": CREATE,
    "Update": CHANGE,
    "Delete": DELETE,
}
SIP_SPEC = SipSpec(
    inbound=True,
    outbound=True,
    trunk_name="my-trunk",
    server_address="sip.example.com",
    username="user",
    password=SIP_PASSWORD,
    room_name="reception",
    pin=SIP_PIN,
    media_encryption="require",
)


class LiveKitInspector:
    """LiveKit asked plainly, past the provider."""

    def __init__(self, url: str, api_key: str, api_secret: str):
        self.key, self.secret = api_key, api_secret
        self.client = httpx.Client(base_url=f"{url}/twirp/livekit.SIP/", trust_env=False)

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.key, "nbf": now, "exp": now + 60, "sip": {"admin": True}, **claims}
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def say(self, method: str, body: Any = None, **headers: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}", **headers}
        return self.client.post(method, json=body or {}, headers=headers)

    def ask(self, method: str, **body: Any) -> Row:
        answer = self.say(method, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def of(self, e164: str) -> dict[str, list[Row]]:
        """What there is of one number, by kind."""
        trunks = {
            kind: [r for r in self.ask(method)["items"] if e164 in r["numbers"]]
            for kind, method in (("in", "ListSIPInboundTrunk"), ("out", "ListSIPOutboundTrunk"))
        }
        ids = [row["sip_trunk_id"] for row in trunks["in"]]
        rules = self.ask("ListSIPDispatchRule")["items"]
        return {**trunks, "rules": [r for r in rules if set(r["trunk_ids"]) & set(ids)]}

    def clear(self, e164: str) -> None:
        found = self.of(e164)
        for row in found["rules"]:
            self.ask("DeleteSIPDispatchRule", sip_dispatch_rule_id=row["sip_dispatch_rule_id"])
        for row in (*found["in"], *found["out"]):
            self.ask("DeleteSIPTrunk", sip_trunk_id=row["sip_trunk_id"])


class LiveKitHarness(ProviderHarness):
    kind = LiveKit

    def __init__(self, url: str, api_key: str, api_secret: str):
        super().__init__()
        self.account = {"base_url": url, "api_key": api_key, "api_secret": api_secret}
        self.wrong_account = {**self.account, "api_secret": f"wrong-{uuid4().hex}"}
        self.secrets = (api_secret,)
        self.eye = LiveKitInspector(url, api_key, api_secret)
        self._stack.callback(self.eye.client.close)

    def deed(self, method: str, url: str) -> str:
        verb = re.search(r"/livekit\.SIP/([A-Z][a-z]+)SIP", url)
        return HTTP_VERB_BY_PREFIX[verb[1]]

    def number(self, **changes: Any) -> NumberSpec:
        e164 = f"+1555{randrange(10**7):07}"
        return self._kept(replace(NumberSpec(f"pb-{uuid4().hex}", e164, sip=SIP_SPEC), **changes))

    def changed(self, spec: NumberSpec) -> NumberSpec:
        return replace(spec, sip=replace(spec.sip, room_name="sales-*"))

    def count(self, spec: NumberSpec) -> int:
        return max(map(len, self.eye.of(spec.e164).values()))

    def route(self, spec: NumberSpec) -> str | None:
        rules = self.eye.of(spec.e164)["rules"]
        return str(rules[0]["rule"]) if rules else None

    def disturb(self, spec: NumberSpec) -> None:
        (rule,) = self.eye.of(spec.e164)["rules"]
        (trunk,) = self.eye.of(spec.e164)["out"]
        self.eye.ask("DeleteSIPDispatchRule", sip_dispatch_rule_id=rule["sip_dispatch_rule_id"])
        update = {"address": "elsewhere.example.com"}
        self.eye.ask("UpdateSIPOutboundTrunk", sip_trunk_id=trunk["sip_trunk_id"], update=update)


class FakeLiveKitHarness(LiveKitHarness):
    def __init__(self, livekit: FakeLiveKit):
        super().__init__(livekit.base_url, livekit.api_key, livekit.api_secret)
        self.livekit = livekit


@contextmanager
def fake_livekit(**manners: Any) -> Iterator[FakeLiveKitHarness]:
    """`manners` are those of FakeLiveKit."""
    with FakeLiveKit(**manners) as livekit:
        bench = FakeLiveKitHarness(livekit)
        yield bench
        bench.close()


@contextmanager
def the_real_livekit() -> Iterator[ProviderHarness]:
    server = real_livekit()
    bench = LiveKitHarness(server.url, server.api_key, server.api_secret)
    yield bench
    for spec in bench._made:
        bench.eye.clear(spec.e164)
    bench.close()
