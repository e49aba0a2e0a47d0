"""POST /api/phone-numbers/import and /api/sio/createSipTrunkDispatch: what waits for a platform."""

import json

import pytest

from integrations.models import Integration, Operation, ProviderCall, SandboxObject
from integrations.providers import PROVIDERS
from integrations.providers.base import AccountField, CheckResult, CredentialsRefused
from integrations.providers.sandbox import Sandbox
from numbers.models import PhoneNumber
from organizations.models import Event, SavedReply
from organizations.operations import create_api_key
from tests.support import factories
from tests.support.dialects import DIALECTS, split_key_pair
from tests.support.zudu_client import is_zudu_refusal

pytestmark = pytest.mark.django_db
send = DIALECTS["zudu"].send
IMPORT, SIO = "/api/phone-numbers/import", "/api/sio/createSipTrunkDispatch"
SID, TOKEN = "AC0123456789abcdef0123456789ab1234", "tok-en-of-alice"
CREDENTIALS = {"account_sid": SID, "auth_token": TOKEN}
TRUNK = {
    "name": "Support trunk",
    "number": "+14155550100",
    "outboundPstn": "sip.example.com:5061",
    "authUserName": "user",
    "authPassword": "pass-word-of-alice",
}


class Shop(Sandbox):
    """A sandbox in Twilio's place, which knows one token."""

    kind, title, roles = "twilio", "Twilio", frozenset({"twilio"})
    fields = (
        AccountField("account_sid", "Account SID", identity=True),
        AccountField("auth_token", "Auth token", secret=True),
    )
    domain = "acme.pstn.example.com"

    def check(self) -> CheckResult:
        self.sign_in()
        return CheckResult("Acme", {"sip_domain": self.domain} if self.domain else {})

    def sign_in(self) -> None:
        if not self.account["auth_token"].startswith("tok-"):
            raise CredentialsRefused("Twilio does not accept this auth token.")


@pytest.fixture(autouse=True)
def shop(monkeypatch):
    monkeypatch.setitem(PROVIDERS, "twilio", Shop)


@pytest.fixture
def nobody_works(monkeypatch):
    """As if no worker came to it within ten seconds."""
    monkeypatch.setattr(
        "integrations.ledger.operation_requests.wait_for_operation",
        lambda pk, *, seconds: Operation.objects.get(pk=pk),
    )


def take_in(member, number: str = "+14155550100", **fields):
    body = {"phone_number": number, "provider": "twilio", **fields}
    return send(member, "POST", IMPORT, body)


def accounts(member) -> list[Integration]:
    return list(member.organization.integrations.filter(kind="twilio"))


def nothing_is_left(member) -> bool:
    assert accounts(member) == []
    assert not member.organization.phone_numbers.filter(released_at=None).exists()
    assert not SandboxObject.objects.exclude(kind="carrier").exclude(kind="visits").exists()
    assert not Operation.objects.filter(status="open").exists()
    return True


class TestImporting:
    def test_the_account_is_connected_and_the_number_gets_trunks(self, alice, worker):
        agents = {"inbound_agent_id": "agent_123", "outbound_agent_id": "agent_456"}
        answer = take_in(alice, **CREDENTIALS, nickname="Main Office Line", **agents)
        body, data = answer.json(), answer.json()["data"]
        assert answer.status_code == 200, body
        assert body["message"] == "Phone number validated and imported successfully"
        number = data["phone_number"]
        assert number["phone_number"] == "+14155550100"
        assert number["nickname"] == "Main Office Line"
        assert {name: number[name] for name in agents} == agents
        assert (number["phone_number_type"], number["number_provider"]) == ("custom", "twilio")
        assert number["inbound_trunk_id"].startswith("ST_")
        assert number["outbound_trunk_id"].startswith("ST_")
        assert number["dispatch_rule_id"].startswith("SDR_")
        assert number["provisioning_status"] == "active"
        assert data["validation_result"] == {
            "phone_number": "+14155550100",
            "friendly_name": "+14155550100",
            "capabilities": {"voice": True, "sms": True},
            "status": "active",
            "message": "Phone number validated successfully",
        }
        assert data["import_details"].pop("imported_at") > 1_700_000_000_000
        assert data["import_details"] == {
            "organization_id": alice.organization.public_id,
            "provider": "twilio",
        }
        (account,) = accounts(alice)
        assert (account.name, account.state) == ("Twilio AC…1234", "connected")
        voice = PhoneNumber.objects.get().placements.get(role="voice")
        assert voice.settings == {"server_address": "acme.pstn.example.com"}

    def test_the_same_account_is_used_again(self, alice, worker):
        take_in(alice, **CREDENTIALS)
        assert take_in(alice, "+14155550101", **CREDENTIALS).status_code == 200
        assert len(accounts(alice)) == 1
        checks = Operation.objects.filter(wish="check", integration__kind="twilio")
        assert checks.count() == 1

    def test_another_token_takes_over_once_it_is_checked(self, alice, worker):
        take_in(alice, **CREDENTIALS)
        good = {"account_sid": SID, "auth_token": "tok-rotated"}
        assert take_in(alice, "+14155550101", **good).status_code == 200
        assert accounts(alice)[0].account()["auth_token"] == "tok-rotated"

    def test_a_wrong_token_does_not_touch_the_connected_account(self, alice, worker):
        take_in(alice, **CREDENTIALS)
        wrong = {"account_sid": SID, "auth_token": "wrong"}
        answer = take_in(alice, "+14155550101", **wrong)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        (account,) = accounts(alice)
        assert (account.state, account.account()["auth_token"]) == ("connected", TOKEN)
        assert PhoneNumber.objects.count() == 1

    def test_two_accounts_whose_ids_end_alike_stay_apart(self, alice, worker):
        take_in(alice, **CREDENTIALS)
        other = SID.replace("0123", "9999", 1)
        take_in(alice, "+14155550101", account_sid=other, auth_token=TOKEN)
        assert {account.name for account in accounts(alice)} == {
            "Twilio AC…1234",
            f"Twilio {other}",
        }

    def test_without_credentials_the_default_account_is_taken(self, alice, worker):
        answer = take_in(alice, provider="TWILIO")
        assert answer.status_code == 200
        assert accounts(alice) == []  # the sandbox is the default

    def test_without_any_account_it_asks_for_one(self, alice):
        alice.organization.default_integrations.filter(role="twilio").delete()
        answer = take_in(alice)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith("account_sid: ")

    def test_without_a_sip_platform_the_number_is_supplied_only(self, alice, worker):
        alice.organization.default_integrations.filter(role="sip").delete()
        number = take_in(alice, **CREDENTIALS).json()["data"]["phone_number"]
        assert number["provisioning_status"] == "active"
        assert number["inbound_trunk_id"] is None

    def test_an_account_without_a_sip_trunk_has_no_way_out(self, alice, worker, monkeypatch):
        monkeypatch.setattr(Shop, "domain", "")
        data = take_in(alice, **CREDENTIALS).json()["data"]
        assert data["phone_number"]["inbound_trunk_id"].startswith("ST_")
        assert data["phone_number"]["outbound_trunk_id"] is None
        assert "no SIP trunk is set" in data["validation_result"]["message"]


class TestImportRefused:
    def test_wrong_credentials_leave_nothing_behind(self, alice, worker):
        answer = take_in(alice, account_sid=SID, auth_token="wrong")
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert "does not accept this auth token" in answer.json()["message"]
        assert nothing_is_left(alice)

    def test_a_number_that_is_not_in_the_account_leaves_nothing_behind(self, alice, worker):
        answer = take_in(alice, "+15005550001", **CREDENTIALS)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert "not in this account" in answer.json()["message"]
        assert nothing_is_left(alice)

    def test_a_strangers_number_leaves_nothing_behind(self, alice, mallory, worker):
        factories.create_number(mallory.by, "+14155550100")
        answer = take_in(alice, **CREDENTIALS)
        assert is_zudu_refusal(answer, 409, "number-taken")
        assert accounts(alice) == []

    def test_an_own_number_is_refused_before_anything_is_connected(self, alice):
        factories.create_number(alice.by, "+14155550100")
        assert is_zudu_refusal(take_in(alice, **CREDENTIALS), 409, "number-taken")
        assert accounts(alice) == []

    @pytest.mark.parametrize("more", [{}, {"auth_id": "MA1", "auth_token": "x"}])
    def test_plivo_is_not_there_yet(self, alice, more):
        answer = take_in(alice, provider="plivo", **more)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert "not supported until" in answer.json()["message"]

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"account_sid": SID}, "auth_token"),
            ({"auth_token": TOKEN}, "account_sid"),
            ({"auth_id": "MA1"}, "auth_id"),
            ({"provider": "acme"}, "provider"),
            ({"provider": "carrier"}, "provider"),
            ({"provider": "sip"}, "provider"),
            ({"provider": "acme", **CREDENTIALS}, "provider"),
            ({"provider": None}, "provider"),
            ({"area_code": 415}, "area_code"),
        ],
    )
    def test_a_wrong_field_is_named(self, alice, fields, path):
        answer = take_in(alice, **fields)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith(f"{path}: ")

    def test_credentials_need_the_permission_to_connect(self, alice, worker):
        scopes = ["phone_numbers:read", "phone_numbers:write"]
        key, text = create_api_key(
            alice.by, owner=alice.user, name="n", role="agent_manager", scopes=scopes
        )
        narrow = factories.Member(alice.user, alice.organization, key, text.full)
        answer = take_in(narrow, **CREDENTIALS)
        assert is_zudu_refusal(answer, 403, "forbidden")
        assert "integrations:create" in answer.json()["message"]
        assert take_in(narrow).status_code == 200

    def test_no_secret_is_told(self, alice, worker):
        shown = [take_in(alice, **CREDENTIALS), send(alice, "POST", SIO, TRUNK)]
        shown.append(take_in(alice, "+14155550109", account_sid=SID, auth_token="tok"))
        told = b"".join(answer.content for answer in shown).decode()
        told += str([list(model.objects.values()) for model in (Event, Operation, ProviderCall)])
        told += str(list(SavedReply.objects.values()))
        assert TOKEN not in told
        assert TRUNK["authPassword"] not in told


class TestImportGoesOn:
    def test_past_ten_seconds_the_import_goes_on(self, alice, nobody_works):
        answer = take_in(alice)
        assert is_zudu_refusal(answer, 504, "timeout")
        factories.run_due_operations()
        assert PhoneNumber.objects.get().status == "active"

    def test_past_ten_seconds_of_checking_nothing_is_imported(self, alice, nobody_works):
        answer = take_in(alice, **CREDENTIALS)
        assert is_zudu_refusal(answer, 504, "timeout")
        assert "nothing is imported" in answer.json()["message"]
        factories.run_due_operations()
        assert not PhoneNumber.objects.exists()
        assert accounts(alice)[0].state == "connected"

    def test_it_can_be_sent_again_while_the_account_is_being_checked(
        self, alice, nobody_works, request
    ):
        take_in(alice, **CREDENTIALS)
        request.getfixturevalue("worker")
        assert take_in(alice, **CREDENTIALS).status_code == 200
        assert len(accounts(alice)) == 1

    def test_a_replay_repeats_the_answer_and_a_refusal_is_not_kept(self, alice, worker, api):
        public, secret = split_key_pair(alice.key_text)
        headers = {"X-API-KEY": public, "X-API-SECRET": secret, "Idempotency-Key": "a1b2c3d4"}

        def again(number):
            body = json.dumps({"phone_number": number, "provider": "twilio", **CREDENTIALS})
            client = api().client
            return client.generic("POST", IMPORT, body, "application/json", headers=headers)

        assert again("+15005550001").status_code == 400
        first, second = again("+14155550100"), again("+14155550100")
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.content == second.content


class TestTrunks:
    def test_one_call_makes_number_and_trunks(self, alice, worker):
        answer = send(alice, "POST", SIO, TRUNK)
        body = answer.json()
        assert (answer.status_code, body["message"]) == (200, "Phone number created successfully")
        assert body["data"].startswith("ST_")
        data = send(alice, "GET", "/api/phone-numbers/+14155550100").json()["data"]
        assert data["inbound_trunk_id"] == body["data"]
        assert data["outbound_trunk_id"].startswith("ST_")
        assert (data["nickname"], data["phone_number_type"]) == ("Support trunk", "custom")
        voice = PhoneNumber.objects.get().placements.get()
        assert voice.settings == {
            "trunk_name": "Support trunk",
            "server_address": "sip.example.com:5061",
            "username": "user",
        }
        assert voice.secrets() == {"password": TRUNK["authPassword"]}

    @pytest.mark.parametrize("field", TRUNK)
    def test_every_field_is_required(self, alice, field):
        body = {name: value for name, value in TRUNK.items() if name != field}
        answer = send(alice, "POST", SIO, body)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith(f"{field}: ")

    def test_an_address_is_no_uri(self, alice):
        answer = send(alice, "POST", SIO, {**TRUNK, "outboundPstn": "sip:example.com"})
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith("outboundPstn: ")

    def test_without_a_sip_platform_it_says_so(self, alice):
        alice.organization.default_integrations.filter(role="sip").delete()
        answer = send(alice, "POST", SIO, TRUNK)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert "sip" in answer.json()["message"]

    def test_what_the_platform_refuses_leaves_nothing_behind(self, alice, worker):
        answer = send(alice, "POST", SIO, {**TRUNK, "number": "+15005550001"})
        assert is_zudu_refusal(answer, 400, "invalid-request")
        assert answer.json()["message"].startswith("number: The sandbox refuses")
        assert nothing_is_left(alice)

    def test_a_number_that_is_held_is_refused(self, alice, mallory, worker):
        factories.create_number(mallory.by, "+14155550100")
        assert is_zudu_refusal(send(alice, "POST", SIO, TRUNK), 409, "number-taken")

    def test_a_platform_that_is_out_is_not_waited_for_longer(self, alice, worker):
        answer = send(alice, "POST", SIO, {**TRUNK, "number": "+15005550005"})
        assert is_zudu_refusal(answer, 504, "timeout")
        assert PhoneNumber.objects.get().status == "pending"
