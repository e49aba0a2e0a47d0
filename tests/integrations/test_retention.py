"""What has outlived its use is deleted in small batches, beside the dispatcher and never in it."""

import ast
import inspect

import pytest
from django.db import OperationalError

from integrations.ledger import dispatch, job_sources
from integrations.models import ProviderCall
from integrations.retention import cleanup
from integrations.tasks import clean_up
from organizations.models import SavedReply

LONG_AGO = "2020-01-01T00:00Z"


@pytest.fixture
def rules(monkeypatch):
    """`rules(name=function)`: these rules alone."""

    def only(**rules):
        monkeypatch.setattr(cleanup, "_rules", {})
        for name, rule in rules.items():
            cleanup.register_cleanup_rule(name, rule)

    return only


def replies(member, count: int) -> None:
    same = {"organization": member.organization, "fingerprint": b"", "expires_at": LONG_AGO}
    SavedReply.objects.bulk_create(SavedReply(key=f"{n}", **same) for n in range(count))


@pytest.mark.django_db
class TestBatches:
    def test_no_transaction_deletes_more_than_a_batch(self, alice, monkeypatch):
        monkeypatch.setattr(cleanup, "BATCH_SIZE", 3)
        replies(alice, 8)
        counts = []
        delete = cleanup.delete_unlocked
        monkeypatch.setattr(
            "integrations.retention.ledger_rules.delete_unlocked",
            lambda rows, most: counts.append(delete(rows, most)) or counts[-1],
        )
        assert cleanup.run_cleanup()["saved replies"] == 8
        assert max(counts) == 3
        assert not SavedReply.objects.exists()

    def test_when_the_time_is_over_the_rest_stays_for_the_next(self, alice, monkeypatch):
        monkeypatch.setattr(cleanup, "BATCH_SIZE", 3)
        replies(alice, 8)
        assert cleanup.run_cleanup(seconds=-1)["saved replies"] == 0
        assert SavedReply.objects.count() == 8

    def test_a_rule_that_fails_stops_no_other(self, alice, rules, caplog):
        def locked(most):
            raise OperationalError("canceling statement due to lock timeout\nCONTEXT: …")

        calls = [2, 0]
        rules(locked=locked, free=lambda most: calls.pop(0))
        assert cleanup.run_cleanup() == {"locked": 0, "free": 2}
        assert "canceling statement due to lock timeout" in caplog.text

    def test_the_worker_s_role_may_do_it(self, alice, sandbox_call):
        replies(alice, 2)
        clean_up()
        assert not SavedReply.objects.exists()
        assert not ProviderCall.objects.exists()


@pytest.fixture
def sandbox_call(alice) -> ProviderCall:
    call = {"method": "GET", "url": "https://platform.example", "duration_ms": 1, "at": LONG_AGO}
    integration = alice.organization.integrations.get()
    return ProviderCall.objects.create(
        organization=alice.organization, integration=integration, **call
    )


class TestBell:
    def test_it_rings_once_a_minute(self, monkeypatch):
        now = [100.0]
        monkeypatch.setattr(cleanup.time, "monotonic", lambda: now[0])
        bell = cleanup.CleanupTimer()
        assert len(bell.due()) == 1
        assert bell.due() == []
        now[0] += cleanup.CLEANUP_INTERVAL
        assert len(bell.due()) == 1

    def test_the_dispatcher_rings_and_deletes_nothing(self):
        assert job_sources._registry["retention"] is cleanup.CLEANUP_JOB_SOURCE
        names = {
            node.attr
            for node in ast.walk(ast.parse(inspect.getsource(dispatch)))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"delete", "clean_up"}
