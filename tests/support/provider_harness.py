"""Where a provider is put to the test: an account on a platform, and a look at it from the side.

A bench opens the provider as the worker does, one door for each attempt, and keeps everything that
was written down. To try another provider, add a bench: what tests/providers/test_contract.py asks
of one is all in the class Bench.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
import pytest

from integrations.http.platform_client import Exchange, PlatformHttpClient
from integrations.providers import PROVIDERS
from integrations.providers.base import (
    CarrierSpec,
    ExternalIds,
    GatewaySpec,
    InboundAuth,
    NumberSpec,
    Provider,
    Registration,
    Spec,
)
from integrations.providers.jambonz import Jambonz
from tests.fakes.jambonz import FakeJambonz

LOOPBACK = [ip_network("127.0.0.0/8")]
# What a request amounts to, in HTTP's verbs; a platform may use a single one for all of them.
READ, CREATE, CHANGE, DELETE = "GET", "POST", "PUT", "DELETE"
SIP_PASSWORD, SIP_PIN = "s1p-s3cret", "8675309417"
SPEC_SECRETS = ("r3gister-me", "l3t-me-in", SIP_PASSWORD, SIP_PIN)


def run_attempt(
    provider: Provider, spec: Spec, *, steps: int | None = None, refs: ExternalIds | None = None
) -> ExternalIds:
    """Observe, plan, do: one attempt of the worker. `steps` ends it early, as a crash would."""
    observed = provider.observe(replace(spec, refs=refs if refs is not None else spec.refs))
    known = dict(observed.refs)
    for step in provider.plan(spec, observed)[:steps]:
        known = step.run(known)
    return known


def run_removal(provider: Provider, spec: Spec, *, refs: ExternalIds | None = None) -> ExternalIds:
    observed = provider.observe(replace(spec, refs=refs if refs is not None else spec.refs))
    known = dict(observed.refs)
    for step in provider.plan_removal(spec, observed):
        known = step.run(known)
    return known


def plan_step_summaries(provider: Provider, spec: Spec) -> list[str]:
    return [step.summary for step in provider.plan(spec, provider.observe(spec))]


class LossyTransport(httpx.BaseTransport):
    """The network between us and the platform, where the answer to the next request of a kind is
    lost."""

    def __init__(self, is_it: Callable[[httpx.Request], bool]) -> None:
        self.inner = httpx.HTTPTransport(verify=False)  # authorities take 30 ms to load
        self.is_it, self.lost = is_it, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if self.lost or not self.is_it(request):
            return response
        self.lost = True
        response.read()
        response.close()
        raise httpx.ReadError("connection reset by peer")

    def close(self) -> None:
        self.inner.close()


class ProviderHarness:
    """What the contract suite needs of one provider on one account."""

    kind: type[Provider]
    account: dict[str, str]
    wrong_account: dict[str, str]  # with credentials that the platform does not accept
    secrets: tuple[str, ...] = ()
    applications: tuple[str, str] = ("", "")  # the account's default, and another one

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._stack = ExitStack()
        self._made: list[Spec] = []
        self.network: LossyTransport | None = None

    def open(self, account: dict[str, str] | None = None) -> Provider:
        """One attempt's provider."""
        account = self.account if account is None else account
        origins = self.kind.origins(account)
        door = PlatformHttpClient(
            origins.pop("", ""),
            more_origins=origins,
            headers={},
            secrets=[account[f.name] for f in self.kind.fields if f.secret],
            record=self.exchanges.append,
            allowed_private=LOOPBACK,
            transport=self.network,
        )
        return self.kind(account, self._stack.enter_context(door))

    def close(self) -> None:
        self._stack.close()

    @property
    def wrong_secrets(self) -> list[str]:
        names = [field.name for field in self.kind.fields if field.secret]
        return [self.wrong_account[name] for name in names if self.wrong_account.get(name)]

    def deed(self, method: str, url: str) -> str:
        """What a request amounts to: LOOK, CREATE, CHANGE or DELETE."""
        return method

    def deeds(self) -> set[str]:
        """Of all that was asked so far."""
        return {self.deed(exchange.method, exchange.url) for exchange in self.exchanges}

    def lose_reply_to(self, deed: str) -> None:
        """The next such request is carried out, and its answer does not arrive."""
        self.network = LossyTransport(lambda sent: self.deed(sent.method, str(sent.url)) == deed)

    # specs: fresh ones, so that the tests can share a platform

    def carrier(self, **changes: Any) -> CarrierSpec:
        gateways = (GatewaySpec("198.51.100.7"), GatewaySpec("198.51.100.8", outbound=False))
        spec = CarrierSpec(f"pb-{uuid4().hex}", "Acme", "static_ip", gateways)
        return self._kept(replace(spec, **changes))

    @cached_property
    def carrier_refs(self) -> ExternalIds:
        """Of a carrier that is there already."""
        return run_attempt(self.open(), self.carrier())

    def number(self, **changes: Any) -> NumberSpec:
        """As the platform takes numbers: here, on a carrier."""
        e164, marker = f"+1555{random.randrange(10**7):07}", f"pb-{uuid4().hex}"
        return self._kept(replace(NumberSpec(marker, e164, self.carrier_refs), **changes))

    def changed(self, spec: NumberSpec) -> NumberSpec:
        """Otherwise, in one way that the platform takes for a change."""
        return replace(spec, routed=False)

    def trunk(self, trunk_type: str) -> CarrierSpec:
        registration = Registration(
            "acme", "r3gister-me", "sip.acme.example", "acme", "acme.example"
        )
        auth = InboundAuth("acme-in", "l3t-me-in")
        return self.carrier(
            trunk_type=trunk_type,
            registration=registration if trunk_type == "reg" else None,
            inbound_auth=auth if trunk_type == "auth" else None,
        )

    def _kept(self, spec: Any) -> Any:
        self._made.append(spec)
        return spec

    # the platform, seen from the side

    def count(self, spec: Spec) -> int:
        """How many objects on the platform are what `spec` describes."""
        raise NotImplementedError

    def gateways(self, spec: CarrierSpec) -> list[tuple[str, int | None]]:
        """Addresses and ports of the carrier's gateways, sorted."""
        raise NotImplementedError

    def route(self, spec: NumberSpec) -> str | None:
        """Where the platform sends the number's calls; None: nowhere."""
        return self.application(spec)

    def application(self, spec: NumberSpec) -> str | None:
        """The one that a platform of carriers sends the number's calls to."""
        raise NotImplementedError

    def disturb(self, spec: Spec) -> None:
        """Change something of it behind our back."""
        raise NotImplementedError


class JambonzHarness(ProviderHarness):
    kind = Jambonz

    def __init__(self, url: str, token: str, account: str, applications: tuple[str, str], eye: str):
        super().__init__()
        self.account = {
            "base_url": url,
            "token": token,
            "account_sid": account,
            "application_sid": applications[0],
        }
        self.wrong_account = {**self.account, "token": str(uuid4())}
        self.secrets = (token,)
        self.applications = applications
        self.side = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {eye}"}, verify=False
        )
        self._stack.callback(self.side.close)

    def _rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        return self.side.get(path, params=params).raise_for_status().json()

    def _found(self, spec: Spec) -> list[dict[str, Any]]:
        if isinstance(spec, CarrierSpec):
            return self._rows("/VoipCarriers", name=spec.marker)
        digits = spec.e164.removeprefix("+")
        return [r for r in self._rows("/PhoneNumbers", filter=digits) if r["number"] == digits]

    def count(self, spec: Spec) -> int:
        return len(self._found(spec))

    def _gateway_rows(self, carrier: str) -> list[dict[str, Any]]:
        return self._rows("/SipGateways", voip_carrier_sid=carrier)

    def gateways(self, spec: CarrierSpec) -> list[tuple[str, int | None]]:
        (row,) = self._found(spec)
        return sorted((g["ipv4"], g["port"]) for g in self._gateway_rows(row["voip_carrier_sid"]))

    def application(self, spec: NumberSpec) -> str | None:
        (row,) = self._found(spec)
        return row["application_sid"]

    def disturb(self, spec: Spec) -> None:
        (row,) = self._found(spec)
        if isinstance(spec, NumberSpec):
            change = {"application_sid": self.applications[1]}
            self.side.put(
                f"/PhoneNumbers/{row['phone_number_sid']}", json=change
            ).raise_for_status()
        else:
            gateway = self._gateway_rows(row["voip_carrier_sid"])[0]
            self.side.delete(f"/SipGateways/{gateway['sip_gateway_sid']}").raise_for_status()

    def close(self) -> None:
        for spec in self._made:
            for row in self._found(spec) if isinstance(spec, NumberSpec) else []:
                self.side.delete(f"/PhoneNumbers/{row['phone_number_sid']}")
        for spec in self._made:
            for row in self._found(spec) if isinstance(spec, CarrierSpec) else []:
                self.side.delete(f"/VoipCarriers/{row['voip_carrier_sid']}")
        super().close()


@contextmanager
def fake_jambonz(key: str) -> Iterator[ProviderHarness]:
    """`key`: sp_key, account_key or admin_key."""
    with FakeJambonz() as jambonz:
        applications = (jambonz.application_sid, jambonz.second_application_sid)
        token, eye = getattr(jambonz, key), jambonz.sp_key
        bench = JambonzHarness(jambonz.base_url, token, jambonz.account_sid, applications, eye)
        yield bench
        bench.close()


@contextmanager
def real_jambonz(token_variable: str) -> Iterator[ProviderHarness]:
    """A jambonz that somebody runs for the tests; its account needs two applications."""
    url, eye = os.environ["PATCHBAY_TEST_JAMBONZ_URL"], os.environ["PATCHBAY_TEST_JAMBONZ_TOKEN"]
    account = os.environ["PATCHBAY_TEST_JAMBONZ_ACCOUNT_SID"]
    found = httpx.get(
        f"{url}/Accounts/{account}/Applications", headers={"Authorization": f"Bearer {eye}"}
    ).raise_for_status()
    first, second = sorted(row["application_sid"] for row in found.json())[:2]
    bench = JambonzHarness(url, os.environ[token_variable], account, (first, second), eye)
    yield bench
    bench.close()


def import_harness(module: str, name: str) -> Callable[[], AbstractContextManager[ProviderHarness]]:
    """A bench in a module of its own, which builds on this one."""
    return lambda: getattr(import_module(module), name)()


# A name begins with the kind of provider; "-real-" in it says that somebody else's server is asked.
HARNESSES = {
    "sandbox": import_harness("tests.support.harness_sandbox", "open_sandbox"),
    "sandbox-sip": import_harness("tests.support.harness_sandbox", "open_sandbox_sip"),
    "sandbox-supply": import_harness("tests.support.harness_sandbox", "open_sandbox_supply"),
    "jambonz-fake-sp-key": lambda: fake_jambonz("sp_key"),
    "jambonz-fake-account-key": lambda: fake_jambonz("account_key"),
    "jambonz-fake-admin-key": lambda: fake_jambonz("admin_key"),
    "livekit-fake": import_harness("tests.support.harness_livekit", "fake_livekit"),
    "livekit-real-server": import_harness("tests.support.harness_livekit", "the_real_livekit"),
    "twilio-fake": import_harness("tests.support.harness_twilio", "fake_twilio"),
    "twilio-fake-key": import_harness("tests.support.harness_twilio", "fake_twilio_by_key"),
}
REAL_SERVERS = {
    "jambonz-real-sp-key": "PATCHBAY_TEST_JAMBONZ_TOKEN",
    "jambonz-real-account-key": "PATCHBAY_TEST_JAMBONZ_ACCOUNT_TOKEN",
    "jambonz-real-admin-key": "PATCHBAY_TEST_JAMBONZ_ADMIN_TOKEN",
}
if os.environ.get("PATCHBAY_TEST_JAMBONZ_URL"):
    HARNESSES |= {
        name: lambda variable=variable: real_jambonz(variable)
        for name, variable in REAL_SERVERS.items()
        if os.environ.get(variable)
    }


def harness_params(*, carriers: bool = False) -> list[Any]:
    """The benches for a fixture, or those alone whose provider takes carriers."""
    names = [name for name in HARNESSES if not carriers or supports_carriers(name)]
    return [pytest.param(name, marks=harness_marks(name)) for name in names]


def supports_carriers(name: str) -> bool:
    """The sandbox's other benches are of the same provider."""
    return "carrier" in provider_class(name).roles and not name.startswith("sandbox-")


def provider_class(name: str) -> type[Provider]:
    return PROVIDERS[name.partition("-")[0]]


def harness_marks(name: str) -> list[pytest.MarkDecorator]:
    """A real server is a peer; the sandbox lives in the database."""
    marks = [pytest.mark.peers] if "-real-" in name else []
    return [*marks, pytest.mark.django_db] if name.startswith("sandbox") else marks


def open_harness(request: pytest.FixtureRequest) -> AbstractContextManager[ProviderHarness]:
    if request.param.startswith("sandbox"):
        request.getfixturevalue("db")
    return HARNESSES[request.param]()
