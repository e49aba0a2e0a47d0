"""Twilio on the contract suite's bench: numbers that the account buys, and gives back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

from django.test import override_settings

from integrations.http.platform_client import PlatformHttpClient
from integrations.providers.base import ExternalIds, NumberSpec, ObservedState, Provider, Spec, Step
from integrations.providers.twilio import Twilio
from integrations.providers.twilio.account import account_value
from tests.fakes.twilio import FakeTwilio
from tests.support.provider_harness import CHANGE, ProviderHarness

SECRET_FIELDS = {field.name for field in Twilio.fields if field.secret}
LOOPBACK = [ip_network("127.0.0.0/8")]


class SingleStepTwilio(Twilio):
    """A purchase as one step. Its intent is no object that could be made twice or found again;
    what may happen between the steps is in tests/providers/test_twilio_purchase.py."""

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        steps = super().plan(spec, observed)
        return steps if observed.exists or not steps else [merge_steps(steps)]


def merge_steps(steps: list[Step]) -> Step:
    def run(refs: ExternalIds) -> ExternalIds:
        for step in steps:
            refs = step.run(refs)
        return refs

    return Step(steps[0].summary, run)


class TwilioHarness(ProviderHarness):
    kind = Twilio

    def __init__(self, twilio: FakeTwilio, **credentials: str):
        super().__init__()
        self.twilio = twilio
        self.applications = (twilio.add_application(), twilio.add_application())
        self.account = {
            "account_sid": twilio.account_sid,
            "trunk_sid": twilio.make_trunk(),
            "application_sid": self.applications[0],
            **credentials,
        }
        secrets = SECRET_FIELDS & credentials.keys()
        self.wrong_account = {**self.account, **{name: uuid4().hex for name in secrets}}
        self.secrets = tuple(credentials[name] for name in secrets) + (twilio.auth_token,)

    @property
    def wrong_secrets(self) -> list[str]:
        return [self.wrong_account[name] for name in SECRET_FIELDS if name in self.wrong_account]

    def open(self, account: dict[str, str] | None = None) -> Provider:
        account = self.account if account is None else account
        origins = Twilio.origins(account)
        door = PlatformHttpClient(
            origins.pop(""),
            more_origins=origins,
            headers={},
            secrets=[account_value(account, name) for name in SECRET_FIELDS],
            record=self.exchanges.append,
            allowed_private=LOOPBACK,
            transport=self.network,
        )
        return SingleStepTwilio(account, self._stack.enter_context(door))

    def deed(self, method: str, url: str) -> str:
        """A change is a POST to what is there."""
        is_there = url.rpartition("/")[2].startswith("PN")
        return CHANGE if method == "POST" and is_there else method

    def number(self, **changes: Any) -> NumberSpec:
        e164 = f"+1555{random.randrange(10**7):07}"
        spec = NumberSpec(f"pb-{uuid4().hex}", e164, purchase={}, release=True)
        return self._kept(replace(spec, **changes))

    def count(self, spec: Spec) -> int:
        return len(self.twilio.found(spec.e164))

    def application(self, spec: NumberSpec) -> str | None:
        (row,) = self.twilio.found(spec.e164)
        return row["voice_application_sid"] or None

    def disturb(self, spec: Spec) -> None:
        (row,) = self.twilio.found(spec.e164)
        row["voice_application_sid"] = self.applications[1]


@contextmanager
def fake_twilio(*, key: str = "") -> Iterator[TwilioHarness]:
    """`key`: main_key, standard_key; else by the auth token."""
    with FakeTwilio() as twilio:
        credentials = {"auth_token": twilio.auth_token}
        if key:
            sid = getattr(twilio, key)
            credentials = {"api_key_sid": sid, "api_key_secret": twilio.key_secret}
        with override_settings(TWILIO_API_URL=twilio.url, TWILIO_TRUNKING_URL=twilio.url):
            bench = TwilioHarness(twilio, **credentials)
            yield bench
            bench.close()


def fake_twilio_by_key() -> Any:
    return fake_twilio(key="standard_key")
