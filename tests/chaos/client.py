"""A program that adds numbers by the API, as one behind a load balancer does: what is not answered
is asked again of the other web, with the same Idempotency-Key."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from tests.chaos.site import RedundantInstallation
from tests.fakes.jambonz import FakeJambonz

TIMEOUT = 10.0  # seconds for one answer
MAX_CONCURRENCY = 16


@dataclass
class NumberClient:
    """Adds numbers; `answered` has for each the time.monotonic() of its first request and of its
    201."""

    site: RedundantInstallation
    answered: dict[str, tuple[float, float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(MAX_CONCURRENCY)
        self.serial = itertools.count(1)
        self.http = httpx.Client(
            headers={"X-API-Key": self.site.key},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=MAX_CONCURRENCY, max_keepalive_connections=0),
        )

    def connect(self, jambonz: FakeJambonz) -> None:
        """The platform, and the carrier that the numbers are on."""
        account = {
            "base_url": jambonz.base_url,
            "token": jambonz.sp_key,
            "account_sid": jambonz.account_sid,
            "application_sid": jambonz.application_sid,
        }
        body = {"kind": "jambonz", "name": "jambonz", "account": account}
        self.ask("POST", "/v1/integrations", {**body, "default_for": ["carrier"]})
        self.await_state("integrations_integration", "state = 'connected' AND kind = 'jambonz'")
        gateway = {"ipv4": "192.0.2.10", "port": 5060, "inbound": True, "outbound": True}
        body = {"carrier_name": "Chaos", "trunk_type": "static_ip", "sip_gateway": gateway}
        self.carrier = self.ask("POST", "/v1/phone-numbers/carriers", body)
        self.await_state("carriers_carrier", "name = 'Chaos' AND status = 'active'")

    def ask(self, method: str, path: str, body: dict) -> dict:
        answer = self.http.request(method, f"{self.site.webs[0].url}{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def await_state(self, table: str, condition: str) -> None:
        statement = f"SELECT count(*) FROM {table} WHERE {condition}"
        self.site.until(lambda: self.site.sql(statement)[0][0] > 0, 30)

    def add(self) -> str:
        """In the background; returns the number."""
        number = f"+1415{5_550_000 + next(self.serial)}"
        self.pool.submit(self.insist, number)
        return number

    def insist(self, number: str) -> None:
        body = {"number": number, "voip_carrier_sid": self.carrier["voip_carrier_sid"]}
        began, key = time.monotonic(), {"Idempotency-Key": f"chaos-{number[1:]}-000000"}
        for web in itertools.cycle(self.site.webs):
            if self.is_over.is_set():
                return
            try:
                url = f"{web.url}/v1/phone-numbers"
                answer = self.http.post(url, json=body, headers=key)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 201:
                self.answered[number] = began, time.monotonic()
                return
            if answer.status_code < 500 and answer.status_code not in (409, 429):
                self.refused.append(f"{number}: {answer.status_code} {answer.text[:300]}")
                return
            time.sleep(0.2)

    def close(self) -> None:
        self.is_over.set()
        self.pool.shutdown(cancel_futures=True)
        self.http.close()
