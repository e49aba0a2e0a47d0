"""One jambonz, fake or real, asked plainly: what tests/fakes/test_jambonz.py compares."""

import os
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from uuid import uuid4

import httpx
import pytest

from tests.fakes.jambonz import FakeJambonz

UNKNOWN_SID = "00000000-0000-4000-8000-00000000dead"
NAME_COUNTER = count()


class JambonzPeer:
    """One jambonz, asked with different keys. What was made is taken away in the end."""

    def __init__(self, url, keys, account, other_account, foreign_sp):
        self.client = httpx.Client(base_url=url, verify=False)
        self.keys, self.account, self.other_account = keys, account, other_account
        self.foreign_sp, self.made = foreign_sp, []
        (self.sp,) = {r["service_provider_sid"] for r in self.say("sp", "GET", "/Accounts").json()}

    def say(self, who, method, path, body=None, **options):
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        answer = self.client.request(method, path, json=body, headers=headers, **options)
        if method == "POST" and answer.status_code == 201:
            self.made.append(f"{path.rpartition('/')[2]}/{answer.json()['sid']}")
        return answer

    def asks(self, who, method, path, body=None):
        """Status and shape of the answer."""
        answer = self.say(who, method, path, body)
        return answer.status_code, response_shape(answer)

    def makes(self, who, path, **body):
        answer = self.say(who, "POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()["sid"]

    def carrier(self, **values):
        values = {
            "name": f"fake-test {next(NAME_COUNTER)} {uuid4()}",
            "account_sid": self.account,
        } | values
        return self.makes("sp", f"/ServiceProviders/{self.sp}/VoipCarriers", **values)

    def gateway(self, carrier, **values):
        values = {"ipv4": "198.51.100.7", "inbound": True, "outbound": True} | values
        return self.makes("sp", "/SipGateways", voip_carrier_sid=carrier, **values)

    def close(self):
        for path in reversed(self.made):
            self.say("admin", "DELETE", f"/{path}")
        self.client.close()


def response_shape(answer):
    kind = answer.headers.get("content-type", "")
    if not answer.content:
        return "nothing"
    if "json" not in kind:
        return "page" if "html" in kind else "text"
    body = answer.json()
    return "list" if isinstance(body, list) else " ".join(sorted(body))


@contextmanager
def fake_jambonz_peer():
    with FakeJambonz() as jambonz:
        keys = {
            "sp": jambonz.sp_key,
            "account": jambonz.account_key,
            "admin": jambonz.admin_key,
            "foreign": jambonz.foreign_sp_key,
        }
        peer = JambonzPeer(
            jambonz.base_url,
            keys,
            jambonz.account_sid,
            jambonz.other_account_sid,
            jambonz.foreign_service_provider_sid,
        )
        yield peer
        peer.close()


@contextmanager
def real_jambonz_peer():
    url, get = os.environ["PATCHBAY_TEST_JAMBONZ_URL"], os.environ.get
    keys = {
        "sp": get("PATCHBAY_TEST_JAMBONZ_TOKEN"),
        "account": get("PATCHBAY_TEST_JAMBONZ_ACCOUNT_TOKEN"),
        "admin": get("PATCHBAY_TEST_JAMBONZ_ADMIN_TOKEN"),
    }
    if not all(keys.values()):
        pytest.skip("needs keys of all three kinds")
    ask = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {keys['admin']}"})
    sp = ask.post("/ServiceProviders", json={"name": f"fake-test {uuid4()}"}).json()["sid"]
    keys["foreign"] = ask.post("/ApiKeys", json={"service_provider_sid": sp}).json()["token"]
    account = os.environ["PATCHBAY_TEST_JAMBONZ_ACCOUNT_SID"]
    mine = ask.get("/Accounts").json()
    owner = next(r["service_provider_sid"] for r in mine if r["account_sid"] == account)
    other = ask.post("/Accounts", json={"name": "fake-test", "service_provider_sid": owner})
    peer = JambonzPeer(url, keys, account, other.json()["sid"], sp)
    yield peer
    peer.close()
    ask.delete(f"/Accounts/{peer.other_account}").raise_for_status()
    ask.delete(f"/ServiceProviders/{sp}").raise_for_status()
    ask.close()


def import_peer_module(name: str):
    """Somebody else's module; without it the tests skip, or fail where peers are required."""
    try:
        return import_module(name)
    except ImportError as error:
        reason = f"{name} cannot be imported ({error}): make setup"
        if os.environ.get("REQUIRE_PEERS"):
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
