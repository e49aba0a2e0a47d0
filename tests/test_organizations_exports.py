"""Downloads that are written while they are read."""

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from organizations import exports
from organizations.exports import as_now, portions
from organizations.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(alice):
    alice.organization.events.all().delete()
    fields = {"actor_kind": "member", "action": "carrier.changed", "subject_kind": "carrier"}
    fields |= {"organization": alice.organization, "subject_id": alice.organization.pk}
    Event.objects.bulk_create(Event(**fields, subject_label=str(n)) for n in range(7))
    return alice.organization.events.all()


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_portions_leave_nothing_out(events, monkeypatch, size):
    monkeypatch.setattr(exports, "AT_ONCE", size)
    told = [event.subject_label for event in portions(events, "-pk")]
    assert told == [*"6543210"]
    assert [event.subject_label for event in portions(events, "pk")] == told[::-1]


def test_no_statement_reads_all(events, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(exports, "AT_ONCE", 3)
    with django_assert_num_queries(2):
        lines = portions(events, "-pk")
        assert [next(lines).subject_label for _n in range(4)] == [*"6543"]


def test_what_is_streamed_later_speaks_the_language_of_the_request():
    with translation.override("de"), timezone.override("Europe/Berlin"):
        lines = as_now((gettext("Delete"), timezone.get_current_timezone_name()) for _n in range(2))
    assert list(lines) == [("Löschen", "Europe/Berlin")] * 2
    assert gettext("Delete") == "Delete"


def test_between_two_lines_the_thread_is_free():
    with translation.override("de"):
        lines = as_now(iter("ab"))
    next(lines)
    assert translation.get_language() == "en"
