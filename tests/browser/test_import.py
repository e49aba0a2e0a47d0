"""A file of two thousand rows in a real browser: what would happen to each, then it happens."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.browser.conftest import set_session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROWS, WRONG, REPEATED, HELD = 2_000, 40, 30, 20
GOOD = ROWS - WRONG - REPEATED - HELD


@pytest.fixture
def file(tmp_path: Path, alice) -> Path:
    """Its heading is line 1; the wrong rows come first, then the repeated, the held, the good."""
    held = [f"+1415556{n:04}" for n in range(HELD)]
    fields = {"source": "manual", "status": "inactive", "wanted": "inactive"}
    PhoneNumber.objects.bulk_create(
        PhoneNumber(organization=alice.organization, e164=number, **fields) for number in held
    )
    numbers = [f"555 {n:03}" for n in range(WRONG)] + ["+14155550000"] * (REPEATED + 1) + held
    numbers += [f"+1415555{n:04}" for n in range(1, GOOD)]
    path = tmp_path / "numbers.csv"
    lines = (f"{number};Desk {index}" for index, number in enumerate(numbers))
    path.write_text("Rufnummer;Bezeichnung\n" + "\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def signed_in(page: Page, alice, live_server) -> Page:
    set_session_cookie(page.context, alice, live_server.url)
    page.goto(screen_url(alice.organization, "add"))
    return page


def expect_result_count(page: Page, words: str, count: int):
    chip = page.get_by_role("link", name=words)
    expect(chip).to_contain_text(f"{count:,}", timeout=30_000)
    return chip


@pytest.mark.usefixtures("worker")
def test_two_thousand_rows_with_errors(signed_in: Page, file: Path, complaints: list[str]):
    page = signed_in
    page.get_by_role("link", name="A file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Carrier or account").select_option("record")
    page.get_by_role("button", name="Check them").click()

    expect_result_count(page, "will be done", GOOD)  # by itself, when it is checked
    expect_result_count(page, "stands in the file already", REPEATED)
    expect_result_count(page, "in the inventory already", HELD)
    expect_result_count(page, "cannot be done", WRONG).click()
    first = page.get_by_role("row").filter(has_text="555 000")
    expect(first).to_contain_text("Number: The country is missing")
    assert PhoneNumber.objects.count() == HELD, "nothing is written before the start"

    page.get_by_role("button", name=f"Add {GOOD:,}").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    address = page.url
    page.goto("about:blank")  # it goes on without us
    page.goto(address)
    expect(page.get_by_text("Still to do")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("link", name="failed")).to_have_count(0)
    expect_result_count(page, "all", ROWS)
    done = page.get_by_role("link", name=f"done {GOOD:,}")
    expect(done).to_be_visible(timeout=60_000)  # by itself
    assert PhoneNumber.objects.filter(label__startswith="Desk").count() == GOOD

    lines = download_report(page)
    assert len(lines) == ROWS
    assert [line["line"] for line in lines[:2]] == ["2", "3"]
    assert "The country is missing" in lines[0]["message"]
    repeated, held = lines[WRONG + 1], lines[WRONG + REPEATED + 1]
    assert repeated["message"] == f"The number of line {WRONG + 2}."
    assert held["message"] == "It is here already, and inactive."
    assert (lines[-1]["fate"], lines[-1]["number"].lstrip("'")) == (
        "done",
        f"+1415555{GOOD - 1:04}",
    )
    assert complaints == []


def download_report(page: Page) -> list[dict[str, str]]:
    page.get_by_role("link", name="all").first.click()
    page.get_by_role("button", name="Report (CSV)").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))
