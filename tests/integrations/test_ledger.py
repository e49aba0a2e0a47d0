"""The ledger: claims, fences, retries, the breaker, pauses, and what the dispatcher picks."""

from datetime import timedelta
from time import monotonic
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from integrations.connections.encryption import DecryptionError
from integrations.ledger import dispatch, leases, operation_requests, worker
from integrations.ledger.job_sources import BrokerUnavailable
from integrations.ledger.leases import AttemptResult, Outcome
from integrations.models import Integration, Operation
from numbers.inventory import operations as number_operations
from tests.support import factories
from tests.support.ledger import advance_ledger_clock, list_due_operations

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(alice) -> Operation:
    """An open operation on a number of Alice's."""
    number = factories.create_number(alice.by, settled=False)
    return factories.find_open_operation("placement", number.placements.get().id)


class TestClaiming:
    def test_only_one_gets_it(self, operation):
        assert leases.claim_operation(operation.pk).fence == 1
        assert leases.claim_operation(operation.pk) is None

    def test_the_attempt_counts_before_anything_is_sent(self, operation):
        leases.claim_operation(operation.pk)
        operation.refresh_from_db()
        assert operation.attempts == 1

    def test_a_lease_that_ran_out_is_claimed_anew(self, operation):
        leases.claim_operation(operation.pk)
        advance_ledger_clock(91)
        assert leases.claim_operation(operation.pk).fence == 2

    def test_what_is_not_due_is_not_claimed(self, operation):
        Operation.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))
        assert leases.claim_operation(operation.pk) is None


class TestFence:
    def test_a_late_worker_keeps_nothing(self, operation):
        late = leases.claim_operation(operation.pk)
        advance_ledger_clock(91)
        leases.claim_operation(operation.pk)
        with pytest.raises(leases.LeaseLost):
            leases.save_external_ids(late, {"sid": "late"})

    def test_a_late_worker_settles_nothing(self, operation):
        late = leases.claim_operation(operation.pk)
        advance_ledger_clock(91)
        leases.claim_operation(operation.pk)
        worker.settle_operation(late, AttemptResult(Outcome.REFUSED, "late"))
        operation.refresh_from_db()
        assert operation.status == "open"

    def test_keeping_an_id_renews_the_lease(self, operation):
        mine = leases.claim_operation(operation.pk)
        advance_ledger_clock(60)
        leases.save_external_ids(mine, {"sid": "1"})
        operation.refresh_from_db()
        assert operation.lease_until > timezone.now() + timedelta(seconds=20)
        assert operation.refs == {"sid": "1"}


class TestRetrying:
    def test_a_platform_that_asks_for_time_gets_it(self, operation):
        mine = leases.claim_operation(operation.pk)
        worker.settle_operation(mine, AttemptResult(Outcome.UNAVAILABLE, "busy", retry_after=120))
        operation.refresh_from_db()
        assert operation.next_attempt_at > timezone.now() + timedelta(seconds=118)
        assert (operation.reason, operation.lease_until) == ("busy", None)

    def test_a_lost_answer_is_looked_up_after_the_ghost_delay(self, operation):
        mine = leases.claim_operation(operation.pk)
        worker.settle_operation(mine, AttemptResult(Outcome.UNKNOWN, "lost"))
        operation.refresh_from_db()
        assert operation.next_attempt_at > timezone.now() + timedelta(seconds=4)

    def test_the_delay_grows_to_a_cap(self):
        verdict = AttemptResult(Outcome.UNAVAILABLE)
        assert all(leases.retry_delay(1, verdict) <= 2.5 for _ in range(50))
        assert max(leases.retry_delay(30, verdict) for _ in range(200)) <= 600.5

    def test_a_mistake_of_ours_fails_no_number(self, alice, operation, monkeypatch):
        def broken(spec):
            raise RuntimeError("oops with secret")

        monkeypatch.setattr("integrations.providers.sandbox.Sandbox.observe", lambda *a: broken(a))
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
        assert (operation.status, operation.outcome) == ("open", "unavailable")
        assert "Patchbay's own" in operation.reason
        assert "secret" not in operation.reason

    def test_an_operation_nobody_knows_is_refused_and_shown(self, alice, operation):
        Operation.objects.update(subject_kind="fax")
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
        assert operation.status == "refused"
        assert "fax" in operation.reason


class TestOneOpenOperation:
    def test_the_database_admits_one_per_subject(self, operation):
        twin = Operation.objects.get(pk=operation.pk)
        twin.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)

    def test_a_new_wish_changes_the_open_one(self, alice, operation):
        worker.run_attempt(operation.pk)
        number = alice.organization.phone_numbers.get()
        number_operations.change_number(alice.by, number.id, status="inactive")
        number_operations.change_number(alice.by, number.id, status="active")
        (still_open,) = Operation.objects.filter(subject_kind="placement", status="open")
        assert still_open.generation == 2


class TestPause:
    def test_refused_credentials_pause_the_integration_and_fail_no_number(self, alice, operation):
        break_credentials(alice)
        worker.run_attempt(operation.pk)
        integration = Integration.objects.get()
        assert integration.state == "paused"
        assert alice.organization.phone_numbers.get().status == "pending"
        advance_ledger_clock(3600)
        assert list_due_operations() == []

    def test_new_credentials_wake_what_waited(self, alice, operation):
        break_credentials(alice)
        worker.run_attempt(operation.pk)
        account = {"access_code": "right"}
        _, check = operation_requests.connect_integration(
            alice.by, kind="sandbox", name="Sandbox", account=account
        )
        worker.run_attempt(check.pk)
        assert Integration.objects.get().state == "connected"
        assert list_due_operations() == [operation.pk]

    def test_refused_new_credentials_leave_the_old_ones_in_place(self, alice, operation):
        account = {"access_code": "wrong"}
        _, check = operation_requests.connect_integration(
            alice.by, kind="sandbox", name="Sandbox", account=account
        )
        worker.run_attempt(check.pk)
        integration = Integration.objects.get()
        check.refresh_from_db()
        assert check.status == "refused"
        assert (integration.state, integration.candidate) == ("connected", "")
        assert integration.account() == {}
        worker.run_attempt(operation.pk)
        assert alice.organization.phone_numbers.get().status == "active"


def break_credentials(alice) -> None:
    integration = alice.organization.integrations.get()
    integration.keep_secrets({"access_code": "wrong"})
    integration.save()


NOT_NESTED = ("hashjoin", "mergejoin", "hashagg", "sort", "material")


class TestDispatching:
    def test_due_operations_go_out_once(self, operation):
        assert list_due_operations() == [operation.pk]
        assert list_due_operations() == []

    def test_a_lost_message_is_sent_again(self, operation):
        list_due_operations()
        advance_ledger_clock(101)
        assert list_due_operations() == [operation.pk]

    def test_a_broker_that_is_away_loses_nothing(self, operation):
        def refuse(_operation_id):
            raise ConnectionError("no broker")

        with pytest.raises(BrokerUnavailable):
            dispatch.dispatch_due_operations(refuse)
        assert list_due_operations() == [operation.pk]

    @pytest.mark.parametrize("without", ["", "indexscan, bitmapscan", "seqscan"])
    def test_the_plan_does_not_change_how_many(self, alice, without):
        """A plan that ran the choice again for every row would choose all of them."""
        for n in range(5):
            factories.create_number(alice.by, f"+1415555000{n}", settled=False)
        Integration.objects.update(max_in_flight=2)
        with connection.cursor() as cursor:
            for way in filter(None, [*NOT_NESTED, *without.split(", ")]):
                cursor.execute(f"SET LOCAL enable_{way} TO off")
        assert len(list_due_operations()) == 2

    def test_an_integration_gets_no_more_than_it_may_have_in_flight(self, alice):
        for n in range(5):
            factories.create_number(alice.by, f"+1415555000{n}", settled=False)
        Integration.objects.update(max_in_flight=2)
        assert len(list_due_operations()) == 2
        assert list_due_operations() == []
        worker.run_attempt(Operation.objects.filter(dispatched_at__isnull=False).first().pk)
        assert len(list_due_operations()) == 1

    @pytest.mark.parametrize("wish", ["check", "search", "discover", "look"])
    def test_what_people_wait_for_goes_before_a_long_queue(self, alice, operation, wish):
        """200 that have been due for longer than it."""
        queued = {"integration": operation.integration, "subject_kind": "placement"}
        Operation.objects.bulk_create(
            Operation(**queued, organization=alice.organization, subject_id=uuid4(), wish="ensure")
            for _ in range(200)
        )
        advance_ledger_clock(60)
        asked = Operation.objects.create(
            organization=alice.organization,
            integration=operation.integration,
            subject_kind=wish,
            subject_id=uuid4(),
            wish=wish,
        )
        assert asked.pk in list_due_operations()

    def test_a_paced_integration_waits(self, operation):
        Integration.objects.update(paced_until=timezone.now() + timedelta(seconds=30))
        assert list_due_operations() == []

    def test_what_waits_for_a_carrier_is_not_due(self, alice):
        carrier = factories.create_carrier(alice.by, name="Slow", settled=False)
        factories.create_number(alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid)
        assert list_due_operations() == [factories.find_open_operation("carrier", carrier.id).pk]
        factories.run_open_operation("carrier", carrier.id)
        assert len(list_due_operations()) == 1

    def test_numbers_of_a_carrier_that_failed_fail_with_its_reason(self, alice, monkeypatch):
        carrier = factories.create_carrier(alice.by, name="Doomed", settled=False)
        number = factories.create_number(
            alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid
        )
        check = leases.claim_operation(factories.find_open_operation("carrier", carrier.id).pk)
        worker.settle_operation(check, AttemptResult(Outcome.REFUSED, "No such account."))
        factories.run_number_operations(number)
        assert number.status == "failed"
        assert "No such account." in number.error_message


class TestConnecting:
    def test_a_first_account_that_is_refused_is_shown_as_such(self, alice):
        account = {"access_code": "wrong"}
        integration, check = operation_requests.connect_integration(
            alice.by, kind="sandbox", name="New", account=account
        )
        worker.run_attempt(check.pk)
        integration.refresh_from_db()
        assert integration.state == "refused"
        assert "access code" in integration.state_reason

    @pytest.mark.parametrize(
        ("kind", "account", "field"),
        [("fax", {}, "kind"), ("sandbox", {"colour": "red"}, "colour")],
    )
    def test_it_names_the_field_that_is_wrong(self, alice, kind, account, field):
        from django.core.exceptions import ValidationError

        with pytest.raises(ValidationError) as refused:
            operation_requests.connect_integration(alice.by, kind=kind, name="New", account=account)
        assert list(refused.value.message_dict) == [field]

    def test_secrets_are_sealed_to_their_row(self, alice, mallory):

        for member in (alice, mallory):
            integration = member.organization.integrations.get()
            integration.keep_secrets({"access_code": f"of {member.user.name}"})
            integration.save()
        theirs = mallory.organization.integrations.get()
        theirs.sealed = alice.organization.integrations.get().sealed
        with pytest.raises(DecryptionError):
            theirs.secrets()

    def test_waiting_ends_when_it_is_settled_or_the_time_is_up(self, alice):
        _, check = operation_requests.connect_integration(
            alice.by, kind="sandbox", name="New", account={}
        )
        assert operation_requests.wait_for_operation(check.pk, seconds=0.05).status == "open"
        worker.run_attempt(check.pk)
        assert operation_requests.wait_for_operation(check.pk, seconds=5).status == "done"


def test_only_so_many_requests_wait(alice):
    """A platform that does not answer must not take all threads from everybody else."""
    operation = operation_requests.request_check(alice.by, alice.organization.integrations.get())
    for _waiter in range(operation_requests.MAX_WAITERS):
        operation_requests._waiter_slots.acquire()
    try:
        begun = monotonic()
        assert operation_requests.wait_for_operation(operation.pk).status == "open"
        assert monotonic() - begun < 1
    finally:
        operation_requests._waiter_slots.release(operation_requests.MAX_WAITERS)
