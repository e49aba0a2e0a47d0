"""What another organization calls its platform is told to nobody else, on whose carrier soever a
number is."""

import pytest

from numbers.bulk.impact import measure_deletion_impact
from numbers.models import PhoneNumber
from numbers.search import export
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.bulk_jobs import propose_bulk_change
from tests.support.exports import download_export

pytestmark = pytest.mark.django_db

SECRET, TOLD = "Evil's own name", "the installation's platform"


@pytest.fixture
def number(alice, mallory) -> PhoneNumber:
    """Alice's, on Mallory's carrier, which is the installation's default."""
    mallory.organization.carriers.update(is_installation_default=True)
    mallory.organization.integrations.update(name=SECRET)
    carrier = mallory.organization.carriers.get()
    return factories.create_number(alice.by, voip_carrier_sid=carrier.voip_carrier_sid)


def test_the_list(alice, browse, number):
    page = browse(alice).get(screen_url(alice.organization, "numbers") + "?columns=platform")
    (row,) = page.context["rows"]
    assert row.platforms == [TOLD]
    assert SECRET not in page.text


def test_the_list_names_one_s_own(alice, browse):
    factories.create_number(alice.by)
    page = browse(alice).get(screen_url(alice.organization, "numbers"))
    assert page.context["rows"][0].platforms == ["Sandbox"]


def test_the_file(alice, browse, number):
    url = screen_url(alice.organization, "numbers_export")
    text = download_export(browse(alice), url, {"format": "csv"}).decode()
    assert TOLD in text
    assert SECRET not in text


def test_both_homes_of_a_number_are_in_the_file(alice, mallory, number):
    own = alice.organization.integrations.get()
    number.placements.create(organization=alice.organization, integration=own, role="supply")
    rows = alice.organization.phone_numbers.all()
    (portion,) = export.iterate_export_chunks(alice.by, rows, order="newest")
    (row,) = portion.rows
    assert row[list(export.EXPORT_FIELDS).index("integration")] == f"Sandbox, {TOLD}"


def test_what_a_deletion_loses(alice, browse, number):
    factories.create_number(alice.by, "+14155550101")
    batch = propose_bulk_change(alice, "delete")
    assert sorted(measure_deletion_impact(batch).platforms) == [("Sandbox", 1), (TOLD, 1)]
    assert SECRET not in repr(list(batch.rows.values()))
    page = browse(alice).get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text
    assert TOLD in page.replace("&#x27;", "'")
    assert SECRET not in page
