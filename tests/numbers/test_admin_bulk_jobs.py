"""Imports and bulk changes in the admin, to be read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from numbers.bulk import jobs
from numbers.models import Batch
from tests.support import factories

pytestmark = pytest.mark.django_db

LIST = reverse("admin:numbers_batch_changelist")
ROWS = reverse("admin:numbers_batchrow_changelist")


@pytest.fixture
def batch(alice) -> Batch:
    factories.create_number(alice.by, "+14155550101")
    rows = alice.organization.phone_numbers.all()
    return jobs.create_change_job(alice.by, action="label", options={"label": "x"}, numbers=rows)


def test_the_list_tells_the_progress(staff, batch):
    page = staff.get(LIST).text
    assert "Label numbers “x”" in page
    assert "0 / 1" in page
    assert "ready to start" in page


def test_a_batch_leads_to_its_rows(staff, batch):
    page = staff.get(reverse("admin:numbers_batch_change", args=[batch.pk])).text
    rows = f"{ROWS}?batch__id__exact={batch.pk}"
    assert f'href="{rows}">1</a>' in page
    assert "+14155550101" in staff.get(rows).text


def test_a_row_leads_to_its_number(staff, batch):
    row = batch.rows.get()
    page = staff.get(reverse("admin:numbers_batchrow_change", args=[row.pk])).text
    assert reverse("admin:numbers_phonenumber_change", args=[row.phone_number_id]) in page


@pytest.mark.parametrize("name", ["batch", "batchrow"])
def test_nobody_writes_there(staff, batch, name):
    assert staff.get(reverse(f"admin:numbers_{name}_add")).status_code == 403
    row = {"batch": batch, "batchrow": batch.rows.get()}[name]
    page = reverse(f"admin:numbers_{name}_change", args=[row.pk])
    staff.post(page, {"title": "y", "text": "y"})
    assert staff.post(reverse(f"admin:numbers_{name}_delete", args=[row.pk])).status_code == 403
    assert not Batch.objects.filter(title="y").exists()


@pytest.mark.parametrize("page", [LIST, ROWS])
def test_no_list_reads_the_files(staff, batch, page):
    with CaptureQueriesContext(connection) as made:
        assert staff.get(page).status_code == 200
    assert not [query for query in made if '"numbers_batch"."file"' in query["sql"]]
