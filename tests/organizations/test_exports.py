"""Rows in portions, as exports walk them."""

import pytest

from organizations.exports import rows
from organizations.exports.rows import iterate_row_chunks
from organizations.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(alice):
    alice.organization.events.all().delete()
    fields = {"actor_kind": "member", "action": "carrier.changed", "subject_kind": "carrier"}
    fields |= {"organization": alice.organization, "subject_id": alice.organization.pk}
    Event.objects.bulk_create(Event(**fields, subject_label=str(n)) for n in range(7))
    return alice.organization.events.all()


def labels(lists) -> list[str]:
    return [event.subject_label for found in lists for event in found]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_portions_leave_nothing_out(events, monkeypatch, size):
    monkeypatch.setattr(rows, "CHUNK_SIZE", size)
    told = labels(iterate_row_chunks(events, "-pk"))
    assert told == [*"6543210"]
    assert labels(iterate_row_chunks(events, "pk")) == told[::-1]
    third = events.get(subject_label="2")
    assert labels(iterate_row_chunks(events, "pk", third.pk)) == [*"3456"]


def test_no_statement_reads_all(events, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(rows, "CHUNK_SIZE", 3)
    with django_assert_num_queries(2):
        lines = iterate_row_chunks(events, "-pk")
        assert labels([next(lines), next(lines)]) == [*"654321"]
