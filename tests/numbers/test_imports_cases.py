"""Files that failed for other people, as public reports tell: each with the rows that it means.

The files are in tests/data/imports/cases; what they are, and where they come from, is in the table.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from numbers.bulk import jobs
from numbers.bulk.imports import pasted_list
from numbers.bulk.imports.options import clean_import_options
from numbers.numbering import ranges
from tests.support import factories

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parent.parent / "data" / "imports" / "cases"
Row = tuple[str, str]  # fate, and the number or words of the message


@dataclass(frozen=True)
class Case:
    file: str
    country: str
    rows: list[Row]
    reason: str = ""  # words of what is said of the whole file


def todo(*numbers: str) -> list[Row]:
    return [("todo", number) for number in numbers]


MAIN = todo("+12125551001", "+12125551002", "+12125551003")
CASES = [
    Case("lost-plus-de.xlsx", "DE", todo("+4917612345678", "+492119876543", "+4930901826")),
    Case("lost-plus-de.csv", "DE", todo("+4915112345678", "+4971112345678")),
    Case("lost-plus-foreign-de.csv", "DE", [("ambiguous", "")] * 4),
    Case("lost-plus-us-oslo.csv", "US", [*todo("+14155550172"), ("ambiguous", "+47 22 33 44 55")]),
    Case("float-text.csv", "", [("error", "decimal")]),
    Case("date-cell.xlsx", "DE", [("error", "date")]),
    Case("italy-zero.xlsx", "IT", [("todo", "Italian fixed lines keep their zero")]),
    Case("benin.csv", "", [("todo", "Benin has put 01 before"), ("todo", "+2290197123456")]),
    Case("trunk-zero.csv", "", todo("+48221234567", "+302101234567", "+420212345678")),
    Case("idd-au.csv", "AU", todo("+4930901820", "+14155550174", "+442071838714")),
    Case("plus-11.csv", "", [("error", "one digit is too many")]),
    Case("mexico-1.csv", "", [("todo", "+525512345679"), ("repeated", "+525512345679")]),
    Case("mexico-national-1.csv", "MX", [("ambiguous", "+52 55 1234 5679")]),
    Case("total-row.csv", "DE", [("todo", "+49301234561"), ("error", "total")]),
    Case("range-de.csv", "", [("ambiguous", "+4930123400 to +4930123499")]),
    Case("range-slash.csv", "", [("ambiguous", "+4930901820 to +4930901821")]),
    Case("range-us.csv", "", [("ambiguous", "+12125550100 to +12125550199")] * 2),
    Case("metaswitch.csv", "US", todo(*(f"+121255501{n}" for n in range(13, 23)))),
    Case("cols-twilio-api.csv", "", todo("+12125550108"), "Ignored columns"),
    Case("cols-telnyx.csv", "", todo("+12125550109"), "Ignored columns"),
    Case("cols-teams.csv", "", todo("+12125550110"), "Ignored columns"),
    Case("cols-coreview.csv", "", todo("+12125550111"), "Ignored columns"),
    Case("cols-fusionpbx.csv", "US", todo("+12125550101", "+12125550102"), "Ignored columns"),
    Case("cols-fspbx.csv", "", todo("+12125550103", "+442071838711")),
    Case("cols-freepbx.csv", "US", todo("+12125550105"), "Ignored columns"),
    Case("cols-netbox.csv", "", todo("+12125550106"), "Ignored columns"),
    Case("cols-astpp.csv", "", todo("+442071838712", "+12125550114"), "Ignored columns"),
    Case("cols-didww.csv", "US", todo("+12125550117"), "Ignored columns"),
    Case("cols-yeastar.csv", "US", todo("+12125550115"), "Match to User"),
    Case("cols-country.csv", "", todo("+12125550130", "+442071838713")),
    Case("heading-fr.csv", "", todo("+33145678902")),
    Case("heading-e164.csv", "", todo("+12125550122")),
    Case("record-with-provider.csv", "", todo("+12125550141"), "carrier is ignored"),
    Case("char-fe0d.csv", "", todo("+14155550142")),
    Case("char-softhyphen.csv", "", todo("+14155550144")),
    Case("char-arabic.csv", "", todo("+442071838765")),
    Case("char-smartquote.csv", "", todo("+442071838752")),
    Case("char-quote2.csv", "", todo("+442071838754")),
    Case("char-tel.csv", "", todo("+442071838781")),
    Case("sixteen-digits.csv", "", [("error", "more than 15 digits")] * 2),
    Case("pipe.csv", "", MAIN),
    Case("html-table.xls", "", [], "HTML"),
    Case("xml2003.xls", "", [], "XML"),
    Case("empty-first-sheet.xlsx", "", todo("+14155551001")),
    Case("formula-without-value.xlsx", "", [("error", "formula"), *todo("+14155551002")]),
    Case("label-line-break.csv", "", todo("+12125551001")),
    Case("quote-row.csv", "", todo("+12125551001", "+12125551002")),
    Case("blank-before-quote.csv", "", todo("+12125551001")),
    Case("label-first.csv", "", todo("+12125551001", "+12125551002")),
]


def checked(alice, country: str, *, title: str, **given):
    """As a program hands it in, to be recorded only."""
    options = clean_import_options(alice.by, {"destination": "record", "country": country})
    batch = jobs.create_import_job(alice.by, title=title, options=options, **given)
    factories.run_due_bulk_jobs()
    return jobs.Batch.objects.get(pk=batch.pk)


def seen(batch) -> list[tuple[str, str]]:
    rows = batch.rows.order_by("line")
    return [(row.fate, f"{row.values.get('number', '')} {row.message}") for row in rows]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_file_gives_the_numbers_that_it_means(alice, case):
    file = (FOLDER / case.file).read_bytes()
    batch = checked(alice, case.country, title=case.file, file=file)
    found = seen(batch)
    assert [fate for fate, _text in found] == [fate for fate, _text in case.rows], found
    for (_fate, text), (_expected, words) in zip(found, case.rows, strict=True):
        assert words in text
    assert case.reason in batch.reason


def test_every_file_has_a_case():
    others = {"utf16-nul.csv", "export_resaved_by_excel.csv", "index.json"}
    files = {each.name for each in FOLDER.iterdir() if each.suffix != ".txt"}
    assert files - others == {case.file for case in CASES}


def test_one_nul_costs_one_row(alice):
    batch = checked(alice, "", title="nul", file=(FOLDER / "utf16-nul.csv").read_bytes())
    fates = [fate for fate, _text in seen(batch)]
    assert (fates.count("error"), set(fates)) == (1, {"error", "todo"})


@pytest.mark.parametrize(
    ("file", "labels"),
    [
        ("blank-before-quote.csv", ["One, two"]),
        ("label-line-break.csv", ["One two"]),
        ("quote-row.csv", ['"Front" desk', "Two"]),
        ("label-first.csv", ["Front desk", "Sales"]),
        ("heading-fr.csv", ["Siège"]),
        ("pipe.csv", ["One", "Zwölf", "Three"]),
        ("cols-fusionpbx.csv", ["Front desk", "Sales"]),
    ],
)
def test_labels_are_kept_to_the_letter(alice, file, labels):
    batch = checked(alice, "US", title=file, file=(FOLDER / file).read_bytes())
    rows = batch.rows.order_by("line").values_list("values__label", flat=True)
    assert list(rows) == labels


def test_an_export_that_a_spreadsheet_has_saved_again(alice):
    """Semicolons, and each plus is lost: the id column says which number is meant."""
    file = (FOLDER / "export_resaved_by_excel.csv").read_bytes()
    batch = checked(alice, "DE", title="export", file=file)
    assert {fate for fate, _text in seen(batch)} == {"todo"}
    found = set(batch.rows.values_list("values__number", flat=True))
    assert {"+442071838778", "+33145678903", "+390612345678", "+492119876543"} <= found


@pytest.mark.parametrize(
    ("file", "country", "expected"),
    [
        ("paste-label-digits.txt", "DE", [("+4930901827", "1047")]),
        (
            "paste-bullets.txt",
            "",
            [("+14155551003", ""), ("+14155551004", ""), ("+14155551005", "")],
        ),
    ],
)
def test_a_pasted_list(alice, file, country, expected):
    rows = list(pasted_list.parse_pasted_rows((FOLDER / file).read_text()))
    batch = checked(alice, country, title=file, rows=rows)
    found = batch.rows.order_by("line")
    assert [(row.values.get("number"), row.values.get("label", "")) for row in found] == expected


def test_the_end_of_a_range_may_be_short():
    first, last = (FOLDER / "range-screen-short.txt").read_text().split()[:2]
    assert ranges.resolve_range_ends(first=first, last=last) == ("+4930123400", "+4930123499")
