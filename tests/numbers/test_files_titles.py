"""What people write above the heading, and lists that merely look as if they had one."""

import pytest

from numbers.bulk import jobs
from numbers.bulk.files.tables import read_file_layout
from tests.support import factories
from tests.support.spreadsheets import build_workbook, read_workbook_lines

ROW = {"number": "+49 89 1234567", "label": "Empfang"}


def notice(data: bytes) -> str:
    return "\n".join(read_file_layout(data).notices)


def numbers_of(data: bytes) -> list[str | None]:
    return [cells.get("number") for _line, cells in read_workbook_lines(data)]


@pytest.mark.parametrize("separator", ";,\t")
@pytest.mark.parametrize(
    "title", ["Liste der Nummern", "Liste der Nummern;", "Liste, intern", "Liste\tvom Mai;, "]
)
def test_a_title_does_not_say_what_separates(title, separator):
    rows = ("Name", "Rufnummer"), ("Empfang", "+49 89 1234567")
    text = "\n".join([title, "", *map(separator.join, rows)])
    assert read_workbook_lines(text.encode()) == [(4, ROW)]


@pytest.mark.parametrize(
    "title",
    [
        "Stand;21.11.2026",
        "Stand;2026-11-21",
        "21.11.2026;",
        "1/5/26",
        "Kundennummer;47110815",
        "Rufnummernliste;Mai",
        "Telefon",
    ],
)
def test_a_title_with_a_date_or_a_number_is_still_one(title):
    text = f"{title}\nRufnummer;Name\n+49 89 1234567;Empfang\n"
    assert read_workbook_lines(text.encode()) == [(3, ROW)]


@pytest.mark.parametrize(
    "first", ["+14155550101;Desk", "Desk;+14155550101", "030 901820;Büro", "0309018;"]
)
def test_no_number_is_passed_over(first):
    """Two lists in one file: each row of the second heading is told to be no number."""
    data = f"{first}\nnumber;label\n+14155550102;x\n".encode()
    assert [line for line, _cells in read_workbook_lines(data)] == [1, 2, 3]
    assert notice(data) == ""


class TestOneWordThatIsKnown:
    def test_below_a_row_makes_no_heading(self):
        data = b"ext 12;Alt\nTelefon;\n+49 89 1234567;Empfang\n"
        assert numbers_of(data) == ["ext 12", "Telefon", ROW["number"]]
        assert read_workbook_lines(data)[2] == (3, ROW)

    def test_beside_one_that_is_not_makes_a_heading_to_confirm(self):
        data = b"Stand;Mai\nTelefon;Zentrale\n+49 89 1234567;Empfang\n"
        layout = read_file_layout(data)
        assert (layout.heading_line, layout.needs_confirmation) == (2, True)
        assert numbers_of(data) == [ROW["number"]]

    def test_is_the_heading_where_there_is_one_column(self):
        assert read_workbook_lines(b"Liste\n\nTelefon\n+49 89 1234567\n") == [
            (4, {"number": ROW["number"]})
        ]


class TestWhatIsSaid:
    WORDS = "The heading is in line 4: what stands above it was passed over."

    def test_where_something_stood_above_the_heading(self):
        assert notice(b"Liste\n\nStand;21.11.2026\nRufnummer;Name\n+49 89 1;x\n") == self.WORDS

    def test_of_a_workbook(self):
        rows = ["Liste"], [], ["Stand", "21.11.2026"], ["Rufnummer", "Name"], ["+49 89 1", "x"]
        assert notice(build_workbook(*rows)) == self.WORDS

    def test_beside_what_is_said_of_the_letters(self):
        data = "Büro\n\nStand;2026\nRufnummer;Name\n+49 89 1;x\n".encode("cp1252")
        letters, titles = notice(data).splitlines()
        assert ("UTF-8" in letters, titles) == (True, self.WORDS)

    @pytest.mark.parametrize(
        "text", ["Rufnummer;Name\n+49 89 1;x\n", "\n\nRufnummer\n", "+49 89 1"]
    )
    def test_nothing_where_nothing_did(self, text):
        assert notice(text.encode()) == ""

    @pytest.mark.django_db
    def test_before_the_import_is_started(self, alice):
        file = b"Liste\nRufnummer;Name\n+14155550101;x\n"
        batch = jobs.create_import_job(alice.by, title="x", options={}, file=file)
        factories.run_due_bulk_jobs()
        batch.refresh_from_db()
        assert "The heading is in line 2" in batch.reason
