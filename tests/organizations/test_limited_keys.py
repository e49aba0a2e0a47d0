"""What a limited credential makes is limited: keys that end, are held to networks, or whose owner
is less by now; and what keys make of other keys."""

from datetime import timedelta

import pytest
from django.utils import timezone

from organizations import operations
from organizations.access import principals
from organizations.models import Invitation
from tests.conftest import ApiClient
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db

HERE = ["127.0.0.0/8"]


def soon():
    return timezone.now() + timedelta(minutes=2)


LIMITS = {
    "ends": lambda: {"expires_at": soon()},
    "networks": lambda: {"allowed_cidrs": HERE},
    "both": lambda: {"expires_at": soon(), "allowed_cidrs": HERE},
    "everywhere": lambda: {"allowed_cidrs": ["0.0.0.0/0", "::/0"]},
}
each_limit = pytest.mark.parametrize("limit", LIMITS)


def limit_key(member, limit: str) -> None:
    member.organization.api_keys.filter(pk=member.key.pk).update(**LIMITS[limit]())


def people_calls(carol) -> list[tuple[str, str, dict | None]]:
    """Everything in the API that makes, changes or removes a member."""
    return [
        ("POST", "/v1/invitations", {"email": "dave@example.com", "role": "admin"}),
        ("POST", "/v1/invitations", {"email": "dave@example.com", "role": "user"}),
        ("PATCH", f"/v1/members/{carol.user.id}", {"role": "admin"}),
        ("DELETE", f"/v1/members/{carol.user.id}", None),
    ]


class TestPeople:
    @each_limit
    def test_a_limited_key_neither_invites_nor_changes_members(self, alice, carol, api, limit):
        limit_key(alice, limit)
        for method, path, body in people_calls(carol):
            answer = api(alice).send(method, path, body)
            assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
                403,
                "limited-key",
            )
            assert "expires or is limited to networks" in answer.json()["detail"]
        assert not Invitation.objects.exists()
        assert carol.user.memberships.get().role == "user"

    def test_an_unlimited_key_of_an_admin_does(self, alice, carol, api):
        for method, path, body in people_calls(carol):
            assert api(alice).send(method, path, body).status_code < 300

    def test_scopes_alone_are_no_such_limit_but_must_hold_the_members(self, alice, carol, api):
        reading = ["phone_numbers:read", "integrations:read", "api_keys:read", "agents:read"]
        reading += ["members:read", "organization:read"]
        scopes = alice.organization.api_keys.filter(pk=alice.key.pk)
        scopes.update(scopes=reading)
        sent = {"email": "dave@example.com", "role": "user"}
        assert api(alice).post("/v1/invitations", sent).status_code == 403
        scopes.update(scopes=[*reading, "members:write"])
        assert api(alice).post("/v1/invitations", sent).status_code == 201

    @each_limit
    def test_what_a_limited_key_lacks_anyway_is_told_as_ever(self, bob, api, limit):
        limit_key(bob, limit)
        answer = api(bob).post("/v1/invitations", {"email": "dave@example.com", "role": "user"})
        assert answer.json()["type"].endswith("/forbidden")

    @each_limit
    def test_it_still_reads_and_does_the_rest(self, alice, api, limit):
        limit_key(alice, limit)
        assert api(alice).get("/v1/members").status_code == 200
        assert api(alice).patch("/v1/organization", {"name": "Acme"}).status_code == 200

    def test_a_key_of_a_demoted_admin_invites_nobody(self, alice, bob, api):
        operations.change_member_role(alice.by, user=bob.user, role="admin")
        _key, text = operations.create_api_key(alice.by, owner=bob.user, name="ci")
        operations.change_member_role(alice.by, user=bob.user, role="agent_manager")
        sent = {"email": "dave@example.com", "role": "user"}
        assert ApiClient(text.full).post("/v1/invitations", sent).status_code == 403
        assert (
            ApiClient(text.full)
            .post("/v1/api-keys", {"name": "x", "role": "admin"})
            .json()["errors"]
        )

    @each_limit
    def test_what_it_asked_for_is_done_later_with_no_more_than_it_may(self, alice, limit):
        limit_key(alice, limit)
        later = principals.reload_principal(alice.organization, "key", str(alice.key.pk))
        assert not later.can("members:create")
        assert later.can("phone_numbers:create")


class TestKeysOfKeys:
    @each_limit
    @pytest.mark.parametrize("dialect", ["v1", "butter"])
    def test_a_limited_key_makes_keys_as_limited_as_itself(self, alice, carol, limit, dialect):
        limit_key(alice, limit)
        send = DIALECTS[dialect].send
        path, name = {
            "v1": ("/v1/api-keys", "api_key"),
            "butter": ("/api/api-keys", "raw_key"),
        }[dialect]
        answer = send(alice, "POST", path, {"name": "child", "role": "admin"})
        assert answer.status_code == 201, answer.text
        alice.key.refresh_from_db()
        made = alice.organization.api_keys.get(name="child")
        assert (made.expires_at, made.allowed_cidrs) == (
            alice.key.expires_at,
            alice.key.allowed_cidrs,
        )
        child = ApiClient(answer.json()[name])
        for method, path, body in people_calls(carol):
            assert child.send(method, path, body).status_code == 403

    @pytest.mark.parametrize("end", [None, "2999-01-01T00:00:00Z"])
    def test_butters_door_makes_none_that_outlives_it(self, alice, end):
        limit_key(alice, "ends")
        body = {"name": "child", "role": "admin", "expires_at": end}
        answer = DIALECTS["butter"].send(alice, "POST", "/api/api-keys", body)
        assert answer.status_code == 400
        assert not alice.organization.api_keys.filter(name="child").exists()
