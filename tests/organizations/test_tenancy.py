"""Every route of the APIs, called as everybody: who may, who may not, and who must find nothing.

The matrix is drawn from the URL resolver, so that a new route is in it, or the suite fails. A path
that two dialects know is in it twice, each time with the headers of one.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.access.roles import ROLE_PERMISSIONS
from organizations.operations import revoke_api_key
from tests.support import tenancy_world
from tests.support.dialects import DIALECTS
from tests.support.tenancy_world import (
    CALLS,
    NUMBER,
    PARAMETER,
    PATH_WORDS,
    REQUEST_BODIES,
    each_call,
    is_refused_call,
    send_api_call,
)

# Fixtures.
world = tenancy_world.world

pytestmark = pytest.mark.django_db


REFUSED_ROLES = [("user", "carol"), ("agent_manager", "bob")]


def test_every_dialect_is_in_the_matrix_and_no_body_is_stale():
    assert {call.dialect for call in CALLS} == set(DIALECTS)
    assert set(REQUEST_BODIES) <= set(map(str, CALLS))


@each_call
def test_nobody_is_asked_for_a_key(world, call):
    answer = send_api_call(None, call, world.ids)
    assert is_refused_call(call, answer, 401)
    assert "WWW-Authenticate" in answer


@each_call
def test_a_stranger_finds_nothing(world, worker, call):
    alice, mallory = world.people["alice"], world.people["mallory"]
    answer = send_api_call(mallory, call, world.ids)
    if set(PARAMETER.findall(call.path)) - set(PATH_WORDS):
        assert is_refused_call(call, answer, 404)
    asked = answer.request["PATH_INFO"] + json.dumps(REQUEST_BODIES.get(str(call)))
    own = {NUMBER, str(alice.organization.id), alice.organization.name, *world.ids.values()}
    assert not [known for known in own if known in answer.text and known not in asked]
    assert alice.organization.phone_numbers.get().status == "active"


@each_call
@pytest.mark.parametrize(("role", "who"), REFUSED_ROLES)
def test_a_role_may_what_its_table_says(world, worker, call, role, who):
    answer = send_api_call(world.people[who], call, world.ids)
    assert is_refused_call(call, answer, 403) == (call.permission not in ROLE_PERMISSIONS[role])


@each_call
def test_a_revoked_key_opens_nothing(world, call):
    alice = world.people["alice"]
    revoke_api_key(alice.by, key_id=alice.key.id)
    assert is_refused_call(call, send_api_call(alice, call, world.ids), 401)


@each_call
def test_an_expired_key_opens_nothing(world, call):
    alice = world.people["alice"]
    alice.organization.api_keys.update(expires_at=timezone.now() - timedelta(hours=1))
    assert is_refused_call(call, send_api_call(alice, call, world.ids), 401)


@each_call
def test_a_key_of_a_former_member_opens_nothing(world, call):
    alice = world.people["alice"]
    alice.organization.memberships.all().delete()
    assert is_refused_call(call, send_api_call(alice, call, world.ids), 401)


@each_call
def test_a_scope_narrows_a_key(world, call):
    alice = world.people["alice"]
    other = "agents:read" if call.permission != "agents:read" else "phone_numbers:read"
    alice.organization.api_keys.update(scopes=[other])
    assert is_refused_call(call, send_api_call(alice, call, world.ids), 403)
