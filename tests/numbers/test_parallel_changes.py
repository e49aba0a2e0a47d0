"""Sixteen changes at the same moment on one number, one carrier, one integration: no deadlock, no
half done thing, no lost update."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from carriers import gateways
from carriers import operations as carrier_operations
from integrations.ledger import operation_requests as ledger
from integrations.models import Operation
from numbers.bulk import jobs
from numbers.bulk import runner as batch_work
from numbers.inventory import agents
from numbers.inventory.acquisition import import_number
from numbers.inventory.operations import change_number
from numbers.models import PhoneNumber
from organizations.models import Event
from tests.support import factories
from tests.support.parallel import (
    Change,
    accepted,
    count_deadlocks,
    gaps,
    lost,
    make_at_once,
    request,
    workers_at_work,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NUMBERS, CARRIERS = "/v1/phone-numbers", "/v1/phone-numbers/carriers"
VOICE_URL = "https://voice.example/{}"


@pytest.fixture(autouse=True)
def no_deadlock() -> Iterator[None]:
    before = count_deadlocks()
    yield
    assert count_deadlocks() == before


@pytest.fixture(params=["settled", "open"])
def is_open(request) -> bool:
    """Whether an operation is open when the changes come."""
    return request.param == "open"


def number_on_carrier(alice, is_open: bool, e164: str = "+18005551234") -> PhoneNumber:
    number = factories.number(alice.by, e164)
    if is_open:
        change_number(alice.by, number.pk, application_sid=uuid4())
    return number


def supplied_number(alice, is_open: bool) -> PhoneNumber:
    """With two placements, answered by agent a1."""
    for name in ("a1", "a2"):
        agents.create_agent(alice.by, name=name, agent_id=name, voice_url=VOICE_URL.format(name))
    number = import_number(
        alice.by,
        number="+14155550123",
        provider="twilio",
        voice_on=alice.organization.integrations.get(),
        sip_settings={"server_address": "sip.example.com"},
        inbound_agent_id="a1",
    )
    factories.work_all()
    if is_open:
        change_number(alice.by, number.pk, application_sid=uuid4())
    return number


def of_number(alice, number: PhoneNumber) -> list[Change]:
    """Eleven changes of different columns and of the same."""
    path, zudus = f"{NUMBERS}/{number.pk}", f"/api/phone-numbers/{number.e164}"
    wished = [
        *(("label", text) for text in ("one", "two")),
        *(("application_sid", str(uuid4())) for _ in range(3)),
        ("inbound_agent_id", "a2"),
        ("outbound_agent_id", "of ours"),
    ]
    return [
        *(request(alice, "PATCH", path, {name: value}, **{name: value}) for name, value in wished),
        request(alice, "PATCH", zudus, {"nickname": "three"}, dialect="zudu", label="three"),
        request(alice, "PATCH", zudus, {"outbound_agent_id": None}, dialect="zudu"),
        request(alice, "POST", f"{path}/retry"),
        bulk(alice, number, "label", label="four"),
    ]


def bulk(alice, number: PhoneNumber, action: str, **options: Any) -> Change:
    """The one row of a batch that was started before."""
    rows = alice.organization.phone_numbers.filter(pk=number.pk)
    batch = jobs.propose_change(alice.by, action=action, options=options, numbers=rows)
    jobs.start(alice.by, batch.pk)

    def run() -> None:
        batch_work.run(batch.pk)
        row = batch.rows.get()
        assert row.fate != "failed", row.message

    return Change(run, *next(iter(options.items())))


def settle(number: PhoneNumber, status: str = "") -> None:
    """Nothing is left to do for the number, and it is what was asked for last."""
    factories.work_all()
    number.refresh_from_db()
    placements = number.placements.values("pk")
    asked = Operation.objects.filter(subject_kind="placement", subject_id__in=placements)
    assert list(asked.filter(status="open")) == []
    assert number.status == (status or number.wanted)
    assert bool(number.released_at) == (number.status == "deleted")


class TestNumber:
    def test_five_changes_and_ten_deletions(self, alice, is_open):
        for last in range(4):
            number = number_on_carrier(alice, is_open, f"+1800555000{last}")
            path = f"{NUMBERS}/{number.pk}"
            wished = [{"application_sid": str(uuid4())} for _ in range(5)]
            changes = [request(alice, "PATCH", path, each, **each) for each in wished]
            deletions = [request(alice, "DELETE", path) for _ in range(10)]
            accepted(make_at_once([*changes, *deletions]), "not-possible-now")
            assert [each.status for each in deletions] == [204] * 10
            assert lost(alice.organization, "phone_number", number, changes) == []
            assert (
                Event.objects.filter(subject_id=number.pk, action="phone_number.deleted").count()
                == 1
            )
            settle(number, "deleted")

    def test_three_changes_of_its_application(self, alice, is_open):
        number = number_on_carrier(alice, is_open)
        for _round in range(12):
            wished = [{"application_sid": str(uuid4())} for _ in range(3)]
            path = f"{NUMBERS}/{number.pk}"
            changes = [request(alice, "PATCH", path, each, **each) for each in wished]
            accepted(make_at_once(changes))
            assert lost(alice.organization, "phone_number", number, changes) == []
        assert gaps(alice.organization, "phone_number", number) == []
        settle(number, "active")

    def test_sixteen_changes_of_one_on_a_carrier(self, alice, is_open):
        number = number_on_carrier(alice, is_open)
        path = f"{NUMBERS}/{number.pk}"
        changes = [
            *of_number(alice, number),
            request(alice, "PATCH", path, {"status": "inactive"}, wanted="inactive"),
            request(alice, "POST", f"{path}/merge-duplicates"),
            *(request(alice, "PATCH", at(alice), {"carrier_name": name}) for name in "abc"),
        ]
        with workers_at_work():
            accepted(make_at_once(changes), "not-possible-now")
        assert lost(alice.organization, "phone_number", number, changes) == []
        assert gaps(alice.organization, "phone_number", number) == []
        settle(number)

    def test_sixteen_changes_of_one_that_an_agent_answers(self, alice, is_open):
        number = supplied_number(alice, is_open)
        path, hook = f"{NUMBERS}/{number.pk}", "https://hook.example/1"
        trunks, name = {"sip_server_address": "sip2.example.com"}, number.public_id
        unassign = f"/api/agents/a1/unassign-phone-number/{name}"
        changes = [
            *of_number(alice, number),
            request(alice, "PATCH", path, {"inbound_webhook_url": hook}, inbound_webhook_url=hook),
            request(alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}),
            request(alice, "PATCH", "/v1/agents/a2", {"voice_url": VOICE_URL.format("newer")}),
            request(alice, "PUT", f"/api/phone-numbers/{name}", trunks, dialect="butter"),
            request(alice, "POST", unassign, {}, dialect="butter"),
        ]
        with workers_at_work():
            make_at_once(changes)
        accepted(changes[:-1], "not-possible-now")
        assert changes[-1].status in (200, 400)  # 400: assigned to a2 by then
        assert number.placements.get(role="voice").settings["server_address"] == "sip2.example.com"
        assert lost(alice.organization, "phone_number", number, changes) == []
        assert gaps(alice.organization, "phone_number", number) == []
        settle(number)

    def test_sixteen_changes_three_of_which_delete_it(self, alice, is_open):
        number = supplied_number(alice, is_open)
        path = f"{NUMBERS}/{number.pk}"
        changes = [
            *of_number(alice, number)[:-1],
            request(alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}),
            request(alice, "PATCH", path, {"status": "inactive"}),
            request(alice, "POST", f"{path}/merge-duplicates"),
            request(alice, "DELETE", f"{path}?release=true"),
            *(request(alice, "DELETE", path) for _ in range(2)),
        ]
        with workers_at_work():
            accepted(make_at_once(changes), "not-possible-now", "not-found")
        assert gaps(alice.organization, "phone_number", number) == []
        settle(number, "deleted")


def at(alice) -> str:
    """The path of the organization's default carrier."""
    return f"{CARRIERS}/{alice.organization.carriers.get(is_default=True).pk}"


GATEWAY = {"ipv4": "198.51.100.8", "port": 5060, "inbound": True, "outbound": True}


class TestCarrier:
    def test_sixteen_changes(self, alice, is_open):
        carrier = alice.organization.carriers.get()
        other = factories.carrier(alice.by, name="Other")
        if is_open:
            carrier_operations.change_carrier(alice.by, carrier, name="Waiting")
        path, add = f"{CARRIERS}/{carrier.pk}", {"voip_carrier_sid": str(carrier.voip_carrier_sid)}
        changes = [
            *(
                request(alice, "PATCH", path, {"carrier_name": name}, name=name)
                for name in ("first", "second", "third")
            ),
            request(alice, "PATCH", path, {"sip_gateways": [GATEWAY]}),
            Change(lambda: gateways.add_gateway(alice.by, carrier.pk, gateway(1))),
            Change(lambda: gateways.add_gateway(alice.by, carrier.pk, gateway(2))),
            *(request(alice, "POST", f"{path}/retry") for _ in range(2)),
            *(
                request(alice, "POST", NUMBERS, {"number": f"+1800555000{n}", **add})
                for n in range(3)
            ),
            *(request(alice, "DELETE", path) for _ in range(2)),
            request(alice, "PATCH", path, {"is_default": False}),
            *(
                request(alice, "PATCH", f"{CARRIERS}/{pk}", {"is_default": True})
                for pk in (other.pk, carrier.pk)
            ),
        ]
        with workers_at_work():
            make_at_once(changes)
        refusals = ("not-possible-now", "carrier-in-use", "validation-failed", "invalid-request")
        accepted([each for each in changes if each.status], *refusals)
        carrier.refresh_from_db()
        living = carrier.phone_numbers.exclude(status="deleted")
        assert not (carrier.status == "deleted" and living.exists())
        assert alice.organization.carriers.filter(is_default=True).count() <= 1
        assert lost(alice.organization, "carrier", carrier, changes) == []
        assert gaps(alice.organization, "carrier", carrier) == []
        assert {each.status for each in living} <= {"active"}


def gateway(last: int) -> dict[str, Any]:
    return {**factories.GATEWAY, "ipv4": f"203.0.113.{last}"}


class TestIntegration:
    def test_sixteen_changes(self, alice, is_open):
        integration = alice.organization.integrations.get()
        number = number_on_carrier(alice, is_open)
        if is_open:
            ledger.change_integration(alice.by, integration, account={"access_code": "zero"})
        path = f"/v1/integrations/{integration.public_id}"
        butters = f"/api/integrations/{integration.public_id}"
        wished = [
            *({"name": name} for name in ("First", "Second")),
            *({"max_in_flight": most} for most in (11, 12, 13)),
        ]
        changes = [
            *(request(alice, "POST", f"{path}/test") for _ in range(3)),
            *(request(alice, "PATCH", path, each, **each) for each in wished),
            request(alice, "PUT", butters, {"name": "Third"}, dialect="butter", name="Third"),
            *(
                request(alice, "PATCH", path, {"account": {"access_code": code}})
                for code in ("one", "two", "three")
            ),
            *(Change(lambda code=code: connect(alice, code)) for code in ("four", "five")),
            request(alice, "PATCH", f"{NUMBERS}/{number.pk}", {"application_sid": str(uuid4())}),
            request(alice, "PUT", "/v1/default-integrations/sip", {"integration_id": path[17:]}),
        ]
        with workers_at_work():
            accepted(make_at_once(changes))
        assert lost(alice.organization, "integration", integration, changes) == []
        assert gaps(alice.organization, "integration", integration) == []
        assert integration.state == "connected"
        assert integration.secrets()["access_code"] in ("one", "two", "three")
        settle(number)


def connect(alice, code: str) -> None:
    """Again and again by one name: the account gets other credentials."""
    ledger.connect(alice.by, kind="sandbox", name="Other", account={"access_code": code})


@pytest.mark.parametrize("kind", ["number", "carrier", "agent"])
def test_of_eight_changes_to_the_version_they_have_seen_one_is_made(alice, api, is_open, kind):
    number = supplied_number(alice, is_open)
    paths = {"number": f"{NUMBERS}/{number.pk}", "carrier": at(alice), "agent": "/v1/agents/a1"}
    path, field = paths[kind], {"number": "label", "carrier": "carrier_name"}.get(kind, "name")
    seen = {"If_Match": api(alice).get(path).headers["ETag"]}
    changes = [
        Change(lambda n=n: api(alice).patch(path, {field: f"by {n}"}, **seen)) for n in range(8)
    ]
    accepted(make_at_once(changes), "precondition-failed")
    (made,) = [change for change in changes if change.is_done]
    assert api(alice).get(path).json()[field] == made.answer.json()[field]


def test_sixteen_changes_of_everything(alice, is_open):
    """Of a number, its agents, its carrier's neighbour and their integration."""
    number = supplied_number(alice, is_open)
    integration = alice.organization.integrations.get()
    path = f"/v1/integrations/{integration.public_id}"
    changes = [
        *of_number(alice, number)[:8],
        request(alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}),
        request(alice, "PATCH", "/v1/agents/a2", {"voice_url": VOICE_URL.format("newer")}),
        request(alice, "PATCH", at(alice), {"sip_gateways": [GATEWAY]}),
        request(alice, "PATCH", at(alice), {"carrier_name": "First"}),
        request(alice, "POST", f"{path}/test"),
        request(alice, "PATCH", path, {"account": {"access_code": "one"}}),
        request(alice, "PATCH", path, {"max_in_flight": 11}),
        bulk(alice, number, "label", label="four"),
    ]
    with workers_at_work():
        accepted(make_at_once(changes))
    assert lost(alice.organization, "phone_number", number, changes) == []
    assert gaps(alice.organization, "phone_number", number) == []
    settle(number)


def test_sixteen_imports_of_the_same_numbers(alice):
    """In every order, with agents in every order: one takes a number, the others hear so."""
    agents.create_agent(alice.by, name="a", agent_id="a0", voice_url=VOICE_URL.format("a"))
    changes = []
    for turn in range(14):
        numbers = [f"+1415555010{(turn * 3 + step) % 8}" for step in range(3)]
        listed = [{"number": n, "inbound_agent_id": f"a{(turn + int(n[-1])) % 3}"} for n in numbers]
        body = {"provider": "twilio", "numbers": listed}
        changes.append(request(alice, "POST", f"{NUMBERS}/import", body))
    for url in ("new", "newer"):
        url = VOICE_URL.format(url)
        changes.append(request(alice, "PATCH", "/v1/agents/a0", {"voice_url": url}))
    with workers_at_work():
        accepted(make_at_once(changes), "number-taken")
    held = alice.organization.phone_numbers.filter(status="active")
    assert held.count() == 3 * sum(change.is_done for change in changes[:14])
