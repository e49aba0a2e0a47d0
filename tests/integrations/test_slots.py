"""Fair shares of the workers: who gets a slot, and that a long queue costs a round nothing."""

import json
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.ledger import dispatch, fair_share, leases, operation_requests
from integrations.ledger.fair_share import DueItem, SlotPool
from integrations.models import Integration, Operation
from tests.support import factories

A, B, C = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def _no_turns(monkeypatch):
    monkeypatch.setattr(fair_share, "_last_turn", {})


def items(organization: UUID, count: int, *, lane: UUID | None = None) -> list[DueItem]:
    return [DueItem(uuid4(), organization, (place,), lane) for place in range(count)]


def shares(*waiting: list[DueItem], room: SlotPool, **more) -> list[int]:
    """How many slots each of the lists got."""
    chosen = set(
        fair_share.choose_due_items([item for each in waiting for item in each], [room], **more)
    )
    return [sum(item.id in chosen for item in each) for each in waiting]


class TestChoosing:
    def test_one_alone_gets_half_and_a_newcomer_starts_at_once(self):
        assert shares(items(A, 100), room=SlotPool(8, {})) == [4]
        assert shares(items(A, 100), items(B, 1), room=SlotPool(8, {A: 4})) == [0, 1]

    def test_many_share_evenly(self):
        assert shares(items(A, 9), items(B, 9), items(C, 9), room=SlotPool(8, {})) == [2, 2, 2]

    def test_every_slot_is_used_when_enough_wait(self):
        crowd = [items(UUID(int=number), 5) for number in range(1, 20)]
        assert sum(shares(*crowd, room=SlotPool(8, {}))) == 8

    def test_a_single_slot_is_no_dead_end(self):
        assert shares(items(A, 5), room=SlotPool(1, {})) == [1]

    def test_the_oldest_goes_first(self):
        waiting = items(A, 3)
        assert fair_share.choose_due_items(reversed(waiting), [SlotPool(1, {})]) == [waiting[0].id]

    def test_who_had_a_turn_last_waits_longest(self):
        """However long the others have been due."""
        for _ in range(3):
            assert shares(items(A, 9), items(B, 9), room=SlotPool(1, {})) in ([1, 0], [0, 1])
        assert shares(items(A, 9), items(B, 9), items(C, 1), room=SlotPool(1, {})) == [0, 0, 1]

    def test_an_integration_has_its_own_bound(self):
        lane, other = uuid4(), uuid4()
        waiting = [items(A, 5, lane=lane), items(A, 5, lane=other)]
        assert shares(*waiting, room=SlotPool(8, {}), lanes={lane: 1, other: 9}) == [1, 3]

    def test_more_slots_held_than_there_are_is_no_room(self):
        assert shares(items(B, 1), room=SlotPool(4, {A: 9})) == [0]

    @hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        size=st.integers(1, 32),
        held=st.lists(st.integers(0, 8), max_size=5),
        waiting=st.lists(st.integers(0, 20), max_size=8),
    )
    def test_never_more_than_there_are_nor_all_for_one(self, size, held, waiting):
        names = [UUID(int=number) for number in range(1, 9)]
        before = dict(zip(names, held, strict=False))
        room = SlotPool(size, before)
        free = room.free
        got = shares(*(items(n, c) for n, c in zip(names, waiting, strict=False)), room=room)
        assert sum(got) <= free
        for name, count in zip(names, got, strict=False):
            assert count == 0 or before.get(name, 0) + count <= max(1, (size + 1) // 2)


# Due for an hour. By the database, as 100,000 objects of ours would take half a minute.
FILL = """
INSERT INTO integrations_operation (id, organization_id, integration_id, subject_kind, subject_id,
  subject_label, wish, status, outcome, reason, generation, attempts, fence, refs, result, asked_by,
  next_attempt_at)
SELECT gen_random_uuid(), %s, %s, 'placement', gen_random_uuid(), '', 'ensure', 'open', '', '', 1,
  0, 0, '{}', '{}', '', now() - interval '1 hour'
FROM generate_series(1, %s)
"""


@pytest.mark.django_db
class TestOperations:
    @pytest.fixture(autouse=True)
    def _eight(self, settings):
        settings.WORKER_SLOTS = 8

    def fill(self, member, count: int, integration: Integration | None = None) -> None:
        integration = integration or member.organization.integrations.first()
        with connection.cursor() as cursor:
            cursor.execute(FILL, [member.organization.pk, integration.pk, count])

    def due(self) -> Counter:
        published = []
        dispatch.dispatch_due_operations(published.append)
        rows = Operation.objects.filter(pk__in=published)
        return Counter(rows.values_list("organization__name", flat=True))

    def test_a_long_queue_leaves_room_for_a_newcomer(self, alice, mallory):
        self.fill(alice, 50)
        assert self.due() == {alice.organization.name: 4}
        assert self.due() == {}
        self.fill(mallory, 1)
        assert self.due() == {mallory.organization.name: 1}

    def test_on_a_platform_that_they_share(self, alice, mallory):
        """The installation's default carrier is everybody's; its integration is one's."""
        shared = alice.organization.integrations.first()
        self.fill(alice, 50, shared)
        self.fill(mallory, 3, shared)
        assert self.due() == {alice.organization.name: 3, mallory.organization.name: 3}

    def test_an_attempt_that_lasts_keeps_its_slot(self, alice):
        self.fill(alice, 50)
        self.due()
        for operation in Operation.objects.exclude(dispatched_at=None):
            leases.claim_operation(operation.pk)
        assert self.due() == {}
        settled = Operation.objects.exclude(lease_until=None).first()
        verdict = leases.AttemptResult(leases.Outcome.UNAVAILABLE, "slow", retry_after=60)
        leases.settle_attempt(claims_of(settled), verdict, [settled.subject_id])
        assert self.due() == {alice.organization.name: 1}

    def test_one_integration_that_hangs_holds_up_no_other_of_its_organization(self, alice):
        hanging = alice.organization.integrations.first()
        self.fill(alice, 50)
        for operation in Operation.objects.all()[:2]:
            leases.claim_operation(operation.pk)
        quick = factories.create_sandbox(alice.by, name="Quick", default=False)
        self.fill(alice, 2, quick)
        self.due()
        dispatched = Operation.objects.filter(dispatched_at__isnull=False)
        assert dispatched.filter(integration=quick).count() == 2
        assert dispatched.filter(integration=hanging).count() == 0

    def test_a_round_reads_the_beginning_of_a_queue_only(self, alice, mallory):
        self.fill(alice, 100_000)
        self.fill(mallory, 1)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE integrations_operation")
            values = {"redispatch": timedelta(seconds=100), "most": 8}
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {dispatch.DUE_SQL}", values)
            plan = cursor.fetchone()[0]
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {dispatch.IN_FLIGHT_SQL}", values)
            running = cursor.fetchone()[0]
        assert rows_read(plan) < 200
        assert rows_read(running) < 10

    @pytest.mark.parametrize("state", [
        {"state": "paused"}, {"failures": 5, "open_until": "2100-01-01T00:00Z"},
        {"paced_until": "2100-01-01T00:00Z"},
    ])  # fmt: skip
    def test_nor_that_of_an_integration_that_gives_none(self, alice, state):
        self.fill(alice, 5_000)
        Integration.objects.update(**state)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE integrations_operation")
            values = {"redispatch": timedelta(seconds=100), "most": 8}
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {dispatch.DUE_SQL}", values)
            assert rows_read(cursor.fetchone()[0]) < 200
        assert self.due() == {}


def claims_of(operation: Operation) -> Operation:
    return Operation.objects.select_related("organization").get(pk=operation.pk)


def rows_read(plan: list | str) -> int:
    """Rows that the scans of a plan have touched, those they threw away too."""
    nodes = [(plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]]
    read = 0
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if "Scan" in node["Node Type"]:
            thrown = node.get("Rows Removed by Filter", 0)
            read += (node["Actual Rows"] + thrown) * node["Actual Loops"]
    return int(read)


@pytest.mark.django_db
class TestChecksOfIntegrationsThatRest:
    @pytest.fixture
    def check(self, alice) -> Operation:
        """One that was in vain, on an integration that rests."""
        integration = alice.organization.integrations.get()
        operation = operation_requests.request_check(alice.by, integration)
        mine = leases.claim_operation(operation.pk)
        leases.settle_attempt(
            mine, leases.AttemptResult(leases.Outcome.UNAVAILABLE, "out"), [mine.subject_id]
        )
        rests = timezone.now() + timedelta(minutes=5)
        Integration.objects.update(failures=7, open_until=rests)
        Operation.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        return operation

    def test_their_repetitions_wait_for_the_end_of_the_rest(self, check):
        published = []
        dispatch.dispatch_due_operations(published.append)
        assert published == []

    def test_one_that_a_person_asks_for_goes_at_once(self, alice, check):
        asked = operation_requests.request_check(alice.by, alice.organization.integrations.get())
        published = []
        dispatch.dispatch_due_operations(published.append)
        assert published == [check.pk] == [asked.pk]
        assert Integration.objects.get().failures == 7
