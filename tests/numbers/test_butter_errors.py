"""Butter's header and errors: `{"detail": …}`, and FastAPI's list in a 422."""

import pytest
from django.test import Client

from tests.support import factories
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db

PATH = "/api/phone-numbers"
BODY = b'{"phone_number": "+15559876543", "provider": "sip"}'


def post(member, body: bytes, **headers):
    headers = {**DIALECTS["butter"].headers(member), **headers}
    return Client().generic("POST", PATH, body, "application/json", headers=headers)


def test_the_organization_must_be_named(alice):
    answer = Client().get(PATH, headers={"X-API-Key": alice.key_text})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("X-Organization-Id: This header is required")


def test_the_organization_must_be_the_keys(alice, mallory):
    for named in (mallory.organization.public_id, "org_000000000000"):
        headers = {"X-API-Key": alice.key_text, "X-Organization-Id": named}
        answer = Client().get(PATH, headers=headers)
        assert (answer.status_code, set(answer.json())) == (403, {"detail"})
        assert mallory.organization.public_id not in answer.content.decode()


def test_its_uuid_and_a_bearer_token_are_taken_too(alice):
    """As an older revision of Butter's documents has it."""
    headers = {
        "Authorization": f"Bearer {alice.key_text}",
        "X-Organization-Id": str(alice.organization.id),
    }
    assert Client().get(PATH, headers=headers).status_code == 200


@pytest.mark.parametrize("body", [b'{"phone_number"', b"[]", b"\xff", b'{"a": 1, "a": 1}'])
def test_broken_json_is_422(alice, body):
    answer = post(alice, body)
    assert answer.status_code == 422
    (entry,) = answer.json()["detail"]
    assert (entry["loc"], entry["type"]) == (["body"], "json_invalid")
    assert entry["msg"]


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("phone_number", b"15559876543", "string_type"),
        ("provider", b"null", "string_type"),
        ("supports_inbound", b'"yes"', "bool_type"),
        ("supports_outbound", b"null", "bool_type"),
        ("inbound_pin", b"1234", "string_type"),
    ],
)
def test_a_value_of_the_wrong_type_is_422(alice, field, value, kind):
    body = b'{"%b": %b, "nickname": "x"}' % (field.encode(), value)
    answer = post(alice, body)
    entries = {entry["loc"][1]: entry for entry in answer.json()["detail"]}
    assert answer.status_code == 422
    assert entries[field]["loc"] == ["body", field]
    assert entries[field]["type"] == kind
    assert entries["nickname"]["type"] == "extra_forbidden"
    missing = {"phone_number", "provider"} - {field}
    assert {entries[name]["type"] for name in missing} == {"missing"}


def test_everything_wrong_is_said_at_once(alice):
    answer = post(alice, b'{"provider": "plivo", "nickname": "x"}')
    assert answer.status_code == 400
    for named in ("phone_number: ", "provider: ", "nickname: "):
        assert named in answer.json()["detail"]


def test_a_replay_repeats_the_answer_and_does_nothing_again(alice):
    first, again = (post(alice, BODY, **{"Idempotency-Key": "butter-key-1"}) for _ in range(2))
    other = post(alice, BODY.replace(b"543", b"544"), **{"Idempotency-Key": "butter-key-1"})
    assert (first.status_code, again.content) == (201, first.content)
    assert alice.organization.phone_numbers.count() == 1
    assert (other.status_code, type(other.json()["detail"])) == (422, str)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "phone-numbers", 405),
        ("GET", "agents/agent_x/assign-phone-number", 405),
        ("GET", "integrations/intg_%00", 404),
        ("DELETE", "api-keys/apikey_%00", 404),
        ("POST", "agents/%FF%00/assign-phone-number", 404),
    ],
)
def test_whatever_is_refused_has_a_detail(alice, method, path, status):
    answer = DIALECTS["butter"].send(alice, method, f"/api/{path}", {})
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])


def test_a_mistake_of_ours_has_a_detail_too(alice, monkeypatch):
    monkeypatch.setattr(
        "numbers.dialects.butter.phone_numbers.import_number", lambda *a, **k: 1 / 0
    )
    answer = post(alice, BODY)
    assert (answer.status_code, list(answer.json())) == (500, ["detail"])
    assert "ZeroDivision" not in answer.content.decode()


def test_too_many_requests_are_429(alice, settings):
    settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 1, 1
    post(alice, BODY)
    answer = post(alice, BODY)
    assert (answer.status_code, list(answer.json())) == (429, ["detail"])
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_request_with_a_secret_header_is_not_butters(alice):
    """Zudu's clients share the path."""
    factories.create_number(alice.by)
    public, _underscore, secret = alice.key_text.rpartition("_")
    headers = {"X-API-KEY": public, "X-API-SECRET": secret, "X-Organization-Id": "org_x"}
    assert "success" not in Client().get(PATH, headers=headers).json()
