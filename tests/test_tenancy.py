"""Every route of the APIs, called as everybody: who may, who may not, and who must find nothing.

The matrix is drawn from the URL resolver, so that a new route is in it, or the suite fails. A path
that two dialects know is in it twice, each time with the headers of one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import transaction
from django.utils import timezone

from numbers.bulk.jobs import propose_import
from numbers.inventory.agents import create_agent
from organizations.access.roles import ROLE_PERMISSIONS
from organizations.accounts.invitations import invite
from organizations.operations import revoke_key
from organizations.web.api.views import OrgView
from tests import factories
from tests.dialects import DIALECTS
from tests.factories import Member
from tests.pools import assign
from tests.test_house import places, views_of

pytestmark = pytest.mark.django_db
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Call:
    """One method of one view; `path` as in the resolver, with its parameters still to be filled."""

    dialect: str
    path: str
    method: str
    permission: str

    def __str__(self) -> str:
        return f"{self.dialect} {self.method} {self.path}"


def calls() -> Iterator[Call]:
    for path, pattern in places():
        for view in filter(is_api, views_of(pattern)):
            for method, permission in getattr(view, "permissions", {}).items():
                yield Call(dialect_of(path, view), path, method, permission)


def is_api(view: type) -> bool:
    """The screens are tried in tests/test_screens.py."""
    return issubclass(view, OrgView)


def dialect_of(path: str, view: type) -> str:
    """Below /api/, the folder that the view lives in."""
    return "v1" if path.startswith("v1/") else view.__module__.split(".")[2]


CALLS = list(calls())
each_call = pytest.mark.parametrize("call", CALLS, ids=str)
REFUSED_ROLES = [("user", "carol"), ("agent_manager", "bob")]
NUMBER = "+18005551234"

# What a good request holds, where it takes more than {}.
BODIES = {
    "v1 POST v1/phone-numbers": {"number": "+14155550100"},
    "v1 PATCH v1/phone-numbers/<UUID:number_id>": {"label": "x"},
    "v1 POST v1/phone-numbers/carriers": {
        "carrier_name": "New",
        "sip_gateway": {"ipv4": "198.51.100.20"},
    },
    "v1 PATCH v1/phone-numbers/carriers/<UUID:carrier_id>": {"carrier_name": "x"},
    "v1 PUT v1/default-integrations/<str:role>": {"integration_id": "<integration_id>"},
    "v1 PATCH v1/organization": {"name": "x"},
    "v1 POST v1/invitations": {"email": "dave@example.com", "role": "user"},
    "v1 PATCH v1/members/<UUID:user_id>": {"role": "user"},
    "v1 POST v1/api-keys": {"name": "x", "role": "user"},
    "v1 POST v1/imports": {"rows": [{"number": "+14155550100"}]},
    "butter POST api/agents/<str:agent_id>/assign-phone-number": {
        "phone_number_id": "<phone_number_id>"
    },
}
WORDS = {"role": "carrier"}  # parameters that name no row


@dataclass(frozen=True)
class World:
    """The cast, and what parameters stand for, in one dialect or in all: rows of Alice's."""

    people: dict[str, Member]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Made once, as every test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield settled()
        transaction.set_rollback(True)


def settled() -> World:
    alice, mallory = factories.person("Alice"), factories.person("Mallory")
    for admin in (alice, mallory):
        factories.sandbox(admin.by)
        factories.carrier(admin.by, is_default=True)
    here = {"organization": alice.organization}
    people = {
        "alice": alice,
        "bob": factories.person("Bob", role="agent_manager", **here),
        "carol": factories.person("Carol", role="user", **here),
        "mallory": mallory,
    }
    return World(people, ids_of(alice, people["carol"]))


def ids_of(alice: Member, carol: Member) -> dict[str, str]:
    number = factories.number(alice.by, NUMBER)
    agent = create_agent(alice.by, name="Front desk", agent_id="agent_front")
    batch = propose_import(alice.by, title="x", options={}, rows=[{"number": "+14155550199"}])
    factories.work_batches()
    rows = {
        "number_id": number.id,
        "phone_number_id": number.public_id,
        "butter number": number.public_id,
        "zudu number": quote(NUMBER, safe=""),
        "carrier_id": number.carrier_id,
        "integration_id": number.carrier.integration.public_id,
        "operation_id": alice.organization.operations.latest("created_at").id,
        "agent_id": agent.agent_id,
        "import_id": batch.id,
        "pool_id": assign(alice).id,
        "user_id": carol.user.id,
        "key_id": carol.key.id,
        "invitation_id": invite(alice.by, email="erin@example.com", role="user")[0].id,
        "butter key_id": f"apikey_{carol.key.id.hex[:12]}",
    }
    return {name: str(value) for name, value in rows.items()}


def send(member: Member | None, call: Call, ids: dict[str, str]):
    def stands_for(parameter: re.Match) -> str:
        known = {**WORDS, **ids}
        return known.get(f"{call.dialect} {parameter[1]}") or known[parameter[1]]

    path = PARAMETER.sub(stands_for, call.path)
    body = json.loads(PARAMETER.sub(stands_for, json.dumps(BODIES.get(str(call), {}))))
    bodiless = call.method in ("GET", "DELETE")
    return DIALECTS[call.dialect].send(member, call.method, f"/{path}", None if bodiless else body)


def refused(call: Call, answer, status: int) -> bool:
    """With this status, and in the clothes of the dialect."""
    return answer.status_code == status and DIALECTS[call.dialect].refused(answer)


def test_every_dialect_is_in_the_matrix_and_no_body_is_stale():
    assert {call.dialect for call in CALLS} == set(DIALECTS)
    assert set(BODIES) <= set(map(str, CALLS))


@each_call
def test_nobody_is_asked_for_a_key(world, call):
    answer = send(None, call, world.ids)
    assert refused(call, answer, 401)
    assert "WWW-Authenticate" in answer


@each_call
def test_a_stranger_finds_nothing(world, worker, call):
    alice, mallory = world.people["alice"], world.people["mallory"]
    answer = send(mallory, call, world.ids)
    if set(PARAMETER.findall(call.path)) - set(WORDS):
        assert refused(call, answer, 404)
    asked = answer.request["PATH_INFO"] + json.dumps(BODIES.get(str(call)))
    own = {NUMBER, str(alice.organization.id), alice.organization.name, *world.ids.values()}
    assert not [known for known in own if known in answer.text and known not in asked]
    assert alice.organization.phone_numbers.get().status == "active"


@each_call
@pytest.mark.parametrize(("role", "who"), REFUSED_ROLES)
def test_a_role_may_what_its_table_says(world, worker, call, role, who):
    answer = send(world.people[who], call, world.ids)
    assert refused(call, answer, 403) == (call.permission not in ROLE_PERMISSIONS[role])


@each_call
def test_a_revoked_key_opens_nothing(world, call):
    alice = world.people["alice"]
    revoke_key(alice.by, key_id=alice.key.id)
    assert refused(call, send(alice, call, world.ids), 401)


@each_call
def test_an_expired_key_opens_nothing(world, call):
    alice = world.people["alice"]
    alice.organization.api_keys.update(expires_at=timezone.now() - timedelta(hours=1))
    assert refused(call, send(alice, call, world.ids), 401)


@each_call
def test_a_key_of_a_former_member_opens_nothing(world, call):
    alice = world.people["alice"]
    alice.organization.memberships.all().delete()
    assert refused(call, send(alice, call, world.ids), 401)


@each_call
def test_a_scope_narrows_a_key(world, call):
    alice = world.people["alice"]
    other = "agents:read" if call.permission != "agents:read" else "phone_numbers:read"
    alice.organization.api_keys.update(scopes=[other])
    assert refused(call, send(alice, call, world.ids), 403)
