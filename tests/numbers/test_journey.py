"""A number's way from pending to active or failed, through ledger and sandbox, without the
processes."""

import pytest

from integrations.ledger import worker
from integrations.models import Operation, SandboxObject
from numbers.inventory import operations
from numbers.inventory.reservation import NumberTaken
from numbers.models import PhoneNumber
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_a_number_becomes_active(alice):
    number = factories.create_number(alice.by)
    assert number.status == "active"
    assert SandboxObject.objects.filter(kind="number", name="+18005551234").count() == 1


def test_a_repeated_attempt_makes_no_second_object(alice):
    number = factories.create_number(alice.by)
    operation = Operation.objects.get(subject_kind="placement")
    assert worker.run_attempt(operation.pk) is None
    assert SandboxObject.objects.filter(kind="number").count() == 1
    assert number.status == "active"


def test_a_refused_number_has_failed_with_the_reason(alice):
    number = factories.create_number(alice.by, "+15005550001")
    assert number.status == "failed"
    assert "not in this account" in number.error_message


def test_an_outage_is_waited_for_with_a_reason(alice):
    number = factories.create_number(alice.by, "+15005550005")
    operation = Operation.objects.get(subject_kind="placement")
    assert number.status == "pending"
    assert (operation.status, operation.outcome, operation.attempts) == ("open", "unavailable", 1)
    assert "out for" in operation.reason
    assert operation.next_attempt_at is not None


def test_a_lost_answer_is_looked_up_and_not_repeated(alice):
    number = factories.create_number(alice.by, "+15005550003")
    assert number.status == "pending"
    Operation.objects.update(next_attempt_at="2020-01-01T00:00Z")
    factories.run_number_operations(number)
    assert number.status == "active"
    assert SandboxObject.objects.filter(kind="number").count() == 1


def test_a_number_waits_for_its_carrier(alice):
    carrier = factories.create_carrier(alice.by, name="Slow", settled=False)
    number = factories.create_number(alice.by, voip_carrier_sid=carrier.voip_carrier_sid)
    assert number.status == "pending"
    assert Operation.objects.get(subject_kind="placement").waits_for is not None
    factories.run_open_operation("carrier", carrier.id)
    factories.run_number_operations(number)
    assert number.status == "active"


def test_deactivating_unlinks_the_routing_and_keeps_the_number(alice):
    number = factories.create_number(alice.by)
    operations.change_number(alice.by, number.id, status="inactive")
    number.refresh_from_db()
    assert (number.status, number.wanted) == ("active", "inactive")
    factories.run_number_operations(number)
    assert number.status == "inactive"
    assert SandboxObject.objects.get(kind="number").data["routed"] is False


def test_a_deleted_number_is_held_until_it_is_gone(alice, mallory):
    number = factories.create_number(alice.by)
    operations.delete_number(alice.by, number.id)
    with pytest.raises(NumberTaken) as own:
        factories.create_number(alice.by)
    with pytest.raises(NumberTaken) as foreign:
        factories.create_number(mallory.by)
    assert own.value.being_removed
    assert not foreign.value.being_removed
    factories.run_number_operations(number)
    assert number.released_at is not None
    assert not SandboxObject.objects.filter(kind="number").exists()
    assert factories.create_number(mallory.by).status == "active"


def test_deleting_what_no_platform_knows_releases_it_at_once(alice):
    number = factories.create_number(alice.by, settled=False)
    operations.delete_number(alice.by, number.id)
    number.refresh_from_db()
    assert number.released_at is not None


def test_a_wish_that_changes_under_a_running_attempt_is_attempted_again(alice):
    number = factories.create_number(alice.by, settled=False)
    from integrations.ledger import leases

    operation = leases.claim_operation(
        factories.find_open_operation("placement", number.placements.get().id).pk
    )
    verdict = worker.attempt_operation(operation)
    operations.delete_number(alice.by, number.id)
    worker.settle_operation(operation, verdict)
    number.refresh_from_db()
    assert (number.status, number.released_at) == ("deleted", None)
    factories.run_number_operations(number)
    assert number.released_at is not None
    assert PhoneNumber.objects.count() == 1
