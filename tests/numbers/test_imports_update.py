"""Numbers that are here already, changed by a file where that is asked for."""

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


def checked(member, rows, **options):
    options = clean_import_options(member.by, options)
    batch = jobs.create_import_job(member.by, title="list", options=options, rows=rows)
    return again(batch)


def again(batch):
    factories.run_due_bulk_jobs()
    return jobs.Batch.objects.get(pk=batch.pk)


def fates(batch):
    return [(row.fate, row.before) for row in batch.rows.order_by("line")]


@pytest.fixture
def number(alice):
    return factories.create_number(alice.by, "+14155550101", label="Old")


def test_without_the_option_it_is_only_said_that_they_are_here(alice, number):
    batch = checked(alice, [{"number": "+14155550101", "label": "New"}])
    assert fates(batch) == [("held", {})]


def test_a_row_that_differs_is_a_change_field_by_field(alice, number, browse):
    rows = [{"number": "+14155550101", "label": "New"}, {"number": "+14155550102", "label": "x"}]
    batch = checked(alice, rows, update=True)
    assert fates(batch) == [("todo", {"label": "Old"}), ("todo", {})]
    page = browse(alice).get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text
    assert "Old" in page
    assert "New" in page
    jobs.start_bulk_job(alice.by, batch.pk)
    assert again(batch).state == "done"
    number.refresh_from_db()
    assert number.label == "New"
    assert alice.organization.phone_numbers.count() == 2


def test_what_is_equal_or_empty_changes_nothing(alice, number):
    rows = [{"number": "+14155550101", "label": "Old"}]
    assert fates(checked(alice, rows, update=True)) == [("unchanged", {})]
    rows = [{"number": "+14155550101"}]
    assert fates(checked(alice, rows, update=True, label="For all")) == [("unchanged", {})]


def test_the_id_is_enough(alice, number):
    rows = [{"id": str(number.pk), "number": "14155550101", "label": "New"}]
    assert fates(checked(alice, rows, update=True)) == [("todo", {"label": "Old"})]


def test_a_change_since_the_preview_is_not_overwritten(alice, number):
    batch = checked(alice, [{"number": "+14155550101", "label": "New"}], update=True)
    alice.organization.phone_numbers.update(label="Meanwhile")
    jobs.start_bulk_job(alice.by, batch.pk)
    row = again(batch).rows.get()
    assert (row.fate, "changed since the preview" in row.message) == ("failed", True)


def test_a_strangers_number_stays_theirs(alice, mallory):
    factories.create_number(mallory.by, "+14155550101")
    batch = checked(alice, [{"number": "+14155550101", "label": "Mine"}], update=True)
    assert fates(batch) == [("held", {})]


def test_a_number_does_not_move_to_another_carrier(alice, number):
    other = factories.create_carrier(alice.by, name="Other")
    rows = [{"number": "+14155550101", "carrier": other.name}]
    batch = checked(alice, rows, update=True)
    assert fates(batch)[0][0] == "error"
    assert "cannot move a number to another carrier" in batch.rows.get().message


def test_the_option_is_true_or_false(alice):
    with pytest.raises(Exception, match="true or false"):
        clean_import_options(alice.by, {"update": "maybe"})
