"""What the platform says now: looked at on every kind of platform, and nothing is changed."""

from uuid import UUID

import pytest
from django.db import IntegrityError

from integrations.ledger import inspection
from integrations.ledger.platform_queries import (
    IntegrationUnavailable,
    inspection_subject_id,
    latest_inspections,
    request_inspection,
)
from integrations.ledger.worker import run_attempt
from integrations.models import Integration, Operation
from numbers.inventory.operations import change_number
from tests.support import factories, provider_harness
from tests.support.provider_harness import READ, SPEC_SECRETS, harness_params, open_harness

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(monkeypatch):
    """`look(bench, spec)` is a look at a bench's account, as the worker looks."""

    def looked(bench, spec):
        subject = type("Subject", (), {"spec": lambda _self, _operation: spec})
        monkeypatch.setattr(inspection, "get_reconciler", lambda _operation: subject())
        owner = UUID(int=7)
        asked = {"subject_kind": "number", "subject_id": str(owner), "wish": "ensure"}
        integration = Integration(organization_id=owner)
        return inspection.inspect_subject(
            Operation(organization_id=owner, integration=integration, question=asked), bench.open()
        )

    return looked


@pytest.fixture(params=harness_params())
def bench(request):
    with open_harness(request) as bench:
        yield bench


def test_in_order_nothing_is_missing(bench, look):
    spec = bench.number()
    refs = provider_harness.run_attempt(bench.open(), spec)
    result = look(bench, spec)
    assert (result["exists"], result["missing"]) == (True, [])
    assert result["refs"].items() <= refs.items()
    assert result["looked_at"]


def test_what_is_gone_behind_our_back_is_said(bench, look):
    spec = bench.number()
    provider_harness.run_attempt(bench.open(), spec)
    provider_harness.run_removal(bench.open(), spec)
    result = look(bench, spec)
    assert result["missing"]


def test_a_look_writes_nothing_and_tells_no_secret(bench, look):
    spec = bench.number()
    bench.exchanges.clear()
    result = look(bench, spec)
    assert bench.deeds() <= {READ}
    assert not any(secret in repr(result) for secret in (*bench.secrets, *SPEC_SECRETS))


@pytest.fixture
def looked(alice):
    """`looked()` asks for a look at Alice's number, and has it answered."""
    number = factories.create_number(alice.by)
    placement = number.placements.get()

    def look(by=alice.by, *, answered=True, **more) -> Operation:
        operation = request_inspection(
            by,
            subject_kind="placement",
            subject_id=placement.pk,
            integration=placement.integration,
            label=number.e164,
            refs=placement.refs,
            **more,
        )
        if answered:
            run_attempt(operation.pk)
            operation.refresh_from_db()
        return operation

    look.number, look.placement = number, placement
    return look


def test_the_answer_is_kept_and_nothing_else_moves(looked):
    before = looked.number.version, looked.placement.state
    operation = looked()
    assert operation.status == "done"
    assert operation.result["exists"] is True
    assert operation.result["missing"] == []
    looked.number.refresh_from_db()
    looked.placement.refresh_from_db()
    assert (looked.number.version, looked.placement.state) == before


def test_it_is_beside_an_open_wish_and_does_not_touch_it(alice, looked):
    change_number(alice.by, looked.number.pk, status="inactive")
    wish = factories.find_open_operation("placement", looked.placement.pk)
    operation = looked()
    assert operation.result["missing"] == ["change number +18005551234 in the sandbox"]
    wish.refresh_from_db()
    assert (wish.status, wish.attempts) == ("open", 0)


def test_looking_twice_is_looking_once(looked):
    first, second = looked(answered=False), looked(answered=False)
    assert first == second
    run_attempt(first.pk)
    assert looked() != first


def test_two_looks_of_one_moment_are_one(looked, monkeypatch):
    """The database decides, where both saw none."""
    first = looked(answered=False)
    monkeypatch.setattr(Operation, "save", lambda *_a, **_k: (_ for _ in ()).throw(IntegrityError))
    assert looked(answered=False) == first


def test_the_newest_answer_counts(alice, looked):
    looked()
    newest = looked()
    assert latest_inspections(alice.by, [looked.placement.pk]) == [newest]
    assert newest.subject_id == inspection_subject_id(looked.placement.pk) != looked.placement.pk


def test_others_do_not_see_it(mallory, looked):
    looked()
    assert latest_inspections(mallory.by, [looked.placement.pk]) == []


def test_a_removal_is_compared_with_nothing(looked):
    operation = looked(wish=Operation.Wish.REMOVE)
    assert operation.result["missing"] == ["remove number +18005551234 from the sandbox"]


def test_a_refusal_is_an_answer(looked):
    looked.placement.integration.keep_secrets({"access_code": "wrong"})
    looked.placement.integration.save()
    operation = looked()
    assert operation.status == "refused"
    assert "access code" in operation.reason
    looked.placement.integration.refresh_from_db()
    assert looked.placement.integration.state == "connected"


def test_a_row_that_is_gone_is_said(looked):
    operation = looked(answered=False)
    looked.placement.delete()
    run_attempt(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, "no longer here" in operation.reason) == ("refused", True)


def test_a_resting_platform_of_others_is_not_named(alice, mallory):
    integration = mallory.organization.integrations.get()
    integration.state, integration.state_reason = "paused", "Mallory's key is wrong."
    integration.save()
    with pytest.raises(IntegrationUnavailable) as told:
        request_inspection(
            alice.by,
            subject_kind="placement",
            subject_id=alice.organization.pk,
            integration=integration,
            label="x",
        )
    assert "Mallory" not in str(told.value)


def test_carriers_are_looked_at_alike(alice):
    carrier = alice.organization.carriers.get()
    carrier.organization.sandbox_objects.filter(kind="carrier").update(data={})
    operation = request_inspection(
        alice.by,
        subject_kind="carrier",
        subject_id=carrier.pk,
        integration=carrier.integration,
        label=carrier.name,
        refs=carrier.refs,
    )
    run_attempt(operation.pk)
    operation.refresh_from_db()
    assert operation.result["missing"] == ["change carrier Acme Trunk in the sandbox"]
