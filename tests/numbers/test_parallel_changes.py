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
    ConcurrentChange,
    assert_accepted,
    build_request_change,
    count_deadlocks,
    find_audit_gaps,
    find_lost_changes,
    run_background_workers,
    run_concurrently,
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
    number = factories.create_number(alice.by, e164)
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
    factories.run_due_operations()
    if is_open:
        change_number(alice.by, number.pk, application_sid=uuid4())
    return number


def of_number(alice, number: PhoneNumber) -> list[ConcurrentChange]:
    """Eleven changes of different columns and of the same."""
    path, zudus = f"{NUMBERS}/{number.pk}", f"/api/phone-numbers/{number.e164}"
    wished = [
        *(("label", text) for text in ("one", "two")),
        *(("application_sid", str(uuid4())) for _ in range(3)),
        ("inbound_agent_id", "a2"),
        ("outbound_agent_id", "of ours"),
    ]
    return [
        *(
            build_request_change(alice, "PATCH", path, {name: value}, **{name: value})
            for name, value in wished
        ),
        build_request_change(
            alice, "PATCH", zudus, {"nickname": "three"}, dialect="zudu", label="three"
        ),
        build_request_change(alice, "PATCH", zudus, {"outbound_agent_id": None}, dialect="zudu"),
        build_request_change(alice, "POST", f"{path}/retry"),
        bulk(alice, number, "label", label="four"),
    ]


def bulk(alice, number: PhoneNumber, action: str, **options: Any) -> ConcurrentChange:
    """The one row of a batch that was started before."""
    rows = alice.organization.phone_numbers.filter(pk=number.pk)
    batch = jobs.create_change_job(alice.by, action=action, options=options, numbers=rows)
    jobs.start_bulk_job(alice.by, batch.pk)

    def run() -> None:
        batch_work.run_bulk_job(batch.pk)
        row = batch.rows.get()
        assert row.fate != "failed", row.message

    return ConcurrentChange(run, *next(iter(options.items())))


def settle(number: PhoneNumber, status: str = "") -> None:
    """Nothing is left to do for the number, and it is what was asked for last."""
    factories.run_due_operations()
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
            changes = [build_request_change(alice, "PATCH", path, each, **each) for each in wished]
            deletions = [build_request_change(alice, "DELETE", path) for _ in range(10)]
            assert_accepted(run_concurrently([*changes, *deletions]), "not-possible-now")
            assert [each.status for each in deletions] == [204] * 10
            assert find_lost_changes(alice.organization, "phone_number", number, changes) == []
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
            changes = [build_request_change(alice, "PATCH", path, each, **each) for each in wished]
            assert_accepted(run_concurrently(changes))
            assert find_lost_changes(alice.organization, "phone_number", number, changes) == []
        assert find_audit_gaps(alice.organization, "phone_number", number) == []
        settle(number, "active")

    def test_sixteen_changes_of_one_on_a_carrier(self, alice, is_open):
        number = number_on_carrier(alice, is_open)
        path = f"{NUMBERS}/{number.pk}"
        changes = [
            *of_number(alice, number),
            build_request_change(alice, "PATCH", path, {"status": "inactive"}, wanted="inactive"),
            build_request_change(alice, "POST", f"{path}/merge-duplicates"),
            *(
                build_request_change(alice, "PATCH", at(alice), {"carrier_name": name})
                for name in "abc"
            ),
        ]
        with run_background_workers():
            assert_accepted(run_concurrently(changes), "not-possible-now")
        assert find_lost_changes(alice.organization, "phone_number", number, changes) == []
        assert find_audit_gaps(alice.organization, "phone_number", number) == []
        settle(number)

    def test_sixteen_changes_of_one_that_an_agent_answers(self, alice, is_open):
        number = supplied_number(alice, is_open)
        path, hook = f"{NUMBERS}/{number.pk}", "https://hook.example/1"
        trunks, name = {"sip_server_address": "sip2.example.com"}, number.public_id
        unassign = f"/api/agents/a1/unassign-phone-number/{name}"
        changes = [
            *of_number(alice, number),
            build_request_change(
                alice, "PATCH", path, {"inbound_webhook_url": hook}, inbound_webhook_url=hook
            ),
            build_request_change(
                alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}
            ),
            build_request_change(
                alice, "PATCH", "/v1/agents/a2", {"voice_url": VOICE_URL.format("newer")}
            ),
            build_request_change(
                alice, "PUT", f"/api/phone-numbers/{name}", trunks, dialect="butter"
            ),
            build_request_change(alice, "POST", unassign, {}, dialect="butter"),
        ]
        with run_background_workers():
            run_concurrently(changes)
        assert_accepted(changes[:-1], "not-possible-now")
        assert changes[-1].status in (200, 400)  # 400: assigned to a2 by then
        assert number.placements.get(role="voice").settings["server_address"] == "sip2.example.com"
        assert find_lost_changes(alice.organization, "phone_number", number, changes) == []
        assert find_audit_gaps(alice.organization, "phone_number", number) == []
        settle(number)

    def test_sixteen_changes_three_of_which_delete_it(self, alice, is_open):
        number = supplied_number(alice, is_open)
        path = f"{NUMBERS}/{number.pk}"
        changes = [
            *of_number(alice, number)[:-1],
            build_request_change(
                alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}
            ),
            build_request_change(alice, "PATCH", path, {"status": "inactive"}),
            build_request_change(alice, "POST", f"{path}/merge-duplicates"),
            build_request_change(alice, "DELETE", f"{path}?release=true"),
            *(build_request_change(alice, "DELETE", path) for _ in range(2)),
        ]
        with run_background_workers():
            assert_accepted(run_concurrently(changes), "not-possible-now", "not-found")
        assert find_audit_gaps(alice.organization, "phone_number", number) == []
        settle(number, "deleted")


def at(alice) -> str:
    """The path of the organization's default carrier."""
    return f"{CARRIERS}/{alice.organization.carriers.get(is_default=True).pk}"


GATEWAY = {"ipv4": "198.51.100.8", "port": 5060, "inbound": True, "outbound": True}


class TestCarrier:
    def test_sixteen_changes(self, alice, is_open):
        carrier = alice.organization.carriers.get()
        other = factories.create_carrier(alice.by, name="Other")
        if is_open:
            carrier_operations.change_carrier(alice.by, carrier, name="Waiting")
        path, add = f"{CARRIERS}/{carrier.pk}", {"voip_carrier_sid": str(carrier.voip_carrier_sid)}
        changes = [
            *(
                build_request_change(alice, "PATCH", path, {"carrier_name": name}, name=name)
                for name in ("first", "second", "third")
            ),
            build_request_change(alice, "PATCH", path, {"sip_gateways": [GATEWAY]}),
            ConcurrentChange(lambda: gateways.add_gateway(alice.by, carrier.pk, gateway(1))),
            ConcurrentChange(lambda: gateways.add_gateway(alice.by, carrier.pk, gateway(2))),
            *(build_request_change(alice, "POST", f"{path}/retry") for _ in range(2)),
            *(
                build_request_change(alice, "POST", NUMBERS, {"number": f"+1800555000{n}", **add})
                for n in range(3)
            ),
            *(build_request_change(alice, "DELETE", path) for _ in range(2)),
            build_request_change(alice, "PATCH", path, {"is_default": False}),
            *(
                build_request_change(alice, "PATCH", f"{CARRIERS}/{pk}", {"is_default": True})
                for pk in (other.pk, carrier.pk)
            ),
        ]
        with run_background_workers():
            run_concurrently(changes)
        refusals = ("not-possible-now", "carrier-in-use", "validation-failed", "invalid-request")
        assert_accepted([each for each in changes if each.status], *refusals)
        carrier.refresh_from_db()
        living = carrier.phone_numbers.exclude(status="deleted")
        assert not (carrier.status == "deleted" and living.exists())
        assert alice.organization.carriers.filter(is_default=True).count() <= 1
        assert find_lost_changes(alice.organization, "carrier", carrier, changes) == []
        assert find_audit_gaps(alice.organization, "carrier", carrier) == []
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
            *(build_request_change(alice, "POST", f"{path}/test") for _ in range(3)),
            *(build_request_change(alice, "PATCH", path, each, **each) for each in wished),
            build_request_change(
                alice, "PUT", butters, {"name": "Third"}, dialect="butter", name="Third"
            ),
            *(
                build_request_change(alice, "PATCH", path, {"account": {"access_code": code}})
                for code in ("one", "two", "three")
            ),
            *(
                ConcurrentChange(lambda code=code: connect(alice, code))
                for code in ("four", "five")
            ),
            build_request_change(
                alice, "PATCH", f"{NUMBERS}/{number.pk}", {"application_sid": str(uuid4())}
            ),
            build_request_change(
                alice, "PUT", "/v1/default-integrations/sip", {"integration_id": path[17:]}
            ),
        ]
        with run_background_workers():
            assert_accepted(run_concurrently(changes))
        assert find_lost_changes(alice.organization, "integration", integration, changes) == []
        assert find_audit_gaps(alice.organization, "integration", integration) == []
        assert integration.state == "connected"
        assert integration.secrets()["access_code"] in ("one", "two", "three")
        settle(number)


def connect(alice, code: str) -> None:
    """Again and again by one name: the account gets other credentials."""
    ledger.connect_integration(
        alice.by, kind="sandbox", name="Other", account={"access_code": code}
    )


@pytest.mark.parametrize("kind", ["number", "carrier", "agent"])
def test_of_eight_changes_to_the_version_they_have_seen_one_is_made(alice, api, is_open, kind):
    number = supplied_number(alice, is_open)
    paths = {"number": f"{NUMBERS}/{number.pk}", "carrier": at(alice), "agent": "/v1/agents/a1"}
    path, field = paths[kind], {"number": "label", "carrier": "carrier_name"}.get(kind, "name")
    seen = {"If_Match": api(alice).get(path).headers["ETag"]}
    changes = [
        ConcurrentChange(lambda n=n: api(alice).patch(path, {field: f"by {n}"}, **seen))
        for n in range(8)
    ]
    assert_accepted(run_concurrently(changes), "precondition-failed")
    (made,) = [change for change in changes if change.is_done]
    assert api(alice).get(path).json()[field] == made.answer.json()[field]


def test_sixteen_changes_of_everything(alice, is_open):
    """Of a number, its agents, its carrier's neighbour and their integration."""
    number = supplied_number(alice, is_open)
    integration = alice.organization.integrations.get()
    path = f"/v1/integrations/{integration.public_id}"
    changes = [
        *of_number(alice, number)[:8],
        build_request_change(
            alice, "PATCH", "/v1/agents/a1", {"voice_url": VOICE_URL.format("new")}
        ),
        build_request_change(
            alice, "PATCH", "/v1/agents/a2", {"voice_url": VOICE_URL.format("newer")}
        ),
        build_request_change(alice, "PATCH", at(alice), {"sip_gateways": [GATEWAY]}),
        build_request_change(alice, "PATCH", at(alice), {"carrier_name": "First"}),
        build_request_change(alice, "POST", f"{path}/test"),
        build_request_change(alice, "PATCH", path, {"account": {"access_code": "one"}}),
        build_request_change(alice, "PATCH", path, {"max_in_flight": 11}),
        bulk(alice, number, "label", label="four"),
    ]
    with run_background_workers():
        assert_accepted(run_concurrently(changes))
    assert find_lost_changes(alice.organization, "phone_number", number, changes) == []
    assert find_audit_gaps(alice.organization, "phone_number", number) == []
    settle(number)


def test_sixteen_imports_of_the_same_numbers(alice):
    """In every order, with agents in every order: one takes a number, the others hear so."""
    agents.create_agent(alice.by, name="a", agent_id="a0", voice_url=VOICE_URL.format("a"))
    changes = []
    for turn in range(14):
        numbers = [f"+1415555010{(turn * 3 + step) % 8}" for step in range(3)]
        listed = [{"number": n, "inbound_agent_id": f"a{(turn + int(n[-1])) % 3}"} for n in numbers]
        body = {"provider": "twilio", "numbers": listed}
        changes.append(build_request_change(alice, "POST", f"{NUMBERS}/import", body))
    for url in ("new", "newer"):
        url = VOICE_URL.format(url)
        changes.append(build_request_change(alice, "PATCH", "/v1/agents/a0", {"voice_url": url}))
    with run_background_workers():
        assert_accepted(run_concurrently(changes), "number-taken")
    held = alice.organization.phone_numbers.filter(status="active")
    assert held.count() == 3 * sum(change.is_done for change in changes[:14])
