"""POST GET /v1/phone-numbers/carriers, GET PATCH DELETE /v1/phone-numbers/carriers/{id}, retry."""

from uuid import uuid4

import pytest

from carriers.models import Carrier
from integrations.models import Operation, SandboxObject
from tests.support import factories

pytestmark = pytest.mark.django_db
URL = "/v1/phone-numbers/carriers"
GATEWAY = {"ipv4": "198.51.100.9", "port": 5060, "inbound": True, "outbound": True}
SIMPLE = {"carrier_name": "My VoIP Provider", "trunk_type": "static_ip", "sip_gateway": GATEWAY}
REG = {
    "carrier_name": "Registered",
    "trunk_type": "reg",
    "sip_gateway": {"ipv4": "sip.example.com", "inbound": False},
    "registration": {"username": "acme", "password": "s3cret-reg", "realm": "sip.example.com"},
}
AUTH = {
    "carrier_name": "Challenged",
    "trunk_type": "auth",
    "sip_gateway": GATEWAY,
    "inbound_auth": {"username": "acme", "password": "s3cret-auth"},
}


class TestAdding:
    def test_it_works(self, alice, api):
        answer = api(alice).post(URL, SIMPLE)
        body = answer.json()
        carrier = Carrier.objects.get(name="My VoIP Provider")
        assert answer.status_code == 201
        assert answer["Location"] == f"{URL}/{carrier.id}"
        assert body["status"] == "pending"
        assert body["id"] == str(carrier.id)
        assert body["voip_carrier_sid"] == str(carrier.voip_carrier_sid)
        assert body["sip_gateway_sid"] == str(carrier.gateways.get().id)
        assert body["sip_gateways"] == [
            {
                "sip_gateway_sid": body["sip_gateway_sid"],
                "ipv4": "198.51.100.9",
                "port": 5060,
                "netmask": 32,
                "inbound": True,
                "outbound": True,
                "protocol": "udp",
            }
        ]

    def test_it_is_active_when_the_worker_has_been(self, alice, api):
        carrier_id = api(alice).post(URL, SIMPLE).json()["id"]
        factories.run_open_operation("carrier", carrier_id)
        assert api(alice).get(f"{URL}/{carrier_id}").json()["status"] == "active"
        assert SandboxObject.objects.filter(name="My VoIP Provider").count() == 1

    @pytest.mark.parametrize(("body", "secret"), [(REG, "s3cret-reg"), (AUTH, "s3cret-auth")])
    def test_each_trunk_type_takes_its_credentials_and_never_shows_them(
        self, alice, api, body, secret
    ):
        answer = api(alice).post(URL, body)
        carrier = Carrier.objects.get(name=body["carrier_name"])
        assert answer.status_code == 201
        assert carrier.password() == secret
        assert secret not in answer.content.decode()
        assert secret not in str(Carrier.objects.filter(pk=carrier.pk).values())
        assert (answer.json()["registration"] or answer.json()["inbound_auth"])[
            "username"
        ] == "acme"

    def test_the_names_of_jambonz_are_understood(self, alice, api):
        registration = {
            "register_username": "acme",
            "register_password": "x",
            "register_sip_realm": "a.example.com",
            "register_from_user": "me",
            "register_from_domain": "b.example.com",
            "register_public_ip_in_contact": True,
        }
        body = api(alice).post(URL, {**REG, "registration": registration}).json()
        assert body["registration"] == {
            "username": "acme",
            "realm": "a.example.com",
            "from_user": "me",
            "from_domain": "b.example.com",
            "public_ip_in_contact": True,
        }

    def test_it_takes_several_gateways(self, alice, api):
        body = {key: value for key, value in SIMPLE.items() if key != "sip_gateway"}
        gateways = [
            GATEWAY,
            {"ipv4": "sip.example.com", "inbound": False, "protocol": "tls", "port": 5061},
        ]
        answer = api(alice).post(URL, {**body, "sip_gateways": gateways}).json()
        assert [g["ipv4"] for g in answer["sip_gateways"]] == ["198.51.100.9", "sip.example.com"]
        assert answer["sip_gateway_sid"] == answer["sip_gateways"][0]["sip_gateway_sid"]

    @pytest.mark.parametrize(
        ("gateway", "path", "word"),
        [
            ({"ipv4": "sip.myprovider.com"}, "ipv4", "inbound gateway needs an IPv4"),
            ({"ipv4": "2001:db8::1"}, "ipv4", "IPv4 address"),
            ({"ipv4": "198.51.100.9:5060"}, "ipv4", "without"),
            ({"ipv4": "198.51.100.0/24"}, "ipv4", "without"),
            ({"ipv4": "sip:a.example.com", "inbound": False}, "ipv4", "without"),
            ({"ipv4": "1.2.3.999"}, "ipv4", "IPv4"),
            ({"ipv4": "198.51.100.09"}, "ipv4", "IPv4"),
            ({"ipv4": ""}, "ipv4", "not empty"),
            ({"ipv4": "a b.example.com", "inbound": False}, "ipv4", "IPv4"),
            ({"port": 0}, "port", "At least 1"),
            ({"port": 70000}, "port", "At most 65535"),
            ({"port": "5060"}, "port", "whole number"),
            ({"port": True}, "port", "whole number"),
            ({"netmask": 0}, "netmask", "At least"),
            ({"netmask": 33}, "netmask", "At most"),
            ({"netmask": 24, "inbound": False}, "netmask", "32"),
            ({"protocol": "sctp"}, "protocol", "udp, tcp"),
            ({"inbound": "yes"}, "inbound", "true or false"),
            ({"inbound": False, "outbound": False}, "inbound", "inbound, outbound or both"),
            ({"weight": 1}, "weight", "not known"),
        ],
    )
    def test_a_gateway_that_cannot_be_is_refused(self, alice, api, gateway, path, word):
        answer = api(alice).post(URL, {**SIMPLE, "sip_gateway": {**GATEWAY, **gateway}})
        (error,) = answer.json()["errors"]
        assert answer.status_code == 400
        assert error["path"] == f"sip_gateway.{path}"
        assert word in error["message"]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({**REG, "registration": None}, "registration"),
            ({k: v for k, v in REG.items() if k != "registration"}, "registration"),
            ({k: v for k, v in AUTH.items() if k != "inbound_auth"}, "inbound_auth"),
            ({**SIMPLE, "registration": REG["registration"]}, "registration"),
            ({**SIMPLE, "inbound_auth": AUTH["inbound_auth"]}, "inbound_auth"),
            ({**REG, "registration": {"username": "a"}}, "registration.password"),
            (
                {**REG, "registration": {"username": "a b", "password": "x"}},
                "registration.username",
            ),
            (
                {**REG, "registration": {"username": "a", "password": "x y"}},
                "registration.password",
            ),
            (
                {**REG, "registration": {**REG["registration"], "realm": "sip:a.com"}},
                "registration.realm",
            ),
            (
                {**REG, "registration": {**REG["registration"], "realm": "nodot"}},
                "registration.realm",
            ),
            (
                {**REG, "registration": {**REG["registration"], "use_tls": True}},
                "registration.use_tls",
            ),
            (
                {**REG, "registration": {**REG["registration"], "sip_realm": "a.com"}},
                "registration.sip_realm",
            ),
            ({**AUTH, "inbound_auth": {"username": "a", "password": " "}}, "inbound_auth.password"),
            ({**AUTH, "inbound_auth": "acme"}, "inbound_auth"),
            ({**REG, "sip_gateway": {**GATEWAY, "outbound": False}}, "sip_gateway"),
            ({**SIMPLE, "sip_gateways": [GATEWAY]}, "sip_gateways"),
            ({"carrier_name": "x"}, "sip_gateway"),
            ({"carrier_name": "x", "sip_gateways": []}, "sip_gateways"),
            ({"carrier_name": "x", "sip_gateways": [GATEWAY, GATEWAY]}, "sip_gateways.1"),
            (
                {"carrier_name": "x", "sip_gateways": [GATEWAY, {"ipv4": "x"}]},
                "sip_gateways.1.ipv4",
            ),
            ({**SIMPLE, "carrier_name": ""}, "carrier_name"),
            ({**SIMPLE, "carrier_name": "x" * 101}, "carrier_name"),
            ({**SIMPLE, "trunk_type": "magic"}, "trunk_type"),
            ({**SIMPLE, "integration_id": "intg_000000000000"}, "integration_id"),
            ({**SIMPLE, "integration_id": "nonsense"}, "integration_id"),
        ],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, api, body, path):
        answer = api(alice).post(URL, body)
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == [path]
        assert not Carrier.objects.exclude(name="Acme Trunk").exists()

    def test_the_vendors_own_example_is_refused_as_its_text_says(self, alice, api):
        example = {**SIMPLE, "sip_gateway": {**GATEWAY, "ipv4": "sip.myprovider.com"}}
        assert "needs an IPv4 address" in api(alice).post(URL, example).json()["detail"]

    def test_a_strangers_integration_is_unknown(self, alice, mallory, api):
        theirs = alice.organization.integrations.get().public_id
        answer = api(mallory).post(URL, {**SIMPLE, "integration_id": theirs})
        assert answer.json()["errors"][0]["path"] == "integration_id"

    def test_without_any_integration_it_asks_for_one(self, alice, api):
        alice.organization.default_integrations.all().delete()
        answer = api(alice).post(URL, SIMPLE)
        assert answer.json()["errors"][0]["path"] == "integration_id"

    def test_a_new_default_takes_the_place_of_the_old(self, alice, api):
        assert api(alice).post(URL, {**SIMPLE, "is_default": True}).json()["is_default"] is True
        assert alice.organization.carriers.get(is_default=True).name == "My VoIP Provider"


class TestReading:
    def test_a_stranger_finds_nothing(self, alice, mallory, api):
        carrier = alice.organization.carriers.get()
        assert api(mallory).get(f"{URL}/{carrier.id}").status_code == 404
        names = [row["carrier_name"] for row in api(mallory).get(URL).json()["data"]]
        assert names == ["Evil Trunk"]

    def test_the_path_takes_the_id_and_not_the_sid(self, alice, api):
        carrier = alice.organization.carriers.get()
        assert api(alice).get(f"{URL}/{carrier.id}").status_code == 200
        assert api(alice).get(f"{URL}/{carrier.voip_carrier_sid}").status_code == 404

    def test_the_list_takes_three_queries(self, alice, api, django_assert_num_queries):
        for n in range(3):
            factories.create_carrier(alice.by, name=f"Trunk {n}")
        api(alice).get(URL)
        with django_assert_num_queries(3):  # the key; the carriers; their gateways
            assert len(api(alice).get(URL).json()["data"]) == 4


class TestChanging:
    def test_the_platform_follows(self, alice, api):
        carrier = alice.organization.carriers.get()
        body = api(alice).patch(f"{URL}/{carrier.id}", {"carrier_name": "Renamed"}).json()
        assert (body["carrier_name"], body["status"]) == ("Renamed", "pending")
        factories.run_open_operation("carrier", carrier.id)
        assert SandboxObject.objects.get(kind="carrier").data["name"] == "Renamed"

    def test_gateways_are_replaced_and_the_unchanged_keep_their_sid(self, alice, api):
        carrier = alice.organization.carriers.get()
        kept = str(carrier.gateways.get().id)
        gateways = [GATEWAY, factories.GATEWAY]
        body = api(alice).patch(f"{URL}/{carrier.id}", {"sip_gateways": gateways}).json()
        assert [g["ipv4"] for g in body["sip_gateways"]] == ["198.51.100.9", "198.51.100.7"]
        assert body["sip_gateways"][1]["sip_gateway_sid"] == kept

    def test_a_new_trunk_type_brings_its_own_credentials(self, alice, api):
        carrier = alice.organization.carriers.get()
        assert api(alice).patch(f"{URL}/{carrier.id}", {"trunk_type": "auth"}).status_code == 400
        change = {"trunk_type": "auth", "inbound_auth": AUTH["inbound_auth"]}
        assert api(alice).patch(f"{URL}/{carrier.id}", change).status_code == 200
        carrier.refresh_from_db()
        assert (carrier.trunk_type, carrier.password()) == ("auth", "s3cret-auth")
        assert api(alice).patch(f"{URL}/{carrier.id}", {"carrier_name": "Same"}).status_code == 200
        carrier.refresh_from_db()
        assert carrier.password() == "s3cret-auth"
        assert (
            api(alice).patch(f"{URL}/{carrier.id}", {"trunk_type": "static_ip"}).status_code == 200
        )
        carrier.refresh_from_db()
        assert (carrier.inbound_auth, carrier.password()) == (None, "")

    def test_naming_the_same_trunk_type_keeps_the_credentials(self, alice, api):
        carrier_id = api(alice).post(URL, AUTH).json()["id"]
        assert api(alice).patch(f"{URL}/{carrier_id}", {"trunk_type": "auth"}).status_code == 200
        assert Carrier.objects.get(pk=carrier_id).password() == "s3cret-auth"

    def test_a_registering_carrier_keeps_an_outbound_gateway(self, alice, api):
        carrier_id = api(alice).post(URL, REG).json()["id"]
        change = {"sip_gateways": [{**GATEWAY, "outbound": False}]}
        assert api(alice).patch(f"{URL}/{carrier_id}", change).status_code == 400

    def test_the_integration_cannot_change(self, alice, api):
        carrier = alice.organization.carriers.get()
        answer = api(alice).patch(f"{URL}/{carrier.id}", {"integration_id": "intg_000000000000"})
        assert answer.json()["errors"][0]["path"] == "integration_id"

    def test_it_is_made_to_the_version_that_was_seen(self, alice, api):
        carrier = alice.organization.carriers.get()
        stale = '"99"'
        answer = api(alice).patch(f"{URL}/{carrier.id}", {"carrier_name": "x"}, If_Match=stale)
        assert answer.status_code == 412


class TestDeleting:
    def test_it_goes_from_the_platform_too(self, alice, api):
        carrier = alice.organization.carriers.get()
        assert api(alice).delete(f"{URL}/{carrier.id}").status_code == 204
        factories.run_open_operation("carrier", carrier.id)
        carrier.refresh_from_db()
        assert carrier.released_at is not None
        assert not SandboxObject.objects.filter(kind="carrier").exists()

    def test_one_in_use_is_refused_and_names_the_numbers(self, alice, api):
        factories.create_number(alice.by)
        carrier = alice.organization.carriers.get()
        answer = api(alice).delete(f"{URL}/{carrier.id}")
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/carrier-in-use")
        assert answer.json()["errors"] == [
            {"path": "numbers", "message": "+18005551234", "code": "in_use"}
        ]

    def test_numbers_of_others_are_counted_and_not_named(self, alice, mallory, api):
        from carriers.operations import make_installation_default_carrier

        carrier = alice.organization.carriers.get()
        make_installation_default_carrier(alice.by, carrier)
        factories.create_number(
            mallory.by, "+14155550000", voip_carrier_sid=carrier.voip_carrier_sid
        )
        answer = api(alice).delete(f"{URL}/{carrier.id}")
        assert answer.status_code == 409
        assert "+14155550000" not in answer.content.decode()

    def test_a_stranger_and_a_reader_may_not(self, alice, carol, mallory, api):
        carrier = alice.organization.carriers.get()
        assert api(mallory).delete(f"{URL}/{carrier.id}").status_code == 404
        assert api(carol).delete(f"{URL}/{carrier.id}").status_code == 403


class TestRetrying:
    def test_a_failed_one_is_pending_again(self, alice, api):
        carrier = alice.organization.carriers.get()
        Carrier.objects.update(status="failed", error_message="No.")
        body = api(alice).post(f"{URL}/{carrier.id}/retry").json()
        assert (body["status"], body["error_message"]) == ("pending", None)
        assert Operation.objects.filter(subject_kind="carrier", status="open").count() == 1

    def test_an_active_one_has_nothing_to_retry(self, alice, api):
        carrier = alice.organization.carriers.get()
        assert api(alice).post(f"{URL}/{carrier.id}/retry").status_code == 409
        assert api(alice).post(f"{URL}/{uuid4()}/retry").status_code == 404
