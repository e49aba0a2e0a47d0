"""Two organizations with rows of every kind, and every call that one makes on the other's."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from django.db import transaction

from numbers.bulk.jobs import create_import_job
from numbers.inventory.agents import create_agent
from organizations.accounts.invitations import create_invitation
from organizations.web.api.views import OrgView
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.factories import Member
from tests.support.number_pools import assign_pool
from tests.support.project import iterate_routes, view_classes

NUMBER = "+18005551234"


@dataclass(frozen=True)
class TenantFixtures:
    """The cast, and what parameters stand for, in one dialect or in all: rows of Alice's."""

    people: dict[str, Member]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[TenantFixtures]:
    """Made once, as every test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield create_tenant_fixtures()
        transaction.set_rollback(True)


def create_tenant_fixtures() -> TenantFixtures:
    alice, mallory = factories.create_member("Alice"), factories.create_member("Mallory")
    for admin in (alice, mallory):
        factories.create_sandbox(admin.by)
        factories.create_carrier(admin.by, is_default=True)
    here = {"organization": alice.organization}
    people = {
        "alice": alice,
        "bob": factories.create_member("Bob", role="agent_manager", **here),
        "carol": factories.create_member("Carol", role="user", **here),
        "mallory": mallory,
    }
    return TenantFixtures(people, create_parameter_rows(alice, people["carol"]))


def create_parameter_rows(alice: Member, carol: Member) -> dict[str, str]:
    number = factories.create_number(alice.by, NUMBER)
    agent = create_agent(alice.by, name="Front desk", agent_id="agent_front")
    batch = create_import_job(alice.by, title="x", options={}, rows=[{"number": "+14155550199"}])
    factories.run_due_bulk_jobs()
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
        "pool_id": assign_pool(alice).id,
        "user_id": carol.user.id,
        "key_id": carol.key.id,
        "invitation_id": create_invitation(alice.by, email="erin@example.com", role="user")[0].id,
        "butter key_id": f"apikey_{carol.key.id.hex[:12]}",
    }
    return {name: str(value) for name, value in rows.items()}


PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class ApiCall:
    """One method of one view; `path` as in the resolver, with its parameters still to be filled."""

    dialect: str
    path: str
    method: str
    permission: str

    def __str__(self) -> str:
        return f"{self.dialect} {self.method} {self.path}"


def list_api_calls() -> Iterator[ApiCall]:
    for path, pattern in iterate_routes():
        for view in filter(is_api_view, view_classes(pattern)):
            for method, permission in getattr(view, "permissions", {}).items():
                yield ApiCall(call_dialect(path, view), path, method, permission)


def is_api_view(view: type) -> bool:
    """The screens are tried in tests/organizations/test_views.py."""
    return issubclass(view, OrgView)


def call_dialect(path: str, view: type) -> str:
    """Below /api/, the folder that the view lives in."""
    return "v1" if path.startswith("v1/") else view.__module__.split(".")[2]


CALLS = list(list_api_calls())


each_call = pytest.mark.parametrize("call", CALLS, ids=str)


# What a good request holds, where it takes more than {}.
REQUEST_BODIES = {
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


PATH_WORDS = {"role": "carrier"}  # parameters that name no row


def send_api_call(member: Member | None, call: ApiCall, ids: dict[str, str]):
    def stands_for(parameter: re.Match) -> str:
        known = {**PATH_WORDS, **ids}
        return known.get(f"{call.dialect} {parameter[1]}") or known[parameter[1]]

    path = PARAMETER.sub(stands_for, call.path)
    body = json.loads(PARAMETER.sub(stands_for, json.dumps(REQUEST_BODIES.get(str(call), {}))))
    bodiless = call.method in ("GET", "DELETE")
    return DIALECTS[call.dialect].send(member, call.method, f"/{path}", None if bodiless else body)


def is_refused_call(call: ApiCall, answer, status: int) -> bool:
    """With this status, and in the clothes of the dialect."""
    return answer.status_code == status and DIALECTS[call.dialect].refused(answer)
