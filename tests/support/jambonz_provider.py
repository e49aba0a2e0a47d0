"""A fake jambonz, and the provider opened on it as the worker opens it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from integrations.http.platform_client import Exchange, PlatformHttpClient
from integrations.providers.base import (
    CarrierSpec,
    ExternalIds,
    GatewaySpec,
    NumberSpec,
    Registration,
    Spec,
)
from integrations.providers.jambonz import Jambonz
from tests.fakes.jambonz import FakeJambonz
from tests.support.provider_harness import LOOPBACK, run_attempt

BIDIRECTIONAL_GATEWAY = GatewaySpec("198.51.100.7")
REGISTRATION = Registration("acme", "r3gister-me", "sip.acme.example")


class FakeJambonzAccount:
    """A fake jambonz and an account on it; `open()` is the next attempt."""

    def __init__(self, jambonz: FakeJambonz, key: str):
        self.jambonz, self.key = jambonz, key
        self.exchanges: list[Exchange] = []
        self.doors: list[PlatformHttpClient] = []
        self.account = {
            "base_url": jambonz.base_url,
            "token": getattr(jambonz, key),
            "account_sid": jambonz.account_sid,
            "application_sid": jambonz.application_sid,
        }

    def open(self, deadline_seconds: float = 45, **account: str) -> Jambonz:
        account = {**self.account, **account}
        door = PlatformHttpClient(
            account["base_url"],
            headers={},
            secrets=(account["token"],),
            record=self.exchanges.append,
            allowed_private=LOOPBACK,
            deadline_seconds=deadline_seconds,
        )
        self.doors.append(door)
        return Jambonz(account, door)

    def writes(self) -> list[tuple[str, str, Any]]:
        """What was asked to be changed: verb, path, body."""
        return [(r.method, r.path, r.body) for r in self.jambonz.requests if r.method != "GET"]

    def made(self, spec: Spec) -> ExternalIds:
        """Made before the test begins; its requests are forgotten."""
        refs = run_attempt(self.open(), spec)
        self.jambonz.requests.clear()
        return refs

    def put_carrier(self, name: str, account: str | None, sp: str | None) -> str:
        """One that stands there already; `account` and `sp` name attributes of the fake."""
        return self.jambonz.put(
            "voip_carriers",
            name=name,
            account_sid=getattr(self.jambonz, account) if account else None,
            service_provider_sid=getattr(self.jambonz, sp) if sp else None,
        )

    def put_number(
        self, digits: str, carrier_sid: str | None, account: str | None = "account_sid"
    ) -> str:
        return self.jambonz.put(
            "phone_numbers",
            number=digits,
            voip_carrier_sid=carrier_sid,
            account_sid=getattr(self.jambonz, account) if account else None,
        )


@contextmanager
def open_jambonz_account(
    key: str, jambonz: FakeJambonz | None = None
) -> Iterator[FakeJambonzAccount]:
    """`key`: sp_key, account_key or admin_key."""
    with jambonz or FakeJambonz() as started:
        desk = FakeJambonzAccount(started, key)
        yield desk
        for door in desk.doors:
            door.close()


def build_carrier_spec(**changes: Any) -> CarrierSpec:
    spec = CarrierSpec(f"pb-{uuid4().hex}", "Acme", "static_ip", (BIDIRECTIONAL_GATEWAY,))
    return replace(spec, **changes)


def build_number_spec(carrier_refs: ExternalIds, **changes: Any) -> NumberSpec:
    return replace(NumberSpec(f"pb-{uuid4().hex}", "+15550100001", carrier_refs), **changes)
