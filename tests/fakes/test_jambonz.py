"""The fake jambonz against the real one: the same questions, the same answers.

Without PATCHBAY_TEST_JAMBONZ_URL only the fake is asked; every expectation was taken from the real
one. The test cleans up after itself, and needs a service provider's key, an account's and an
administrator's.
"""

import os
from uuid import uuid4

import pytest

from tests.fakes.jambonz_tables import TABLES
from tests.support.jambonz_peer import (
    UNKNOWN_SID,
    fake_jambonz_peer,
    real_jambonz_peer,
    response_shape,
)

PEERS = [pytest.param(fake_jambonz_peer, id="fake")]
if os.environ.get("PATCHBAY_TEST_JAMBONZ_URL"):
    PEERS.append(pytest.param(real_jambonz_peer, id="real", marks=pytest.mark.peers))


@pytest.fixture(params=PEERS)
def peer(request):
    with request.param() as opened:
        yield opened


def test_keys(peer):
    assert peer.asks(None, "GET", "/Accounts") == (401, "text")
    peer.keys["wrong"] = "x"
    answer = peer.say("wrong", "GET", "/Accounts")
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "content-type" not in answer.headers


def test_unknown_routes(peer):
    assert peer.asks("sp", "GET", "/Nope") == (404, "page")
    assert peer.asks("sp", "PATCH", f"/VoipCarriers/{UNKNOWN_SID}", {}) == (404, "page")
    assert peer.asks("sp", "GET", f"/Accounts/{peer.account}/PhoneNumbers") == (404, "page")


def test_what_a_key_opens(peer):
    assert peer.say("account", "GET", "/ServiceProviders").json() == []
    assert [r["account_sid"] for r in peer.say("account", "GET", "/Accounts").json()] == [
        peer.account
    ]
    (row,) = peer.say("sp", "GET", "/ServiceProviders").json()
    assert row["service_provider_sid"] == peer.sp
    assert len(peer.say("admin", "GET", "/ServiceProviders").json()) > 1


def test_applications(peer):
    rows = peer.say("sp", "GET", f"/Accounts/{peer.account}/Applications").json()
    assert {"application_sid", "name", "account_sid"} <= set(rows[0])
    path = f"/Applications/{rows[0]['application_sid']}"
    assert peer.say("account", "GET", path).status_code == 200
    assert peer.asks("foreign", "GET", path) == (404, "nothing")
    assert peer.asks("foreign", "GET", f"/Accounts/{peer.account}/Applications") == (403, "msg")
    assert peer.asks("account", "GET", f"/Accounts/{peer.other_account}/Applications") == (
        403,
        "msg",
    )
    assert peer.asks("sp", "GET", f"/Applications/{UNKNOWN_SID}") == (404, "nothing")
    assert peer.asks("sp", "GET", "/Applications/zz") == (400, "msg")


@pytest.mark.parametrize(("body", "status", "words"), [
    ({"name": "P", "bogus": 1}, 500, "Unknown column 'bogus'"),
    ({"name": "x" * 65}, 500, "Data too long for column 'name'"),
    ({"name": None}, 500, "Column 'name' cannot be null"),
    ({}, 400, "missing field name"),
    ({"name": "P", "trunk_type": "zz"}, 500, "Data truncated for column 'trunk_type'"),
    ({"name": "P", "requires_register": "true"}, 500, "Incorrect integer value: 'true'"),
    ({"name": "P", "register_public_ip_in_contact": None}, 500, "Column"),
    ({"name": "P", "account_sid": "nope"}, 500, "foreign key constraint fails"),
    ({"name": "P", "register_use_tls": 1}, 500, "Unknown column"),
    ({"name": "P", "dtmf_type": "inband"}, 500, "Data truncated"),
])  # fmt: skip
def test_the_scoped_path_asks_only_the_database(peer, body, status, words):
    answer = peer.say("sp", "POST", f"/ServiceProviders/{peer.sp}/VoipCarriers", body)
    assert (answer.status_code, response_shape(answer)) == (status, "msg")
    assert words in answer.json()["msg"]


def test_the_scoped_path_validates_nothing(peer):
    sid = peer.carrier(requires_register=True)
    row = peer.say("sp", "GET", f"/VoipCarriers/{sid}").json()
    assert (row["requires_register"], row["register_username"]) == (1, None)


def test_a_carriers_row(peer):
    row = peer.say("sp", "GET", f"/VoipCarriers/{peer.carrier()}").json()
    assert set(row) == {"voip_carrier_sid", "created_at", *TABLES["voip_carriers"].columns}
    assert row["register_status"] == {}
    assert row["is_active"] == 1
    assert row["trunk_type"] == "static_ip"
    assert row["created_at"].endswith("Z")


def test_who_may_make_carriers_where(peer):
    sp, account = f"/ServiceProviders/{peer.sp}", f"/Accounts/{peer.account}"
    body = {"name": f"fake-test {uuid4()}"}
    assert peer.asks("account", "POST", f"{sp}/VoipCarriers", body) == (403, "msg")
    assert peer.asks("foreign", "POST", f"{sp}/VoipCarriers", body) == (403, "msg")
    assert peer.asks("sp", "POST", f"{account}/VoipCarriers", body) == (500, "msg")
    assert peer.asks("admin", "POST", f"{account}/VoipCarriers", body) == (500, "msg")
    sid = peer.makes("account", f"{account}/VoipCarriers", **body)
    row = peer.say("sp", "GET", f"/VoipCarriers/{sid}").json()
    assert (row["account_sid"], row["service_provider_sid"]) == (peer.account, peer.sp)


def test_an_orphaned_carrier(peer):
    sid = peer.makes("sp", "/VoipCarriers", name=f"fake-test {uuid4()}")
    assert peer.asks("sp", "GET", f"/VoipCarriers/{sid}") == (400, "msg")
    assert peer.say("sp", "PUT", f"/VoipCarriers/{sid}", {"tech_prefix": "1"}).status_code == 204


def test_reading_carriers(peer):
    sid = peer.carrier(account_sid=None)
    assert peer.asks("sp", "GET", "/VoipCarriers/zz") == (400, "msg")
    assert peer.asks("sp", "GET", f"/VoipCarriers/{UNKNOWN_SID}") == (404, "nothing")
    assert peer.asks("foreign", "GET", f"/VoipCarriers/{sid}") == (400, "msg")
    assert peer.asks("account", "GET", f"/VoipCarriers/{sid}")[0] in (400, 404)
    assert sid in {
        r["voip_carrier_sid"] for r in peer.say("account", "GET", "/VoipCarriers").json()
    }
    assert peer.asks("sp", "GET", "/VoipCarriers?page=1&page_size=1") == (
        200,
        "data page page_size total",
    )
    assert peer.asks("sp", "GET", "/VoipCarriers?page=0&page_size=1") == (500, "msg")
    assert peer.asks("sp", "GET", "/VoipCarriers?page_size=1") == (200, "list")


def test_the_name_filter(peer):
    mark = uuid4().hex
    sid = peer.carrier(name=f"Acme [pb-{mark}]")
    for part in (
        mark,
        mark.upper(),
        f"ACME [pb-{mark}",
        mark.replace(mark[5], "_", 1),
        f"acme%{mark}",
    ):
        rows = peer.say("sp", "GET", "/VoipCarriers", params={"name": part}).json()
        assert [row["voip_carrier_sid"] for row in rows] == [sid], part
    assert peer.say("sp", "GET", "/VoipCarriers", params={"name": f"{mark}x"}).json() == []


@pytest.mark.parametrize(("who", "body", "status"), [
    ("sp", {}, 500),
    ("sp", {"bogus": 1}, 500),
    ("sp", {"voip_carrier_sid": UNKNOWN_SID}, 400),
    ("sp", {"requires_register": True}, 400),
    ("sp", {"requires_register": True, "register_username": "a b", "register_password": "x"}, 400),
    ("sp", {"register_sip_realm": ""}, 400),
    ("sp", {"register_sip_realm": "nodot"}, 400),
    ("sp", {"register_sip_realm": "sip:acme.example"}, 400),
    ("sp", {"register_from_domain": "nodot"}, 400),
    ("sp", {"register_from_domain": ""}, 204),
    ("sp", {"register_sip_realm": None}, 204),
    ("sp", {"trunk_type": "auth"}, 204),
    ("account", {"tech_prefix": "1"}, 204),
    ("foreign", {"tech_prefix": "1"}, 204),  # anybody's service provider
])  # fmt: skip
def test_changing_a_carrier(peer, who, body, status):
    answer = peer.say(who, "PUT", f"/VoipCarriers/{peer.carrier()}", body)
    assert (answer.status_code, response_shape(answer)) == (
        status,
        "nothing" if status == 204 else "msg",
    )


@pytest.mark.parametrize(("who", "missing"), [("sp", (404, "text")), ("account", (500, "msg"))])
def test_a_carrier_that_is_not_there(peer, who, missing):
    assert peer.asks(who, "PUT", f"/VoipCarriers/{UNKNOWN_SID}", {"name": "x"}) == missing
    assert peer.asks(who, "DELETE", f"/VoipCarriers/{UNKNOWN_SID}") == missing


def test_a_carrier_of_the_service_provider_is_not_the_accounts_to_change(peer):
    sid = peer.carrier(account_sid=None)
    assert peer.asks("account", "PUT", f"/VoipCarriers/{sid}", {"name": "x"}) == (422, "msg")
    assert peer.asks("account", "DELETE", f"/VoipCarriers/{sid}") == (422, "msg")


def test_register_status_poisons_lists(peer):
    mark = uuid4().hex
    sid = peer.carrier(name=mark)
    assert peer.say("sp", "PUT", f"/VoipCarriers/{sid}", {"register_status": {}}).status_code == 204
    for path in (f"/VoipCarriers/{sid}", f"/VoipCarriers?name={mark}"):
        answer = peer.say("sp", "GET", path)
        assert answer.status_code == 500
        assert "[object Object]" in answer.json()["msg"]
    assert (
        peer.say("sp", "PUT", f"/VoipCarriers/{sid}", {"register_status": None}).status_code == 204
    )
    assert peer.say("sp", "GET", f"/VoipCarriers/{sid}").status_code == 200


def test_a_gateways_row(peer):
    carrier = peer.carrier()
    sid = peer.gateway(carrier)
    row = peer.say("sp", "GET", f"/SipGateways/{sid}").json()
    assert set(row) == {"sip_gateway_sid", *TABLES["sip_gateways"].columns}
    assert (row["port"], row["netmask"], row["protocol"], row["inbound"]) == (None, 32, "udp", 1)
    assert peer.say("sp", "GET", f"/SipGateways?voip_carrier_sid={carrier}").json() == [row]
    assert peer.say("foreign", "GET", f"/SipGateways/{sid}").json() == row  # whoever asks


@pytest.mark.parametrize(("change", "status", "words"), [
    ({"outbound": ...}, 500, "doesn't have a default value"),
    ({"inbound": ...}, 500, "doesn't have a default value"),
    ({"ipv4": ...}, 400, ""),
    ({"voip_carrier_sid": ...}, 400, "missing voip_carrier_sid"),
    ({"voip_carrier_sid": UNKNOWN_SID}, 400, "invalid voip_carrier_sid"),
    ({"ipv4": "host.example"}, 400, "must be IPv4"),
    ({"ipv4": "10.0.0.0/24"}, 400, "must be IPv4"),
    ({"ipv4": "198.51.100.007"}, 400, "must be IPv4"),
    ({"ipv4": "::1"}, 400, "must be IPv4"),
    ({"ipv4": "1.2 .3", "inbound": False}, 400, "whitespace"),
    ({"inbound": False, "netmask": 24}, 400, "netmask can only be 32"),
    ({"protocol": "zz"}, 500, "Data truncated"),
    ({"netmask": None}, 500, "cannot be null"),
    ({"priority": 1}, 500, "Unknown column"),
    ({"account_sid": UNKNOWN_SID}, 500, "Unknown column"),
    ({"ipv4": "host.example", "inbound": False}, 201, ""),
    ({"ipv4": "", "inbound": False}, 201, ""),
    ({"ipv4": "198.51.100.0", "netmask": 24}, 201, ""),
    ({"inbound": False, "outbound": False}, 201, ""),
    ({"protocol": "TLS/SRTP"}, 201, ""),
    ({"protocol": None, "port": 70000}, 201, ""),
])  # fmt: skip
def test_making_a_gateway(peer, change, status, words):
    body = {"voip_carrier_sid": peer.carrier(), "ipv4": "198.51.100.7", "inbound": True} | {
        "outbound": True,
        **change,
    }
    body = {name: value for name, value in body.items() if value is not ...}
    answer = peer.say("sp", "POST", "/SipGateways", body)
    assert (answer.status_code, response_shape(answer)) == (
        status,
        "sid" if status == 201 else "msg",
    )
    assert words in answer.json().get("msg", "")


def test_equal_gateways_are_all_kept(peer):
    carrier = peer.carrier()
    peer.gateway(carrier)
    peer.gateway(carrier)
    assert len(peer.say("sp", "GET", f"/SipGateways?voip_carrier_sid={carrier}").json()) == 2


def test_gateways_of_others(peer):
    carrier = peer.carrier()
    sid = peer.gateway(carrier)
    assert peer.asks("sp", "GET", "/SipGateways") == (400, "msg")
    assert peer.asks("sp", "GET", f"/SipGateways?voip_carrier_sid={UNKNOWN_SID}") == (400, "msg")
    assert peer.asks("admin", "GET", f"/SipGateways?voip_carrier_sid={UNKNOWN_SID}") == (
        200,
        "list",
    )
    assert peer.asks("foreign", "GET", f"/SipGateways?voip_carrier_sid={carrier}") == (403, "msg")
    assert peer.asks("foreign", "DELETE", f"/SipGateways/{sid}") == (403, "msg")
    assert peer.asks("account", "PUT", f"/SipGateways/{sid}", {"port": 1}) == (204, "nothing")


def test_a_gateway_that_is_not_there(peer):
    assert peer.asks("sp", "GET", f"/SipGateways/{UNKNOWN_SID}") == (404, "text")
    for method, body in (("PUT", {"ipv4": "1.2.3.4"}), ("DELETE", None)):
        answer = peer.say("sp", method, f"/SipGateways/{UNKNOWN_SID}", body)
        assert (answer.status_code, answer.json()) == (400, {"msg": "invalid sip_gateway_sid"})


def test_changing_a_gateway_looks_at_the_body_alone(peer):
    path = f"/SipGateways/{peer.gateway(peer.carrier(), netmask=24)}"
    assert peer.asks("sp", "PUT", path, {"ipv4": "host.example"}) == (204, "nothing")
    assert peer.asks("sp", "PUT", path, {"inbound": True}) == (400, "msg")
    whole = {"ipv4": "host.example", "inbound": False, "outbound": True}
    assert peer.asks("sp", "PUT", path, {**whole, "netmask": 24}) == (400, "msg")
    assert peer.asks("sp", "PUT", path, {**whole, "netmask": 32}) == (204, "nothing")


def test_numbers(peer):
    carrier, digits = peer.carrier(), f"1555{uuid4().int % 10**9:09}"
    body = {"number": f"+{digits}", "voip_carrier_sid": carrier, "account_sid": peer.account}
    sid = peer.makes("sp", "/PhoneNumbers", **body)
    row = peer.say("sp", "GET", f"/PhoneNumbers/{sid}").json()
    assert set(row) == {"phone_number_sid", *TABLES["phone_numbers"].columns}
    assert (row["number"], row["service_provider_sid"]) == (digits, peer.sp)
    again = peer.say("sp", "POST", "/PhoneNumbers", {**body, "number": digits})
    assert again.status_code == 422
    assert again.json()["msg"].startswith("Duplicate entry")
    found = peer.say("sp", "GET", f"/PhoneNumbers?filter={digits}&page=1&page_size=50").json()
    assert found == {"total": 1, "page": 1, "page_size": 50, "data": [row]}
    assert peer.say("sp", "GET", "/PhoneNumbers", params={"filter": f"+{digits}"}).json() == []
    assert peer.asks("sp", "DELETE", f"/VoipCarriers/{carrier}") == (422, "msg")
    assert peer.asks("sp", "DELETE", f"/PhoneNumbers/{sid}") == (204, "nothing")
    assert peer.asks("sp", "DELETE", f"/PhoneNumbers/{sid}") == (404, "text")


@pytest.mark.parametrize(("change", "status", "words"), [
    ({"number": ...}, 400, "number is required"),
    ({"number": 1555}, 400, "startsWith is not a function"),
    ({"number": "1555 1"}, 400, "whitespace"),
    ({"number": "1" * 133}, 500, "Data too long"),
    ({"voip_carrier_sid": UNKNOWN_SID}, 400, "voip_carrier not found"),
    ({"account_sid": "other"}, 400, "does not belong"),
    ({"application_sid": UNKNOWN_SID}, 500, "foreign key"),
    ({"number": "abc*"}, 201, ""),
    ({"application_sid": None}, 201, ""),
])  # fmt: skip
def test_making_a_number(peer, change, status, words):
    body = {"number": "1555", "voip_carrier_sid": peer.carrier(), "account_sid": peer.account}
    body = {name: value for name, value in (body | change).items() if value is not ...}
    body = {name: peer.other_account if value == "other" else value for name, value in body.items()}
    answer = peer.say("sp", "POST", "/PhoneNumbers", body)
    assert (answer.status_code, response_shape(answer)) == (
        status,
        "sid" if status == 201 else "msg",
    )
    assert words in answer.json().get("msg", "")


def test_a_number_in_no_account(peer):
    digits = f"1555{uuid4().int % 10**9:09}"
    sid = peer.makes("sp", "/PhoneNumbers", number=digits, voip_carrier_sid=peer.carrier())
    found = f"/PhoneNumbers?filter={digits}"
    assert peer.say("sp", "GET", found).json() == []
    assert len(peer.say("admin", "GET", found).json()) == 1
    assert peer.say("sp", "GET", f"/PhoneNumbers/{sid}").status_code == 200


def test_changing_a_number(peer):
    body = {"number": "1555", "voip_carrier_sid": peer.carrier(), "account_sid": peer.account}
    path = f"/PhoneNumbers/{peer.makes('sp', '/PhoneNumbers', **body)}"
    unlink = {"application_sid": None}
    assert peer.asks("sp", "PUT", path, unlink) == (204, "nothing")
    assert peer.asks("sp", "PUT", path, {"number": "1555"}) == (400, "msg")
    assert peer.asks("sp", "PUT", path, {"application_sid": UNKNOWN_SID}) == (500, "msg")
    assert peer.asks("sp", "PUT", path, {}) == (500, "msg")
    assert peer.asks("foreign", "PUT", path, unlink) == (403, "msg")
    assert peer.asks("foreign", "GET", path) == (400, "msg")
    assert peer.asks("sp", "PUT", f"/PhoneNumbers/{UNKNOWN_SID}", unlink) == (500, "msg")
    assert peer.asks("account", "PUT", f"/PhoneNumbers/{UNKNOWN_SID}", unlink) == (404, "text")
    assert peer.asks("sp", "GET", f"/PhoneNumbers/{UNKNOWN_SID}") == (404, "nothing")
    assert peer.asks("sp", "GET", "/PhoneNumbers/zz") == (400, "msg")
    assert peer.asks("sp", "GET", "/PhoneNumbers?page=0&page_size=1")[0] == 200
    assert peer.asks("sp", "GET", "/PhoneNumbers?page=-1&page_size=1") == (500, "msg")


def test_bodies_that_are_none(peer):
    headers = {"Authorization": f"Bearer {peer.keys['sp']}", "Content-Type": "application/json"}

    def post(content, **more):
        answer = peer.client.post("/PhoneNumbers", content=content, headers={**headers, **more})
        return answer.status_code, response_shape(answer)

    assert post(b"{bad") == (400, "msg")
    assert post(b"x" * 200_000) == (413, "msg")
    assert post(b"{}", **{"Content-Type": "text/plain"}) == (400, "msg")


def test_call_routes_hold_a_carrier_and_lose_its_gateways(peer):
    carrier = peer.carrier()
    peer.gateway(carrier)
    lcr = peer.makes("sp", "/Lcrs", name="fake-test")
    route = peer.makes("sp", "/LcrRoutes", lcr_sid=lcr, regex=".*", priority=1)
    peer.makes("sp", "/LcrCarrierSetEntries", lcr_route_sid=route, voip_carrier_sid=carrier)
    (found,) = peer.say("sp", "GET", f"/LcrRoutes?lcr_sid={lcr}").json()
    assert found["lcr_carrier_set_entries"][0]["voip_carrier_sid"] == carrier
    assert lcr in {row["lcr_sid"] for row in peer.say("sp", "GET", "/Lcrs").json()}
    assert lcr not in {row["lcr_sid"] for row in peer.say("account", "GET", "/Lcrs").json()}
    answer = peer.say("sp", "DELETE", f"/VoipCarriers/{carrier}")
    assert answer.status_code == 500
    assert "foreign key" in answer.json()["msg"]
    assert peer.say("sp", "GET", f"/SipGateways?voip_carrier_sid={carrier}").json() == []
