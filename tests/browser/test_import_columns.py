"""Exports of telephone systems and carriers in a real browser: at most one confirmation of what the
columns mean, and none for the next file with the same headings."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FUSIONPBX = """\
domain_uuid,destination_type,destination_number,destination_context,destination_description
,inbound,1212555{n}1,public,Front desk
,inbound,1212555{n}2,public,Sales
"""
DIDWW = """\
Number;Country;City;Trunk;Capacity;Expires;Description
1212555{n}1;United States;New York;trunk1;2;2027-01-01;hq
1212555{n}2;United States;New York;trunk1;2;2027-01-01;branch
"""
TEAMS = """\
"TelephoneNumber","OperatorId","NumberType","ActivationState","AssignedPstnTargetId","City"
"+1212555{n}1","x","DirectRouting","Activated","","New York"
"+1212555{n}2","x","DirectRouting","Activated","","New York"
"""


@pytest.fixture
def signed_in(page: Page, alice, live_server) -> Page:
    set_session_cookie(page.context, alice, live_server.url)
    page.organization = alice.organization
    return page


def upload(page: Page, file: Path) -> None:
    page.wait_for_load_state("networkidle")  # a page that refreshes itself would end the way there
    page.goto(screen_url(page.organization, "add_file"))
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Country of numbers without a plus").select_option("US")
    page.get_by_label("Carrier or account").select_option("record")
    page.get_by_role("button", name="Check them").click()


def expect_rows(page: Page, count: int) -> None:
    chip = page.get_by_role("link", name="will be done")
    expect(chip).to_contain_text(str(count), timeout=20_000)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("export", [FUSIONPBX, DIDWW, TEAMS], ids=["fusionpbx", "didww", "teams"])
def test_an_export_is_imported_after_one_confirmation(
    signed_in: Page, tmp_path: Path, complaints: list[str], export: str
):
    page, file = signed_in, tmp_path / "export.csv"
    file.write_text(export.replace("{n}", "010"))
    upload(page, file)
    heading = page.get_by_role("heading", name="Match columns")
    expect(heading).to_be_visible(timeout=20_000)  # by itself
    page.get_by_role("button", name="Check numbers").click()  # as proposed
    expect_rows(page, 2)
    page.get_by_role("button", name="Add 2 numbers").click()
    expect(page.get_by_role("link", name="done 2")).to_be_visible(timeout=20_000)

    file.write_text(export.replace("{n}", "011"))
    upload(page, file)
    expect_rows(page, 2)
    expect(heading).to_have_count(0)
    expect(page.get_by_text("confirmed them before")).to_be_visible()
    numbers = page.organization.phone_numbers.values_list("e164", flat=True)
    assert sorted(numbers) == ["+12125550101", "+12125550102"]
    assert complaints == []


@pytest.mark.usefixtures("worker")
def test_what_was_remembered_can_be_changed(signed_in: Page, tmp_path: Path):
    page, file = signed_in, tmp_path / "dids.csv"
    file.write_text("DID,Owner,Site\n+12125550101,Ann,Berlin\n")
    upload(page, file)
    page.get_by_label("Owner").select_option("Label")
    page.get_by_label("Site").select_option("Label")
    page.get_by_role("button", name="Check numbers").click()
    expect(page.get_by_text("has the same meaning as another column").first).to_be_visible()
    page.get_by_label("Site").select_option("Ignore")
    page.get_by_role("button", name="Check numbers").click()
    expect_rows(page, 1)
    page.get_by_role("button", name="Change columns").click()
    expect(page.get_by_label("Owner")).to_have_value("label")
    page.get_by_label("Owner").select_option("Ignore")
    page.get_by_label("Site").select_option("Label")
    page.get_by_role("button", name="Check numbers").click()
    expect_rows(page, 1)
    expect(page.get_by_role("cell", name="Berlin")).to_be_visible()
