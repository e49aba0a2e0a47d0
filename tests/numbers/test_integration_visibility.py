"""What another organization calls its platform is told to nobody else, on whose carrier soever a
number is."""

import pytest

from numbers.bulk.impact import losses
from numbers.models import PhoneNumber
from numbers.search import export
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.bulk_jobs import propose
from tests.support.exports import file_at

pytestmark = pytest.mark.django_db

SECRET, TOLD = "Evil's own name", "the installation's platform"


@pytest.fixture
def number(alice, mallory) -> PhoneNumber:
    """Alice's, on Mallory's carrier, which is the installation's default."""
    mallory.organization.carriers.update(is_installation_default=True)
    mallory.organization.integrations.update(name=SECRET)
    carrier = mallory.organization.carriers.get()
    return factories.number(alice.by, voip_carrier_sid=carrier.voip_carrier_sid)


def test_the_list(alice, browse, number):
    page = browse(alice).get(screen_url(alice.organization, "numbers") + "?columns=platform")
    (row,) = page.context["rows"]
    assert row.platforms == [TOLD]
    assert SECRET not in page.text


def test_the_list_names_one_s_own(alice, browse):
    factories.number(alice.by)
    page = browse(alice).get(screen_url(alice.organization, "numbers"))
    assert page.context["rows"][0].platforms == ["Sandbox"]


def test_the_file(alice, browse, number):
    url = screen_url(alice.organization, "numbers_export")
    text = file_at(browse(alice), url, {"format": "csv"}).decode()
    assert TOLD in text
    assert SECRET not in text


def test_both_homes_of_a_number_are_in_the_file(alice, mallory, number):
    own = alice.organization.integrations.get()
    number.placements.create(organization=alice.organization, integration=own, role="supply")
    rows = alice.organization.phone_numbers.all()
    (portion,) = export.portions(alice.by, rows, order="newest")
    (row,) = portion.rows
    assert row[list(export.FIELDS).index("integration")] == f"Sandbox, {TOLD}"


def test_what_a_deletion_loses(alice, browse, number):
    factories.number(alice.by, "+14155550101")
    batch = propose(alice, "delete")
    assert sorted(losses(batch).platforms) == [("Sandbox", 1), (TOLD, 1)]
    assert SECRET not in repr(list(batch.rows.values()))
    page = browse(alice).get(screen_url(alice.organization, "batch", batch_id=batch.pk)).text
    assert TOLD in page.replace("&#x27;", "'")
    assert SECRET not in page
