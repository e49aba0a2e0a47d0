"""The report of an import, handed in again as it is."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.models import Carrier
from numbers.bulk import jobs
from numbers.models import Batch
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db


@pytest.fixture
def twins(alice) -> list[Carrier]:
    return [factories.create_carrier(alice.by, name=name) for name in ("Twin", "TWIN")]


def imported(member, file: bytes) -> Batch:
    batch = jobs.create_import_job(member.by, title="x", options={}, file=file)
    factories.run_due_bulk_jobs()
    return batch


def report(client, batch) -> bytes:
    path = screen_url(batch.organization, "batch_report", batch_id=batch.pk)
    return download_export(client, path)


def carriers_in(data: bytes) -> list[str]:
    return [row["carrier"] for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig")))]


def file_of(*carriers: object) -> bytes:
    rows = [f"+141555501{n:02},{carrier}" for n, carrier in enumerate(carriers)]
    return "\n".join(["number,carrier", *rows]).encode()


def test_names_a_carrier_so_that_it_is_found_again(alice, browse, twins):
    only = factories.create_carrier(alice.by, name="Only")
    sids = [str(each.voip_carrier_sid) for each in twins]
    batch = imported(alice, file_of(*sids, "only", "Nobody"))
    told = report(browse(alice), batch)
    assert carriers_in(told) == [*sids, "Only", "Nobody"]
    again = imported(alice, told).rows.order_by("line")
    found = list(again.values_list("fate", "values__voip_carrier_sid"))
    asked = [*sids, str(only.voip_carrier_sid)]
    assert found == [*[("todo", sid) for sid in asked], ("error", None)]


def test_follows_a_carrier_that_has_another_name_since(alice, browse):
    first, second = (factories.create_carrier(alice.by, name=name) for name in ("First", "Second"))
    batch = imported(alice, file_of("First", "Second"))
    Carrier.objects.filter(pk=first.pk).update(name="Third")
    Carrier.objects.filter(pk=second.pk).update(status="deleted", is_default=False)
    assert carriers_in(report(browse(alice), batch)) == [str(first.voip_carrier_sid), "Second"]


def test_asks_for_the_carriers_once(alice, browse, twins):
    sid, client = twins[0].voip_carrier_sid, browse(alice)
    few, many = imported(alice, file_of(sid)), imported(alice, file_of(*[sid] * 20))
    report(client, few)
    asked = []
    for batch in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report(client, batch)
        asked.append(len(queries))
    assert asked[0] == asked[1]
