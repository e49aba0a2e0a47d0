"""Zudu's dialect at its door: the key pair, the envelope of every error, and which paths are
its own."""

import json

import pytest

from organizations.operations import create_api_key
from tests.support import factories
from tests.support.dialects import DIALECTS, split_key_pair
from tests.support.zudu_client import CREATE_URL, is_zudu_refusal

pytestmark = pytest.mark.django_db
zudu = DIALECTS["zudu"]
NUMBER = "/api/phone-numbers/+18005551234"


class TestKeys:
    @pytest.mark.parametrize("name", ["X-API-KEY", "X-API-SECRET"])
    def test_one_half_alone_opens_nothing_and_the_other_is_named(self, alice, api, name):
        public, secret = split_key_pair(alice.key_text)
        sent = {"X-API-KEY": public, "X-API-SECRET": secret}
        missing = ({"X-API-KEY", "X-API-SECRET"} - {name}).pop()
        answer = api().send("POST", CREATE_URL, {}, **{name: sent[name]})
        assert is_zudu_refusal(answer, 401, "unauthorized")
        assert missing in answer.json()["message"].partition(".")[0]

    def test_halves_of_two_keys_open_nothing(self, alice, bob, api):
        public, _secret = split_key_pair(alice.key_text)
        _public, secret = split_key_pair(bob.key_text)
        answer = api().get(NUMBER, **{"X-API-KEY": public, "X-API-SECRET": secret})
        assert is_zudu_refusal(answer, 401, "unauthorized")

    def test_a_whole_key_is_no_pair(self, alice, api):
        answer = api(alice).send("POST", CREATE_URL, {"phone_number": "+14155550100"})
        assert is_zudu_refusal(answer, 401, "unauthorized")

    def test_a_reader_reads_and_may_not_change(self, alice, carol):
        factories.create_number(alice.by)
        assert zudu.send(carol, "GET", NUMBER).status_code == 200
        assert is_zudu_refusal(zudu.send(carol, "DELETE", NUMBER), 403, "forbidden")


class TestPaths:
    def test_the_secret_tells_the_dialects_apart(self, alice, api):
        butter = {"X-API-Key": alice.key_text, "X-Organization-Id": alice.organization.public_id}
        assert "success" in api().get("/api/phone-numbers", **butter).json()
        assert zudu.send(alice, "GET", "/api/phone-numbers").json()["status"] == "success"

    @pytest.mark.parametrize("plus", ["+", "%2B"])
    def test_the_plus_may_be_raw_or_escaped(self, alice, plus):
        factories.create_number(alice.by)
        answer = zudu.send(alice, "GET", f"/api/phone-numbers/{plus}18005551234")
        assert answer.json()["data"]["phone_number"] == "+18005551234"

    @pytest.mark.parametrize("text", ["18005551234", "+1800555123x", "%00", "phon_0123456789ab"])
    def test_what_is_no_number_is_not_found(self, alice, text):
        answer = zudu.send(alice, "GET", f"/api/phone-numbers/{text}")
        assert is_zudu_refusal(answer, 404, "not-found")

    def test_another_method_is_refused_in_the_envelope(self, alice):
        answer = zudu.send(alice, "GET", CREATE_URL)
        assert is_zudu_refusal(answer, 405, "method-not-allowed")
        assert answer["Allow"] == "POST"


class TestErrors:
    def test_all_wrong_fields_stand_in_the_message(self, alice):
        body = {"phone_number": "415", "nickname": 5, "colour": "red"}
        answer = zudu.send(alice, "POST", CREATE_URL, body)
        assert is_zudu_refusal(answer, 400, "invalid-request")
        for name in ("phone_number: ", "nickname: ", "colour: "):
            assert name in answer.json()["message"]

    def test_a_body_that_is_no_json_is_refused(self, alice, api):
        public, secret = split_key_pair(alice.key_text)
        headers = {"X-API-KEY": public, "X-API-SECRET": secret}
        answer = api().client.generic("POST", CREATE_URL, "{", "application/json", headers=headers)
        assert is_zudu_refusal(answer, 400, "malformed-json")
        answer = api().client.generic("POST", CREATE_URL, "{}", "text/plain", headers=headers)
        assert is_zudu_refusal(answer, 415, "unsupported-media-type")

    def test_too_many_requests_are_told_when_to_go_on(self, alice, settings):
        settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 1, 1
        zudu.send(alice, "GET", NUMBER)
        answer = zudu.send(alice, "GET", NUMBER)
        assert is_zudu_refusal(answer, 429, "rate-limited")
        assert answer["Retry-After"] == "1"

    def test_an_error_of_our_own_says_so(self, alice, monkeypatch):
        monkeypatch.setattr("numbers.dialects.zudu.lists.offset_page", lambda *_: 1 / 0)
        answer = zudu.send(alice, "GET", "/api/phone-numbers")
        assert is_zudu_refusal(answer, 500, "internal")


def test_a_key_without_the_scope_is_refused(alice):
    key, text = create_api_key(
        alice.by, owner=alice.user, name="reads", role="admin", scopes=["phone_numbers:read"]
    )
    reader = factories.Member(alice.user, alice.organization, key, text.full)
    assert zudu.send(reader, "POST", "/api/phone-numbers/list", {}).status_code == 200
    answer = zudu.send(reader, "POST", CREATE_URL, {"phone_number": "+14155550100"})
    assert is_zudu_refusal(answer, 403, "forbidden")


def test_a_repeated_request_is_executed_once(alice, api):
    public, secret = split_key_pair(alice.key_text)
    headers = {"X-API-KEY": public, "X-API-SECRET": secret, "Idempotency-Key": "a1b2c3d4"}
    body = json.dumps({"phone_number": "+14155550100"})
    first, second = (
        api().client.generic("POST", CREATE_URL, body, "application/json", headers=headers)
        for _ in range(2)
    )
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
