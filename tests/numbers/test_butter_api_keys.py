"""Butter's /api/api-keys: shown once, and never stronger than the key that asks."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import ApiKey, SavedReply
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db


def send(member, method, path="", body=None, **headers):
    headers = {**DIALECTS["butter"].headers(member), **headers}
    data = "" if body is None else json.dumps(body)
    return Client().generic(
        method, f"/api/api-keys{path}", data, "application/json", headers=headers
    )


def create(member, **fields):
    return send(member, "POST", "", {"name": "Production", "role": "user", **fields})


def works(member, raw_key: str) -> bool:
    headers = {**DIALECTS["butter"].headers(member), "X-API-Key": raw_key}
    return Client().get("/api/phone-numbers", headers=headers).status_code == 200


def test_alice_makes_a_key(alice):
    answer = create(alice, role="agent_manager", expires_at="2126-01-15T10:30:00Z")
    body = answer.json()
    made = ApiKey.objects.get(name="Production")
    assert answer.status_code == 201
    assert set(body) == {"raw_key", "key"}
    assert body["key"] == {
        "key_id": f"apikey_{made.id.hex[:12]}",
        "name": "Production",
        "role": "agent_manager",
        "prefix": body["raw_key"][:12],
        "client_id": alice.organization.public_id,
        "user_id": f"user_{alice.user.id.hex}",
        "status": "active",
        "created_at": body["key"]["created_at"],
        "last_used_at": None,
        "expires_at": "2126-01-15T10:30:00Z",
    }
    assert re.fullmatch(r"apikey_[a-f0-9]{12}", body["key"]["key_id"])
    assert body["key"]["prefix"].startswith("pb_live_")
    assert works(alice, body["raw_key"])


def test_a_replay_has_no_key_and_nothing_keeps_it(alice):
    body = {"name": "Production", "role": "user"}
    first, again = (
        send(alice, "POST", "", body, **{"Idempotency-Key": "make-a-key"}) for _ in range(2)
    )
    raw_key = first.json()["raw_key"]
    assert (again.status_code, again.json()["raw_key"]) == (201, None)
    assert again.json()["key"] == first.json()["key"]
    assert "shown once" in again.json()["message"]
    assert raw_key.encode() not in bytes(SavedReply.objects.get().body)
    assert first.headers["Cache-Control"] == "no-store"
    assert ApiKey.objects.filter(name="Production").count() == 1


def test_nobody_makes_or_revokes_a_key_of_a_higher_role(alice, bob):
    refused = create(bob, role="admin")
    assert (refused.status_code, "higher role" in refused.json()["detail"]) == (403, True)
    alices = f"/apikey_{alice.key.id.hex[:12]}"
    assert send(bob, "DELETE", alices).status_code == 403
    assert works(alice, alice.key_text)
    assert create(bob, role="agent_manager").status_code == 201


def test_what_narrows_a_key_narrows_the_keys_it_makes(alice):
    scopes, networks = ["api_keys:write", "phone_numbers:read"], ["127.0.0.0/8"]
    ApiKey.objects.filter(pk=alice.key.pk).update(scopes=scopes, allowed_cidrs=networks)
    assert create(alice, role="admin").status_code == 201
    made = ApiKey.objects.get(name="Production")
    assert (made.scopes, made.allowed_cidrs) == (scopes, networks)


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"name": ""}, 400, "name: "),
        ({"name": "x" * 101}, 400, "name: "),
        ({"role": "owner"}, 400, "role: One of these is expected: admin, agent_manager, user."),
        ({"expires_at": "tomorrow"}, 400, "expires_at: "),
        ({"expires_at": "2126-01-15T10:30:00"}, 400, "expires_at: "),
        ({"expires_at": "2020-01-15T10:30:00Z"}, 400, "expires_at: "),
        ({"scopes": []}, 400, "scopes: "),
        ({"role": 1}, 422, "string_type"),
        ({"expires_at": 1}, 422, "string_type"),
    ],
)
def test_what_cannot_be_a_key_is_refused(alice, fields, status, named):
    answer = create(alice, **fields)
    assert (answer.status_code, named in str(answer.json()["detail"])) == (status, True)
    assert not ApiKey.objects.filter(name=fields.get("name", "Production")).exists()


def test_the_list_has_revoked_and_expired_keys_too(alice, mallory):
    create(alice, name="old")
    ApiKey.objects.filter(name="old").update(expires_at=timezone.now() - timedelta(hours=1))
    made = create(alice, name="lost").json()["key"]
    send(alice, "DELETE", f"/{made['key_id']}")
    body = send(alice, "GET").json()
    states = {row["name"]: row["status"] for row in body["data"]}
    assert states == {"lost": "revoked", "old": "expired", "Alice's key": "active"}
    assert (body["success"], body["pagination"]["total_count"]) == (True, 3)


def test_a_revoked_key_is_refused_and_shown(alice):
    made = create(alice).json()
    answer = send(alice, "DELETE", f"/{made['key']['key_id']}")
    assert answer.status_code == 200
    assert answer.json()["message"] == "API key revoked successfully"
    assert answer.json()["data"]["status"] == "revoked"
    assert not works(alice, made["raw_key"])
    assert send(alice, "DELETE", f"/{made['key']['key_id']}").status_code == 200


def test_a_key_may_revoke_itself(alice):
    answer = send(alice, "DELETE", f"/apikey_{alice.key.id.hex}")
    assert answer.json()["data"]["status"] == "revoked"
    assert send(alice, "GET").status_code == 401


@pytest.mark.parametrize("key_id", ["apikey_000000000000", "apikey_0", "apikey_" + "0" * 33, "x"])
def test_a_key_that_is_not_there_is_404(alice, key_id):
    answer = send(alice, "DELETE", f"/{key_id}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "API key not found"})


def test_a_strangers_key_is_404(alice, mallory):
    assert send(mallory, "DELETE", f"/apikey_{alice.key.id.hex[:12]}").status_code == 404
    assert works(alice, alice.key_text)


def test_carol_may_look_only(carol):
    assert send(carol, "GET").status_code == 200
    assert create(carol).status_code == 403
