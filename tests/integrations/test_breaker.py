"""The breaker: what counts as a failure of a platform, its rest, and how that ends."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import TestCase
from django.utils import timezone

from integrations.connections.encryption import DecryptionError
from integrations.ledger import leases, worker
from integrations.ledger.leases import AttemptResult, Outcome
from integrations.ledger.reconcilers import UnknownSubjectKind
from integrations.models import Integration, Operation
from integrations.providers.base import LocalFailure
from tests.support import factories
from tests.support.ledger import advance_ledger_clock, list_due_operations

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(alice) -> Operation:
    number = factories.create_number(alice.by, settled=False)
    return factories.find_open_operation("placement", number.placements.get().id)


class TestBreaker:
    def test_five_failures_in_a_row_give_the_platform_a_rest(self, alice, operation):
        for _ in range(5):
            mine = leases.claim_operation(operation.pk)
            worker.settle_operation(mine, AttemptResult(Outcome.UNAVAILABLE, "down"))
            advance_ledger_clock(700)
        assert Integration.objects.get().open_until > timezone.now()
        assert list_due_operations() == []

    def test_what_fails_in_one_moment_counts_once(self, alice):
        """Twelve attempts were under way when the platform went away."""
        for place in range(12):
            factories.create_number(alice.by, f"+1415555{place:04}", settled=False)
        mine = [leases.claim_operation(one.pk) for one in Operation.objects.filter(status="open")]
        assert len(mine) == 12
        for each in mine:
            worker.settle_operation(each, AttemptResult(Outcome.UNAVAILABLE, "down"))
        assert Integration.objects.get().failures == 1

    @pytest.mark.parametrize("error", [
        RuntimeError("a mistake"), DecryptionError("no key"), DatabaseError("disk full"),
        LocalFailure("no route"), UnknownSubjectKind("no such kind"),
    ], ids=lambda error: type(error).__name__)  # fmt: skip
    def test_our_own_faults_are_not_the_platforms(self, operation, monkeypatch, error):
        def fails(*_):
            raise error

        monkeypatch.setattr(worker, "execute_operation", fails)
        Integration.objects.update(failures=3)
        worker.run_attempt(operation.pk)
        assert Integration.objects.get().failures == 3

    def test_an_attempt_that_has_not_ended_is_not_the_platforms(self, operation, monkeypatch):
        monkeypatch.setattr(worker, "call_advisory_lock", lambda *_: False)
        worker.run_attempt(operation.pk)
        operation.refresh_from_db()
        assert "has not ended" in operation.reason
        assert Integration.objects.get().failures == 0

    def test_success_ends_the_rest_for_all(self, alice, operation):
        """Whatever waits for its own next attempt goes at once."""
        factories.create_number(alice.by, "+14155550000", settled=False)
        factories.create_number(alice.by, "+14155550001", settled=False)
        far = timezone.now() + timedelta(minutes=9)
        rested = timezone.now() - timedelta(seconds=1)
        Operation.objects.update(next_attempt_at=far, outcome=Outcome.UNAVAILABLE)
        Integration.objects.update(failures=9, open_until=rested)
        (probe,) = list_due_operations()
        with TestCase.captureOnCommitCallbacks(execute=True):
            worker.run_attempt(probe)
        assert len(list_due_operations()) == 2

    def test_while_the_probe_is_away_no_other_goes(self, alice, operation):
        factories.create_number(alice.by, "+14155550000", settled=False)
        far = timezone.now() + timedelta(minutes=9)
        rested = timezone.now() - timedelta(seconds=1)
        Operation.objects.update(next_attempt_at=far)
        Integration.objects.update(failures=9, open_until=rested)
        (probe,) = list_due_operations()
        assert list_due_operations() == []
        leases.claim_operation(probe)
        assert list_due_operations() == []
        assert Operation.objects.filter(status="open", next_attempt_at=far).count() == 1

    def test_a_rest_is_short_unless_the_platform_asks_for_a_long_one(self, operation):
        Integration.objects.update(failures=20)
        mine = leases.claim_operation(operation.pk)
        worker.settle_operation(mine, AttemptResult(Outcome.UNAVAILABLE, "down"))
        soon = timezone.now() + timedelta(seconds=leases.MAX_BREAKER_PAUSE + 1)
        assert Integration.objects.get().open_until < soon
        advance_ledger_clock(700)
        mine = leases.claim_operation(operation.pk)
        worker.settle_operation(mine, AttemptResult(Outcome.UNAVAILABLE, "down", retry_after=120))
        assert Integration.objects.get().open_until > soon

    def test_after_the_rest_one_probe_goes_and_success_closes_it(self, alice, operation):
        factories.create_number(alice.by, "+14155550000", settled=False)
        rested = timezone.now() - timedelta(seconds=1)
        Integration.objects.update(failures=5, open_until=rested)
        (probe,) = list_due_operations()
        worker.run_attempt(probe)
        assert (Integration.objects.get().failures, Integration.objects.get().open_until) == (
            0,
            None,
        )
        assert len(list_due_operations()) == 1
