"""The sandbox on the contract suite's bench: no network, so an answer is lost where it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from integrations.models import Integration, SandboxObject
from integrations.providers.base import (
    CarrierSpec,
    ExternalIds,
    NumberSpec,
    OutcomeUnknown,
    SipSpec,
    Spec,
)
from integrations.providers.sandbox import Sandbox
from tests.support.factories import create_member, create_sandbox
from tests.support.provider_harness import SIP_PASSWORD, SIP_PIN, ProviderHarness

SIP_SPEC = SipSpec(
    inbound=True,
    outbound=True,
    server_address="sip.example.com",
    username="user",
    password=SIP_PASSWORD,
    pin=SIP_PIN,
)


class LossySandbox(Sandbox):
    """Does what it is asked, and may keep quiet about it once; the verbs are HTTP's."""

    def __init__(self, account, bench: "SandboxHarness"):
        super().__init__({**account, "integration_id": str(bench.integration.id)}, None)
        self.bench = bench

    def lose(self, method: str, refs: ExternalIds) -> ExternalIds:
        if self.bench.losing != method:
            return refs
        self.bench.losing = ""
        raise OutcomeUnknown("The answer was lost.")

    def create(self, spec: Spec) -> ExternalIds:
        return self.lose("POST", super().create(spec))

    def change(self, spec: Spec, refs: ExternalIds) -> ExternalIds:
        return self.lose("PUT", super().change(spec, refs))

    def drop(self, spec: Spec) -> ExternalIds:
        return self.lose("DELETE", super().drop(spec))


class SandboxHarness(ProviderHarness):
    kind = Sandbox
    account = {"access_code": "s3cret-access"}
    wrong_account = {"access_code": "wrong"}
    secrets = ("s3cret-access",)
    applications = ("", str(uuid4()))

    def __init__(self, integration: Integration):
        super().__init__()
        self.integration, self.losing = integration, ""

    def open(self, account: dict[str, str] | None = None) -> Sandbox:
        return LossySandbox(self.account if account is None else account, self)

    def lose_reply_to(self, method: str) -> None:
        self.losing = method

    def found(self, spec: Spec) -> list[SandboxObject]:
        kind = "carrier" if isinstance(spec, CarrierSpec) else "number"
        return list(self.integration.sandbox_objects.filter(kind=kind, marker=spec.marker))

    def count(self, spec: Spec) -> int:
        return len(self.found(spec))

    def gateways(self, spec: CarrierSpec) -> list[tuple[str, int | None]]:
        (row,) = self.found(spec)
        return sorted((g["address"], g["port"]) for g in row.data["gateways"])

    def application(self, spec: NumberSpec) -> str | None:
        (row,) = self.found(spec)
        return (row.data["application"] or "") if row.data["routed"] else None

    def disturb(self, spec: Spec) -> None:
        (row,) = self.found(spec)
        row.data |= {"gateways": []} if isinstance(spec, CarrierSpec) else {"routed": False}
        row.save()


class SandboxSipHarness(SandboxHarness):
    """Its numbers have trunks of their own."""

    def number(self, **changes: Any) -> NumberSpec:
        return super().number(**{"carrier_refs": {}, "sip": SIP_SPEC, **changes})

    def route(self, spec: NumberSpec) -> str | None:
        (row,) = self.found(spec)
        return row.data["trunks"].get("dispatch_rule_id")


class SandboxSupplyHarness(SandboxHarness):
    """Its numbers are owned by the account."""

    def number(self, **changes: Any) -> NumberSpec:
        supplied = {"carrier_refs": {}, "webhook": "https://agents.example/voice"}
        return super().number(**supplied, **changes)

    def route(self, spec: NumberSpec) -> str | None:
        (row,) = self.found(spec)
        return row.data["webhook"] if row.data["routed"] else None


@contextmanager
def open_sandbox_sip() -> Iterator[ProviderHarness]:
    yield SandboxSipHarness(create_sandbox(create_member("Alice").by))


@contextmanager
def open_sandbox_supply() -> Iterator[ProviderHarness]:
    yield SandboxSupplyHarness(create_sandbox(create_member("Alice").by))


@contextmanager
def open_sandbox() -> Iterator[ProviderHarness]:
    """Needs the test's database."""
    yield SandboxHarness(create_sandbox(create_member("Alice").by))
