"""Every transaction locks in the order of integrations/ledger/locks.py, whether an operation is
open or not; and a change costs no more statements for it."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers import gateways
from carriers.models import Carrier
from carriers.operations import change_carrier, make_installation_default_carrier
from integrations.ledger import leases, worker
from integrations.ledger import operation_requests as ledger
from integrations.ledger.leases import AttemptResult
from integrations.models import Operation
from numbers.inventory import agents
from numbers.inventory.acquisition import import_number
from numbers.inventory.operations import add_number, change_number
from numbers.models import PhoneNumber
from tests.support import factories
from tests.support.dialects import DIALECTS

pytestmark = pytest.mark.django_db

RANKS = {
    "organizations_apikey": 0,  # notes its use in a transaction of its own
    "organizations_savedreply": 1,
    "advisory": 2,
    "numbers_agent": 3,
    "organizations_organization": 3,
    "numbers_phonenumber": 4,
    "carriers_carrier": 5,
    "carriers_sipgateway": 5,
    "integrations_integration": 6,
    "integrations_operation": 7,
}  # whatever else is locked comes last
LOCKING = re.compile(
    r"(advisory)_xact_lock"
    r'|^UPDATE "?(\w+)|^DELETE FROM "?(\w+)'
    r'|^INSERT INTO "?(numbers_phonenumber|organizations_savedreply)'
    r'|^\s*SELECT .*?FROM "?(\w+).*FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE)',
    re.DOTALL,
)


def locked_in(doing: Callable) -> list[str]:
    """The tables in the order in which their first row was locked."""
    with CaptureQueriesContext(connection) as seen:
        answer = doing()
    assert getattr(answer, "status_code", 200) < 300, answer.text
    found = [LOCKING.search(query["sql"].strip()) for query in seen]
    tables = [next(filter(None, each.groups())) for each in found if each]
    return list(dict.fromkeys(tables))


def in_order(tables: list[str]) -> bool:
    ranks = [RANKS.get(table, 9) for table in tables]
    return ranks == sorted(ranks)


@pytest.fixture(params=["settled", "open"])
def is_open(request) -> bool:
    return request.param == "open"


@pytest.fixture
def number(alice, is_open) -> PhoneNumber:
    return made(alice, is_open, add_number(alice.by, number="+18005551234"))


@pytest.fixture
def supplied(alice, is_open) -> PhoneNumber:
    """With two placements and an agent."""
    agents.create_agent(alice.by, name="A", agent_id="a1", voice_url="https://a.example/1")
    sandbox = alice.organization.integrations.get()
    fields = {"voice_on": sandbox, "sip_settings": {"server_address": "sip.example.com"}}
    given = {"number": "+14155550123", "provider": "twilio", "inbound_agent_id": "a1"}
    return made(alice, is_open, import_number(alice.by, **given, **fields))


def made(alice, is_open: bool, number: PhoneNumber) -> PhoneNumber:
    factories.run_due_operations()
    if is_open:
        change_number(alice.by, number.pk, application_sid=uuid4())
    number.refresh_from_db()
    return number


REQUESTS = {
    "label": ("PATCH", "", {"label": "x"}),
    "application": ("PATCH", "", {"application_sid": str(uuid4())}),
    "agents": ("PATCH", "", {"inbound_agent_id": "a1", "outbound_agent_id": "a2"}),
    "switch": ("PATCH", "", {"status": "inactive"}),
    "merge": ("POST", "/merge-duplicates", None),
    "delete": ("DELETE", "", None),
}


class TestNumbers:
    @pytest.mark.parametrize("name", REQUESTS)
    @pytest.mark.parametrize("kind", ["number", "supplied"])
    def test_v1(self, alice, api, number, supplied, kind, name):
        number = {"number": number, "supplied": supplied}[kind]
        method, path, body = REQUESTS[name]
        path, key = f"/v1/phone-numbers/{number.pk}{path}", {"Idempotency_Key": f"of-{name}-1"}
        tables = locked_in(lambda: api(alice).send(method, path, body, **key))
        assert in_order(tables), tables
        assert "numbers_phonenumber" in tables

    @pytest.mark.parametrize("status", ["failed", "pending", "deleted"])
    def test_another_try(self, alice, api, number, status):
        change_number(alice.by, number.pk, application_sid=uuid4())
        PhoneNumber.objects.filter(pk=number.pk).update(status=status, released_at=None)
        carrier = alice.organization.carriers.get()
        change_carrier(alice.by, carrier, name="Pending")
        tables = locked_in(lambda: api(alice).post(f"/v1/phone-numbers/{number.pk}/retry"))
        assert in_order(tables), tables
        assert ("carriers_carrier" in tables) == (status == "failed")

    @pytest.mark.parametrize("pending", [False, True])
    def test_adding(self, alice, pending):
        if pending:
            change_carrier(alice.by, alice.organization.carriers.get(), name="Pending")
        given = {"number": "+18005559999", "inbound_agent_id": "a1"}
        tables = locked_in(lambda: add_number(alice.by, **given))
        assert tables[:3] == ["advisory", "numbers_phonenumber", "carriers_carrier"]
        assert ("integrations_operation" in tables) == pending

    def test_butter(self, alice, supplied):
        path = f"/api/agents/a1/unassign-phone-number/{supplied.public_id}"
        send = DIALECTS["butter"].send
        assert in_order(locked_in(lambda: send(alice, "POST", path, {})))
        path, body = "/api/agents/a1/assign-phone-number", {"phone_number_id": supplied.public_id}
        tables = locked_in(lambda: send(alice, "POST", path, body))
        assert in_order(tables), tables

    def test_zudu(self, alice, supplied):
        body = {"outbound_trunk_id": "ST_4Xo2mZgQsfyQ", "inbound_agent_id": "a2"}
        path = f"/api/phone-numbers/{supplied.e164}"
        tables = locked_in(lambda: DIALECTS["zudu"].send(alice, "PATCH", path, body))
        assert in_order(tables), tables

    def test_an_agent_and_its_numbers(self, alice, api, supplied):
        body = {"voice_url": "https://a.example/2"}
        tables = locked_in(lambda: api(alice).patch("/v1/agents/a1", body))
        assert in_order(tables), tables
        assert "integrations_operation" in tables

    def test_an_agent_that_numbers_have_named_before(self, alice, supplied):
        change_number(alice.by, supplied.pk, inbound_agent_id="late")
        agent = {"name": "L", "agent_id": "late", "voice_url": "https://a.example/3"}
        tables = locked_in(lambda: agents.create_agent(alice.by, **agent))
        assert in_order(tables), tables

    @pytest.mark.parametrize("outcome", ["done", "refused", "unavailable"])
    @pytest.mark.parametrize("role", ["supply", "voice"])
    def test_a_settlement(self, alice, supplied, role, outcome):
        change_number(alice.by, supplied.pk, status="inactive")
        placement = supplied.placements.get(role=role)
        operation = leases.claim_operation(
            factories.find_open_operation("placement", placement.pk).pk
        )
        tables = locked_in(
            lambda: worker.settle_operation(operation, AttemptResult(outcome, "why"))
        )
        assert in_order(tables), tables
        assert tables[0] == "numbers_phonenumber"


CARRIER = {
    "name": lambda by, carrier: change_carrier(by, carrier, name="Other"),
    "default": lambda by, carrier: change_carrier(by, carrier, is_default=True),
    "gateway": lambda by, carrier: gateways.add_gateway(
        by, carrier.pk, {**factories.GATEWAY, "ipv4": "203.0.113.5"}
    ),
    "installation": make_installation_default_carrier,
}


class TestCarriers:
    @pytest.fixture
    def carrier(self, alice, is_open) -> Carrier:
        """Beside the default one."""
        return factories.create_carrier(alice.by, name="Second", settled=not is_open)

    @pytest.mark.parametrize("change", CARRIER.values(), ids=CARRIER)
    def test_changes(self, alice, carrier, change):
        tables = locked_in(lambda: change(alice.by, carrier))
        assert in_order(tables), tables

    @pytest.mark.parametrize("body", [{"carrier_name": "x"}, {"is_default": True}, None])
    def test_v1(self, alice, api, carrier, body):
        path = f"/v1/phone-numbers/carriers/{carrier.pk}"
        send = api(alice).patch if body else api(alice).delete
        tables = locked_in(lambda: send(*filter(None, [path, body])))
        assert in_order(tables), tables

    @pytest.mark.parametrize("outcome", ["done", "refused", "unavailable"])
    def test_a_settlement_and_the_numbers_that_wait(self, alice, outcome):
        carrier = factories.create_carrier(alice.by, name="Second", settled=False)
        add_number(alice.by, number="+18005551234", voip_carrier_sid=carrier.voip_carrier_sid)
        operation = leases.claim_operation(factories.find_open_operation("carrier", carrier.pk).pk)
        tables = locked_in(
            lambda: worker.settle_operation(operation, AttemptResult(outcome, "why"))
        )
        assert in_order(tables), tables
        assert tables[0] == "carriers_carrier"


class TestIntegrations:
    @pytest.mark.parametrize(
        "body",
        [{"name": "x"}, {"max_in_flight": 3}, {"account": {"access_code": "x"}}],
        ids=["name", "pace", "account"],
    )
    def test_v1(self, alice, is_open, body):
        sandbox = alice.organization.integrations.get()
        if is_open:
            ledger.request_check(alice.by, sandbox)
        tables = locked_in(lambda: ledger.change_integration(alice.by, sandbox, **body))
        assert in_order(tables), tables
        assert ("advisory" in tables) == ("name" in body)

    @pytest.mark.parametrize("outcome", ["done", "refused", "unavailable"])
    def test_a_settlement(self, alice, number, outcome):
        given = {"kind": "sandbox", "name": "Sandbox", "account": {}, "default_for": ["sip"]}
        _integration, check = ledger.connect_integration(alice.by, **given)
        operation, result = leases.claim_operation(check.pk), {"summary": "well", "facts": {}}
        verdict = AttemptResult(outcome, "why", result=result)
        tables = locked_in(lambda: worker.settle_operation(operation, verdict))
        assert in_order(tables), tables
        assert tables[:2] == ["integrations_integration", "integrations_operation"]

    def test_connecting_and_forgetting(self, alice):
        given = {"kind": "sandbox", "name": "New", "account": {}}
        for _once, _again in enumerate("ab"):
            tables = locked_in(lambda: ledger.connect_integration(alice.by, **given))
            assert in_order(tables), tables
        new = alice.organization.integrations.get(name="New")
        ledger.set_default_integration(alice.by, new, role="sip")
        tables = locked_in(lambda: ledger.disconnect_integration(alice.by, new))
        assert tables[:2] == ["integrations_integration", "integrations_operation"]


def test_what_waits_for_new_credentials_is_woken_in_one_order(alice, number):
    """Whoever locks several operations does so by kind and id; a plain UPDATE has no order."""
    _integration, check = ledger.connect_integration(
        alice.by, kind="sandbox", name="Sandbox", account={}
    )
    operation = leases.claim_operation(check.pk)
    with CaptureQueriesContext(connection) as seen:
        worker.settle_operation(
            operation, AttemptResult("done", result={"summary": "", "facts": {}})
        )
    woken = [q["sql"] for q in seen if '"dispatched_at" = NULL WHERE' in q["sql"]]
    assert any(re.search(r"ORDER BY .*subject_kind.*FOR NO KEY UPDATE", sql) for sql in woken)


class TestStatements:
    """As many as were needed before there was one order, or fewer."""

    @pytest.mark.parametrize(
        ("name", "most"), [("label", 13), ("application", 16), ("switch", 16), ("delete", 15)]
    )
    def test_of_a_number_on_a_carrier(self, alice, api, number, name, most):
        assert self.needed(alice, api, number, name) <= most - 2

    @pytest.mark.parametrize(("name", "most"), [("label", 17), ("application", 23), ("delete", 22)])
    def test_of_a_number_with_two_placements(self, alice, api, supplied, name, most):
        assert self.needed(alice, api, supplied, name) <= most - 6

    def needed(self, alice, api, number: PhoneNumber, name: str) -> int:
        method, path, body = REQUESTS[name]
        client, path = api(alice), f"/v1/phone-numbers/{number.pk}{path}"
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            client.send(method, path, body)
        return len([q for q in seen if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_an_operation_whose_placement_is_gone_settles(alice, number):
    change_number(alice.by, number.pk, application_sid=uuid4())
    operation = leases.claim_operation(
        Operation.objects.get(subject_kind="placement", status="open").pk
    )
    number.placements.all().delete()
    worker.settle_operation(operation, AttemptResult("done"))
    operation.refresh_from_db()
    assert operation.status == "done"
