"""Files of numbers: CSV in every common spelling, and Excel as Excel writes it."""

import csv
import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from numbers.bulk.files.headings import KNOWN_HEADINGS
from numbers.bulk.files.tables import MAX_FILE_BYTES, read_file_layout, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile
from organizations.exports.rows import escape_formula
from tests.support.spreadsheets import build_workbook, read_workbook_lines

ONE = [(1, {"number": "+14155550101", "label": "Main line"})]


def meanings(*heading: str) -> list[str]:
    layout = read_file_layout(",".join(heading).encode() + b"\n+14155550101,+14155550101\n")
    assert layout.heading_line == 1
    return [column.meaning for column in layout.columns]


class TestCsv:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_separators_and_encodings(self, separator, encoding):
        text = f"Rufnummer{separator}Bezeichnung\r\n+49 30 901820{separator}Büro\r\n"
        assert read_workbook_lines(text.encode(encoding)) == [
            (2, {"number": "+49 30 901820", "label": "Büro"})
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "+14155550101,Main line",
            "+14155550101;Main line\n",
            "\n\n+14155550101\tMain line",
            '"+14155550101","Main line"\n',
            "sep=;\n+14155550101;Main line\n",
        ],
    )
    def test_without_a_heading_the_first_column_is_the_number(self, text):
        assert [cells for _line, cells in read_workbook_lines(text.encode())] == [ONE[0][1]]

    def test_columns_are_found_by_the_words_of_the_heading(self):
        text = "Label;Agent-ID;Phone number;Carrier;Application SID\nx;agent_1;+1;Acme;y\n"
        found = {"label": "x", "agent_id": "agent_1", "number": "+1", "carrier": "Acme"}
        assert read_workbook_lines(text.encode()) == [(2, {**found, "application_sid": "y"})]

    @pytest.mark.parametrize(
        "name",
        [*[n for n, each in KNOWN_HEADINGS.items() if each.meaning == "number"], "E.164", "e 164"],
    )
    def test_no_name_of_the_number_is_taken_for_one(self, name):
        assert meanings(name, "carrier") == ["number", "carrier"]

    @pytest.mark.parametrize("name", KNOWN_HEADINGS)
    def test_every_listed_name_may_come_first(self, name):
        other = "label" if KNOWN_HEADINGS[name].meaning == "number" else "E.164"
        assert meanings(name, other)[0] == KNOWN_HEADINGS[name].meaning

    @pytest.mark.parametrize("first", ["+14155550101", "E164555", "tel:+4930901820"])
    def test_digits_are_a_row(self, first):
        assert read_file_layout(f"{first},label\n".encode()).heading_line is None

    def test_what_stands_above_the_heading_is_no_number(self):
        title = b"Numbers of ACME;;\nas of May;;\n"
        rows = b"Phone number;Label;Carrier\n+14155550101;Desk;Acme\n"
        ((line, cells),) = read_workbook_lines(title + rows)
        assert (line, cells["label"], cells["carrier"]) == (4, "Desk", "Acme")

    def test_what_an_export_says_besides_is_passed_over(self):
        text = "number,label,status,wanted,reason,integration,agent,source,added,changed,id\n"
        ((_line, cells),) = read_workbook_lines(
            f"{text}+14155550101,'=1+1,active,active,,,a,,,,7".encode()
        )
        found = {"number": "+14155550101", "label": "=1+1", "agent_id": "a"}
        assert cells == {**found, "wanted": "active", "id": "7"}

    def test_one_column_of_numbers(self):
        assert read_workbook_lines(b"+14155550101\n+14155550102\n") == [
            (1, {"number": "+14155550101"}),
            (2, {"number": "+14155550102"}),
        ]

    def test_lines_are_the_files_own(self):
        text = 'number,label\n\n+1,"two\nlines"\n\n+2,x\n'
        assert [line for line, _cells in read_workbook_lines(text.encode())] == [3, 6]

    def test_a_separator_in_a_label_is_told_by_its_line(self):
        line, _other = read_file_lines(b"+14155550101,Berlin, Mitte\n+14155550102,Rome\n")
        assert (line.cells["label"], line.surplus) == ("Berlin", "Mitte")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "no rows"),
            (b"\n \n", "no rows"),
            (b"label,agent\nx,y\n", "number"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "an image"),
            (bytes(range(1, 32)) * 20, "neither CSV nor"),
            (b"\xff\xfe+\x001\x00+", "damaged"),
            (b"1" * (MAX_FILE_BYTES + 1), "10 MB"),
        ],
    )
    def test_what_is_no_table_is_refused_with_the_reason(self, data, words):
        with pytest.raises(UnreadableFile, match=words):
            read_workbook_lines(data)


class TestExcel:
    def test_a_sheet_is_read_like_a_csv(self):
        data = build_workbook(
            ["Number", "Label"], ["+14155550101", "=1+1"], [], ["+14155550102", ""]
        )
        assert read_workbook_lines(data) == [
            (2, {"number": "+14155550101", "label": "=1+1"}),
            (4, {"number": "+14155550102", "label": ""}),
        ]

    def test_a_number_that_excel_took_for_a_quantity_keeps_its_digits(self):
        ((_line, cells),) = read_workbook_lines(build_workbook([1.4155550101e10, 7]))
        assert cells == {"number": "14155550101", "label": "7"}

    def test_hidden_sheets_are_not_read(self):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as book:
            hidden, shown = book.add_worksheet("Old"), book.add_worksheet("New")
            hidden.write(0, 0, "+14155550199")
            shown.write_string(0, 0, "+14155550101")
            shown.activate()
            shown.set_first_sheet()
            hidden.hide()
        assert read_workbook_lines(file.getvalue()) == [(1, {"number": "+14155550101"})]

    def test_shared_and_inline_strings_are_alike(self):
        rows = ["Number"], ["+14155550101"]
        assert read_workbook_lines(
            build_workbook(*rows, constant_memory=True)
        ) == read_workbook_lines(build_workbook(*rows))

    def test_a_bomb_is_not_unpacked(self):
        file = io.BytesIO(build_workbook(["+14155550101"]))
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/media/zeros.bin", bytes(80_000_001))
        with pytest.raises(UnreadableFile, match="too large"):
            read_workbook_lines(file.getvalue())

    def test_a_bomb_that_lies_about_its_size_is_found_out(self):
        data = build_workbook(*[[f"+1415555{n:04}"] for n in range(500)])
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
        lying = data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
        assert lying != data
        with pytest.raises(UnreadableFile, match="can be read"):
            read_workbook_lines(lying)

    @pytest.mark.parametrize(
        "data", [b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", build_workbook()]
    )
    def test_what_is_no_sheet_is_refused(self, data):
        with pytest.raises(UnreadableFile):
            read_workbook_lines(data)

    def test_any_other_archive_is_refused(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("letter.txt", "+14155550101")
        with pytest.raises(UnreadableFile, match="ZIP archive without a workbook"):
            read_workbook_lines(file.getvalue())


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
ROWS = st.lists(
    st.tuples(st.from_regex(r"\+[0-9]{5,12}", fullmatch=True), TEXTS), min_size=1, max_size=8
)


@given(rows=ROWS, separator=st.sampled_from(",;\t"), encoding=st.sampled_from(["utf-8", "utf-16"]))
@example(
    rows=[("+4930901820", "'=room"), ("+4930901820", "Ann's=room")], separator=",", encoding="utf-8"
)
def test_what_python_writes_as_csv_is_read_as_it_was(rows, separator, encoding):
    file = io.StringIO()
    safe = [(number, escape_formula(label.strip())) for number, label in rows]
    csv.writer(file, delimiter=separator).writerows([("number", "label"), *safe])
    assert [
        cells for _line, cells in read_workbook_lines(file.getvalue().encode(encoding))
    ] == expected(rows)


@settings(deadline=None)  # it starts processes
@given(rows=ROWS)
def test_what_xlsxwriter_writes_is_read_as_it_was(rows):
    assert [
        cells for _line, cells in read_workbook_lines(build_workbook(["number", "label"], *rows))
    ] == expected(rows)


def expected(rows):
    return [{"number": number, "label": label.strip()} for number, label in rows]
