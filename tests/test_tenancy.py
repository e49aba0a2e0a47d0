"""Every route of the API, called as everybody: who may, who may not, and who must find nothing.

The matrix is drawn from the URL resolver, so that a new route is in it, or the suite fails.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from organizations.api.views import OrgView
from organizations.operations import revoke_key
from organizations.roles import ROLE_PERMISSIONS
from tests import factories
from tests.test_house import routes

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Call:
    """One method of one route; `route` as in the resolver, with its parameters still to be
    filled."""

    name: str
    path: str
    method: str
    permission: str


def calls() -> list[Call]:
    found = []
    for pattern in routes():
        view = getattr(pattern.callback, "view_class", None)
        if view and issubclass(view, OrgView):
            path = "/v1/" + str(pattern.pattern)
            found += [Call(pattern.name, path, m, p) for m, p in view.permissions.items()]
    return found


CALLS = calls()
IDS = [f"{call.method} {call.path}" for call in CALLS]
BODIES = {
    "numbers": {"number": "+14155550100"},
    "carriers": {"carrier_name": "New", "sip_gateway": {"ipv4": "198.51.100.20"}},
    "number": {"label": "x"},
    "carrier": {"carrier_name": "x"},
}
REFUSED_ROLES = [("user", "carol"), ("agent_manager", "bob")]


@pytest.fixture
def own(alice) -> dict[str, UUID]:
    """What the parameters of a route stand for: rows of Alice's organization."""
    number = factories.number(alice.by)
    return {"number_id": number.id, "carrier_id": number.carrier_id}


def filled(call: Call, ids: dict[str, UUID]) -> str:
    path = call.path
    for name, value in ids.items():
        path = path.replace(f"<uuid:{name}>", str(value))
    assert "<" not in path, f"test_tenancy does not know what {path} stands for"
    return path


def send(client, call: Call, ids: dict[str, UUID]):
    if call.method == "GET":
        return client.get(filled(call, ids))
    body = BODIES.get(call.name) if call.method in ("POST", "PATCH", "PUT") else None
    return client.send(call.method, filled(call, ids), body)


def test_the_matrix_is_not_empty():
    assert len(CALLS) >= 12


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_nobody_is_asked_for_a_key(own, api, call):
    answer = send(api(), call, own)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_a_stranger_finds_nothing(own, alice, mallory, api, call):
    answer = send(api(mallory), call, own)
    if "<" in call.path:
        assert answer.status_code == 404
    for known in (
        str(alice.organization.id),
        alice.organization.name,
        "+18005551234",
        *map(str, own.values()),
    ):
        assert known not in answer.content.decode()
    assert alice.organization.phone_numbers.get().status == "active"


@pytest.mark.parametrize("call", CALLS, ids=IDS)
@pytest.mark.parametrize(("role", "who"), REFUSED_ROLES)
def test_a_role_may_what_its_table_says(own, alice, api, request, call, role, who):
    member = request.getfixturevalue(who)
    answer = send(api(member), call, own)
    assert (answer.status_code == 403) == (call.permission not in ROLE_PERMISSIONS[role])


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_a_revoked_key_opens_nothing(own, alice, api, call):
    revoke_key(alice.by, key_id=alice.key.id)
    assert send(api(alice), call, own).status_code == 401


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_an_expired_key_opens_nothing(own, alice, api, call):
    alice.organization.api_keys.update(expires_at=timezone.now() - timedelta(hours=1))
    assert send(api(alice), call, own).status_code == 401


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_a_key_of_a_former_member_opens_nothing(own, alice, api, call):
    alice.organization.memberships.all().delete()
    assert send(api(alice), call, own).status_code == 401


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_a_scope_narrows_a_key(own, alice, api, call):
    alice.organization.api_keys.update(scopes=["events:read"])
    assert send(api(alice), call, own).status_code == 403
