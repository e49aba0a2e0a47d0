"""How long each kind of row is kept, and what stays however old it is."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from carriers.models import Carrier, SipGateway
from carriers.operations import delete_carrier
from integrations.models import Operation, Process, ProviderCall, Sweep
from integrations.retention import cleanup
from integrations.runtime import processes
from integrations.tasks import clean_up
from numbers.bulk import jobs
from numbers.bulk.jobs import BulkJobError
from numbers.inventory.operations import delete_number
from numbers.models import Batch, PhoneNumber, Placement
from organizations.accounts.invitations import create_invitation
from organizations.models import ApiKey, Event, Invitation
from organizations.operations import create_api_key
from organizations.tenancy import tenant_scope
from tests.support import factories
from tests.support.bulk_jobs import ACTIVE, propose_bulk_change, run_bulk_change

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=401)


def ago(**age) -> object:
    return timezone.now() - timedelta(**age)


def set_clock(rows, *fields: str, days: float = 401) -> None:
    """These moments lie so far back."""
    rows.update(**{field: Now() - timedelta(days=days) for field in fields})


@pytest.fixture
def number(alice) -> PhoneNumber:
    return factories.create_number(alice.by)


def history(number: PhoneNumber) -> list[str]:
    placement = number.placements.get()
    rows = Operation.objects.filter(subject_id=placement.pk).order_by("created_at")
    return list(rows.values_list("question__round", flat=True))


def written(number: PhoneNumber, *rounds: str, days: float = 401, **fields) -> None:
    """Operations on it, a minute apart, of long ago."""
    placement = number.placements.get()
    Operation.objects.filter(subject_id=placement.pk).delete()
    for place, name in enumerate(rounds):
        moment = ago(days=days) + timedelta(minutes=place)
        Operation.objects.create(
            organization=number.organization,
            integration=placement.integration,
            subject_kind="placement",
            subject_id=placement.pk,
            subject_label=number.e164,
            created_at=moment,
            settled_at=moment,
            question={"round": name},
            **{"wish": "ensure", "status": "done", **fields},
        )


class TestOperations:
    def test_the_first_and_the_last_of_a_number_stay(self, number):
        written(number, "first", "second", "third", "last")
        clean_up()
        assert history(number) == ["first", "last"]

    def test_young_ones_stay(self, number):
        written(number, "first", "second", "third", "last", days=399)
        clean_up()
        assert len(history(number)) == 4

    def test_the_first_that_set_it_up_stays_and_not_what_failed_before(self, number):
        written(number, "refused", "first", "second", "last")
        Operation.objects.filter(question__round="refused").update(status="refused")
        clean_up()
        assert history(number) == ["first", "last"]

    def test_a_number_that_was_not_changed_for_long_keeps_what_it_has(self, number):
        written(number, "only")
        clean_up()
        assert history(number) == ["only"]

    def test_open_ones_stay(self, number):
        written(number, "first", "second", "last")
        changed = {"status": "open", "settled_at": None}
        Operation.objects.filter(question__round="second").update(**changed)
        clean_up()
        assert history(number) == ["first", "second", "last"]

    def test_their_calls_go_with_them(self, number):
        written(number, "first", "second", "last")
        second = Operation.objects.get(question__round="second")
        ProviderCall.objects.create(
            organization=number.organization,
            integration=second.integration,
            operation=second,
            method="GET",
            url="https://platform.example",
            duration_ms=1,
        )
        clean_up()
        assert not ProviderCall.objects.filter(url="https://platform.example").exists()

    def test_as_long_as_rows_of_batches_none_goes(self, number, settings):
        settings.OPERATION_RETENTION, settings.BATCH_RETENTION = timedelta(1), timedelta(500)
        written(number, "first", "second", "last")
        clean_up()
        assert len(history(number)) == 3

    def test_without_days_they_are_kept_for_ever(self, number, settings):
        settings.OPERATION_RETENTION = timedelta(0)
        written(number, "first", "second", "last", days=3000)
        clean_up()
        assert len(history(number)) == 3

    def test_a_walk_reaches_all_and_begins_anew_after_a_day(self, number, monkeypatch):
        monkeypatch.setattr(cleanup, "BATCH_SIZE", 2)
        written(number, *(f"{place}" for place in range(9)))
        clean_up()
        assert history(number) == ["0", "8"]
        written(number, "a", "b", "c")
        clean_up()
        assert history(number) == ["a", "b", "c"]  # today's walk is over
        set_clock(Sweep.objects.all(), "ended_at", days=2)
        clean_up()
        assert history(number) == ["a", "c"]

    def test_what_is_kept_is_not_read_again_and_again(self, number, monkeypatch):
        """Each step begins behind the one before, also where that deleted nothing."""
        monkeypatch.setattr(cleanup, "BATCH_SIZE", 1)
        written(number, "a", "b")
        moments = Operation.objects.filter(question__has_key="round").order_by("settled_at")
        for moment in moments.values_list("settled_at", flat=True):
            with tenant_scope.all_organizations():
                cleanup.run_cleanup_rule("settled operations")
            assert Sweep.objects.get().moment == moment


class TestDeletedNumbers:
    def gone(self, alice, **age) -> PhoneNumber:
        number = factories.create_number(alice.by)
        delete_number(alice.by, number.pk)
        factories.run_due_operations()
        number.refresh_from_db()
        assert number.released_at
        set_clock(PhoneNumber.objects.filter(pk=number.pk), "released_at", **age)
        return number

    def test_it_goes_with_all_that_it_had(self, alice):
        number = self.gone(alice)
        placement = number.placements.get()
        clean_up()
        assert not PhoneNumber.objects.exists()
        assert not Placement.objects.exists()
        assert not Operation.objects.filter(subject_id=placement.pk).exists()
        assert Event.objects.filter(subject_id=number.pk).exists()

    def test_not_before_its_time(self, alice):
        self.gone(alice, days=399)
        clean_up()
        assert PhoneNumber.objects.exists()

    def test_not_while_rows_of_batches_may_name_it(self, alice, settings):
        settings.DELETED_RETENTION = timedelta(days=1)
        self.gone(alice, days=29)
        clean_up()
        assert PhoneNumber.objects.exists()

    def test_nor_one_that_still_has_work(self, alice):
        number = self.gone(alice)
        work = Operation.objects.filter(subject_id=number.placements.get().pk)
        work.filter(wish="remove").update(status="open", settled_at=None, next_attempt_at=Now())
        clean_up()
        assert PhoneNumber.objects.exists()

    def test_nor_one_that_lives(self, alice, number):
        set_clock(PhoneNumber.objects.all(), "created_at", "updated_at")
        clean_up()
        assert PhoneNumber.objects.exists()

    def test_without_days_it_is_kept_for_ever(self, alice, settings):
        settings.DELETED_RETENTION = timedelta(0)
        self.gone(alice, days=3000)
        clean_up()
        assert PhoneNumber.objects.exists()


class TestDeletedCarriers:
    @pytest.fixture
    def gone(self, alice) -> Carrier:
        carrier = factories.create_carrier(alice.by, name="Old")
        delete_carrier(alice.by, carrier)
        factories.run_due_operations()
        set_clock(Carrier.objects.filter(pk=carrier.pk), "released_at")
        carrier.refresh_from_db()
        return carrier

    def test_it_goes_with_its_gateways_and_operations(self, gone):
        clean_up()
        assert not Carrier.objects.filter(pk=gone.pk).exists()
        assert not SipGateway.objects.filter(carrier=gone).exists()
        assert not Operation.objects.filter(subject_id=gone.pk).exists()

    def test_it_stays_while_a_deleted_number_names_it(self, alice, gone, number):
        PhoneNumber.objects.update(carrier=gone)
        clean_up()
        assert Carrier.objects.filter(pk=gone.pk).exists()

    def test_it_stays_while_a_pool_names_it(self, alice, gone):
        alice.organization.number_pools.create(name="x", prefixes=["+44"], carrier=gone)
        clean_up()
        assert Carrier.objects.filter(pk=gone.pk).exists()


class TestBatches:
    @pytest.fixture
    def batch(self, alice) -> Batch:
        factories.create_number(alice.by, ACTIVE)
        return run_bulk_change(alice, "label", label="x")

    def test_rows_go_first_and_the_batch_much_later(self, batch):
        set_clock(Batch.objects.all(), "settled_at", days=31)
        clean_up()
        batch.refresh_from_db()
        assert not batch.rows.exists()
        assert batch.rows_deleted_at
        set_clock(Batch.objects.all(), "settled_at", days=401)
        clean_up()
        assert not Batch.objects.exists()

    def test_half_of_its_rows_are_none(self, alice, batch, monkeypatch):
        """A task that dies on the way leaves a batch that nobody undoes or repeats by halves."""
        row = batch.rows.get()
        for line in (101, 102):
            row.pk, row.line = None, line
            row.save()
        set_clock(Batch.objects.all(), "settled_at", days=31)
        monkeypatch.setattr(cleanup, "BATCH_SIZE", 1)
        with tenant_scope.all_organizations():
            assert cleanup.run_cleanup_rule("rows of batches") == 1
        batch.refresh_from_db()
        assert (batch.rows.count(), batch.kept_rows.count()) == (2, 0)
        with pytest.raises(BulkJobError, match="nothing to undo"):
            jobs.create_undo_job(alice.by, batch.pk)

    def test_the_rows_stay_while_it_is_being_undone(self, alice, batch):
        undoing = jobs.create_undo_job(alice.by, batch.pk)
        set_clock(Batch.objects.filter(pk=batch.pk), "settled_at", days=500)
        clean_up()
        assert batch.rows.exists()
        Batch.objects.filter(pk=undoing.pk).update(state="done", settled_at=Now())
        clean_up()
        assert not batch.rows.exists()

    def test_the_rows_stay_while_it_is_being_repeated(self, alice, batch):
        again = propose_bulk_change(alice, "label", label="y")
        Batch.objects.filter(pk=again.pk).update(options={"repeats": str(batch.pk)})
        set_clock(Batch.objects.filter(pk=batch.pk), "settled_at", days=500)
        clean_up()
        assert batch.rows.exists()

    def test_without_days_the_batch_is_kept_for_ever(self, batch, settings):
        settings.BATCH_HISTORY_RETENTION = timedelta(0)
        set_clock(Batch.objects.all(), "settled_at", days=3000)
        clean_up()
        assert Batch.objects.exists()


class TestAccess:
    """The worker has no rights to these tables."""

    @pytest.fixture(autouse=True)
    def _as_worker(self, alice):
        for table in ("django_session", "organizations_invitation"):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT has_table_privilege(%s, %s, 'DELETE')", ["patchbay_worker", table]
                )
                assert cursor.fetchone() == (False,)

    def test_sessions_go_when_they_have_ended(self, alice, browse):
        browse(alice)
        clean_up()
        assert Session.objects.count() == 1
        Session.objects.update(expire_date=ago(minutes=1))
        clean_up()
        assert not Session.objects.exists()

    @pytest.mark.parametrize("how", ["accepted_at", "revoked_at", "expires_at"])
    def test_invitations_go_when_they_are_over(self, alice, how):
        create_invitation(alice.by, email="new@example.com", role="user")
        set_clock(Invitation.objects.all(), how, days=89)
        clean_up()
        assert Invitation.objects.exists()
        set_clock(Invitation.objects.all(), how, days=91)
        clean_up()
        assert not Invitation.objects.exists()

    def test_an_open_invitation_stays(self, alice):
        create_invitation(alice.by, email="new@example.com", role="user")
        set_clock(Invitation.objects.all(), "created_at", days=500)
        clean_up()
        assert Invitation.objects.exists()

    @pytest.mark.parametrize("how", ["revoked_at", "expires_at"])
    def test_keys_go_when_they_have_long_been_over(self, alice, how):
        key, _text = create_api_key(alice.by, owner=alice.user, name="Old", role="user")
        predecessor = ApiKey.objects.exclude(pk=key.pk).first()
        ApiKey.objects.filter(pk=predecessor.pk).update(successor=key)
        set_clock(ApiKey.objects.filter(pk=key.pk), how, days=399)
        clean_up()
        assert ApiKey.objects.filter(pk=key.pk).exists()
        set_clock(ApiKey.objects.filter(pk=key.pk), how)
        clean_up()
        assert not ApiKey.objects.filter(pk=key.pk).exists()
        predecessor.refresh_from_db()
        assert predecessor.successor is None

    def test_a_key_that_works_stays(self, alice):
        set_clock(ApiKey.objects.all(), "created_at", "last_used_at", days=3000)
        clean_up()
        assert ApiKey.objects.exists()

    def test_a_day_is_the_least(self, alice, settings):
        settings.INVITATION_RETENTION = timedelta(seconds=1)
        create_invitation(alice.by, email="new@example.com", role="user")
        set_clock(Invitation.objects.all(), "revoked_at", days=0.5)
        clean_up()
        assert Invitation.objects.exists()

    def test_nobody_else_may_ask_the_owner(self):
        allowed = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
        for function in ("forget_sessions(integer)", "forget_api_keys(interval, integer)"):
            for role, may in (("patchbay_web", False), ("patchbay_dispatcher", True)):
                with connection.cursor() as cursor:
                    cursor.execute(allowed, [role, function])
                    assert cursor.fetchone() == (may,)


def test_programs_that_are_gone_are_not_listed_for_ever():
    for name, days in (("old", 2), ("young", 0)):
        Process.objects.create(instance=name, kind="worker", version="1", state="working")
        set_clock(Process.objects.filter(instance=name), "seen_at", days=days)
    clean_up()
    assert [row.instance for row in Process.objects.all()] == ["young"]
    assert timedelta(days=1) == processes.PROCESS_RETENTION


UNINDEXED = """
SELECT c.conrelid::regclass::text || '.' || a.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
    AND i.indpred IS NULL)
"""


def test_no_delete_reads_a_whole_table_for_a_foreign_key():
    with connection.cursor() as cursor:
        cursor.execute(UNINDEXED)
        assert cursor.fetchall() == []
