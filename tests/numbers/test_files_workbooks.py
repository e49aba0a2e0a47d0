"""Workbooks: which sheet is read, and the cells that hold something else than what is seen."""

import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter

from numbers.bulk.files.tables import read_file_layout, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.files.xlsx_reader import WORKBOOK_MESSAGES
from tests.support.spreadsheets import build_sheet_xml, build_workbook, replace_workbook_sheet

ROWS = [["number", "label"], ["+4930901820", "a"], ["+4930901821", "b"]]
COVER = [["Numbers of Acme"], ["See the next sheet"]]
NO_VALUE = "holds a formula without a stored value: open the file in Excel and save it"


def book(*sheets: tuple[str, list], hidden: tuple[str, ...] = ()) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        for name, rows in sheets:
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)
            if name in hidden:
                sheet.hide()
    return file.getvalue()


def numbers(data: bytes, **given) -> list[str]:
    return [line.cells["number"] for line in read_file_lines(data, **given)]


def faults(data: bytes) -> dict[int, dict[str, str]]:
    return {line.line: line.faults for line in read_file_lines(data) if line.faults}


class TestSheets:
    @pytest.mark.parametrize("first", [[], COVER, [["just"], ["words"]]])
    def test_an_empty_or_covering_one_does_not_hide_the_numbers(self, first):
        data = book(("Cover", first), ("May", ROWS), ("Notes", COVER))
        layout = read_file_layout(data)
        assert numbers(data) == ["+4930901820", "+4930901821"]
        assert (layout.sheets, layout.sheet) == (["Cover", "May", "Notes"], "May")
        assert layout.notices == ["The sheet “May” was read. Not read: “Cover”, “Notes”."]
        assert not layout.needs_confirmation

    def test_several_with_numbers_ask_for_one(self):
        data = book(("May", ROWS), ("June", [["+4930901899"]]))
        assert read_file_layout(data).needs_confirmation
        assert not read_file_layout(data, sheet="May").needs_confirmation

    @pytest.mark.parametrize("name", ["June", "june"])
    def test_one_can_be_chosen(self, name):
        data = book(("May", ROWS), ("June", [["+4930901899"]]))
        layout = read_file_layout(data, sheet=name)
        assert (layout.sheet, layout.notices) == ("June", [])
        assert numbers(data, sheet=name) == ["+4930901899"]

    @pytest.mark.parametrize("name", ["July", "Old"])
    def test_an_unknown_or_hidden_one_is_refused(self, name):
        data = book(("May", ROWS), ("Old", ROWS), hidden=("Old",))
        with pytest.raises(UnreadableFile, match=f"no sheet “{name}”. It has: “May”"):
            read_file_layout(data, sheet=name)

    def test_a_hidden_one_is_no_rival(self):
        layout = read_file_layout(book(("May", ROWS), ("Old", ROWS), hidden=("Old",)))
        assert (layout.sheets, layout.needs_confirmation) == (["May"], False)

    def test_one_with_a_far_cell_is_not_passed_over_for_another(self):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as made:
            sheet = made.add_worksheet("May")
            sheet.write_string(0, 0, "+4930901820")
            sheet.write_string(0, 5_000, "x")
            made.add_worksheet("Codes").write_string(0, 0, "+4930901899")
        with pytest.raises(UnreadableFile, match="far apart"):
            list(read_file_lines(file.getvalue()))

    def test_none_with_a_row_is_refused(self):
        with pytest.raises(UnreadableFile, match="no rows"):
            read_file_layout(book(("A", []), ("B", [])))

    def test_columns_count_from_a(self):
        data = build_workbook([], ["", "", "number", "label"], ["", "", "+4930901820", "x"])
        assert [column.meaning for column in read_file_layout(data).columns] == [
            "",
            "",
            "number",
            "label",
        ]
        (line,) = read_file_lines(data, mapping={"3": "number"})
        assert line.line == 3

    def test_notices_look_through_all_rows(self):
        rows = [["+4930901820", "x"] for _row in range(1_500)]
        data = book(("A", [*ROWS[:1], *rows, ["Number", "Label"], ["+4930901821", "a\nb"]]))
        assert read_file_layout(data).notices == [
            "Line 1502 repeats the heading and was passed over.",
            "Line breaks within 1 cell became blanks.",
        ]
        assert list(read_file_lines(data))[-1].cells["label"] == "a b"


def formatted(*rows: list) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        formats = {date: "dd/mm/yyyy", datetime: "dd/mm/yyyy hh:mm", time: "hh:mm"}
        known = {kind: made.add_format({"num_format": text}) for kind, text in formats.items()}
        sheet = made.add_worksheet()
        for number, row in enumerate([["number", "label", "note"], *rows]):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell, known.get(type(cell)))
    return file.getvalue()


class TestMoments:
    def test_in_the_number_are_named_with_the_cell(self):
        assert faults(formatted([date(2012, 3, 1), "x"])) == {
            2: {
                "number": "Cell A2 holds a date or time (1 March 2012), not a phone number: format "
                "the column as text and enter the number again."
            }
        }

    @pytest.mark.parametrize(
        ("cell", "words"),
        [
            (date(2012, 3, 12), "12 March 2012"),
            (datetime(2012, 3, 12, 10, 30), "12 March 2012"),
            (time(10, 30), "10:30:00"),
        ],
    )
    def test_in_any_column_that_is_read(self, cell, words):
        fault = faults(formatted(["+4930901820", cell]))[2]["label"]
        assert f"Cell B2 holds a date or time ({words}), not a text" in fault

    def test_in_an_ignored_column_are_none_of_our_business(self):
        data = formatted(["+4930901820", "x", date(2012, 3, 1)])
        assert faults(data) == {}

    def test_a_number_too_large_for_a_date_stays_a_number(self):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as made:
            style = made.add_format({"num_format": "dd/mm/yyyy"})
            made.add_worksheet().write_number(0, 0, 4930901820, style)
        assert numbers(file.getvalue()) == ["4930901820"]


class TestQuantities:
    @pytest.mark.parametrize(
        ("cell", "text"),
        [
            (4930901820, "4930901820"),
            (442071838750.0, "442071838750"),
            (4930901820.5, "4930901820.5"),
            (123456789012345, "123456789012345"),
            (1e15, "1000000000000000"),
            (49309018201234567, "49309018201234568"),
        ],
    )
    def test_keep_all_digits_and_their_fraction(self, cell, text):
        assert numbers(build_workbook(["number"], [cell])) == [text]


def texts(*cells: str, line: int) -> str:
    made = "".join(
        f'<c r="{chr(65 + n)}{line}" t="inlineStr"><is><t>{text}</t></is></c>'
        for n, text in enumerate(cells)
    )
    return f'<row r="{line}">{made}</row>'


HEAD = texts("number", "label", "note", line=1)


class TestFormulas:
    @pytest.mark.parametrize("value", ["<v></v>", "<v/>", ""])
    def test_without_a_value_are_named_per_row(self, value):
        row = f'<row r="2"><c r="A2"><f>"+"&amp;B1</f>{value}</c></row>'
        data = replace_workbook_sheet(
            build_sheet_xml(HEAD + row + texts("+4930901821", "x", line=3))
        )
        (line, other) = read_file_lines(data)
        assert (line.line, line.faults["number"][:8]) == (2, "Cell A2 ")
        assert NO_VALUE in line.faults["number"]
        assert (other.line, other.faults) == (3, {})

    def test_below_the_last_value_are_named_too(self):
        row = '<row r="9"><c r="A9"><f>A1</f></c></row>'
        assert list(faults(replace_workbook_sheet(build_sheet_xml(HEAD + row)))) == [9]

    def test_count_rows_and_cells_that_do_not_say_where_they_are(self):
        row = "<row><c><f>A1</f></c><c t='inlineStr'><is><t>x</t></is></c></row>"
        data = replace_workbook_sheet(build_sheet_xml(HEAD + row))
        assert NO_VALUE in faults(data)[2]["number"]

    def test_are_found_whatever_the_prefix_of_the_xml(self):
        rows = (
            '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>number</x:t></x:is></x:c></x:row>'
            '<x:row r="2"><x:c r="A2"><x:f>A1</x:f><x:v></x:v></x:c></x:row>'
        )
        assert list(faults(replace_workbook_sheet(build_sheet_xml(rows, "x")))) == [2]

    def test_of_an_empty_text_have_a_value(self):
        row = (
            '<row r="2"><c r="A2" t="inlineStr"><is><t>+4930901820</t></is></c>'
            '<c r="B2" t="str"><f>""</f><v></v></c></row>'
        )
        (line,) = read_file_lines(replace_workbook_sheet(build_sheet_xml(HEAD + row)))
        assert (line.cells["label"], line.faults) == ("", {})

    def test_with_a_value_are_read_as_it(self):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as made:
            sheet = made.add_worksheet()
            sheet.write_string(0, 0, "number")
            sheet.write_formula(1, 0, '="+"&"4930901820"', None, "+4930901820")
            sheet.write_formula(2, 0, "=4930901821", None, 4930901821)
        assert numbers(file.getvalue()) == ["+4930901820", "4930901821"]
        assert faults(file.getvalue()) == {}

    def test_in_an_ignored_column_make_no_rows(self):
        row = '<row r="3"><c r="C3"><f>A1</f></c></row>'
        data = replace_workbook_sheet(
            build_sheet_xml(HEAD + texts("+4930901820", "x", line=2) + row)
        )
        assert [line.line for line in read_file_lines(data, mapping={"note": ""})] == [2]

    def test_of_very_many_cells_are_walled_in(self):
        rows = "".join(f'<row r="{n}"><c r="A{n}"><f>1</f></c></row>' for n in range(2, 3_000))
        assert len(faults(replace_workbook_sheet(build_sheet_xml(HEAD + rows)))) == 2_998

    def test_of_a_workbook_that_declares_entities_are_refused(self):
        row = '<row r="2"><c r="A2"><f>1</f></c></row>'
        data = replace_workbook_sheet(
            '<!DOCTYPE x [<!ENTITY y "z">]>' + build_sheet_xml(HEAD + row)
        )
        with pytest.raises(UnreadableFile, match="no workbook"):
            list(read_file_lines(data))


class TestErrors:
    @pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?"])
    def test_are_named_with_the_cell(self, error):
        row = f'<row r="2"><c r="A2" t="e"><v>{error}</v></c></row>'
        fault = faults(replace_workbook_sheet(build_sheet_xml(HEAD + row)))[2]["number"]
        assert fault == f"Cell A2 holds the error {error}: correct the formula or enter the value."

    def test_written_as_text_are_texts(self):
        assert faults(build_workbook(["number", "label"], ["+4930901820", "#N/A"])) == {}


NAMES = {
    name: f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
}
CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods(*tables: tuple[str, str]) -> bytes:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    body = "".join(f'<table:table table:name="{n}">{rows}</table:table>' for n, rows in tables)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {' '.join(NAMES.values())} {CALCEXT}><office:body>"
            f"<office:spreadsheet>{body}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
    return file.getvalue()


def ods_row(*cells: str, times: int = 1) -> str:
    repeated = f' table:number-rows-repeated="{times}"' if times > 1 else ""
    return f"<table:table-row{repeated}>{''.join(cells)}</table:table-row>"


def ods_cell(text: str, kind: str = 'office:value-type="string"') -> str:
    return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"


class TestOpenDocument:
    HEAD = ods_row(ods_cell("number"), ods_cell("label"))

    def test_is_read_like_any_other(self):
        quantity = ods_cell("4930901820", 'office:value-type="float" office:value="4930901820"')
        rows = self.HEAD + ods_row(quantity, ods_cell("x"))
        data = ods(("Cover", ods_row(ods_cell("Hello"))), ("May", rows))
        assert read_file_layout(data).sheet == "May"
        (line,) = read_file_lines(data)
        assert line.cells == {"number": "4930901820", "label": "x"}

    def test_its_cells_are_named_like_those_of_excel(self):
        error = 'table:formula="of:=NA()" office:value-type="string" calcext:value-type="error"'
        day = 'office:value-type="date" office:date-value="2012-03-01"'
        rows = (
            self.HEAD
            + ods_row("<table:table-cell/>", times=2)
            + ods_row('<table:table-cell table:formula="of:=1"/>', ods_cell("x"))
            + ods_row(
                '<table:table-cell table:number-columns-repeated="1"/>', ods_cell("#N/A", error)
            )
            + ods_row(ods_cell("01.03.12", day))
        )
        found = faults(ods(("Cover", ods_row(ods_cell("Hello"))), ("May", rows)))
        assert {line: list(each) for line, each in found.items()} == {
            4: ["number"],
            5: ["label"],
            6: ["number"],
        }
        assert NO_VALUE in found[4]["number"]
        assert "Cell B5 holds the error #N/A" in found[5]["label"]
        assert "1 March 2012" in found[6]["number"]


class TestOtherArchives:
    @pytest.mark.parametrize(
        ("part", "words"),
        [
            ("word/document.xml", "Word document"),
            ("ppt/presentation.xml", "PowerPoint"),
            ("Index/Document.iwa", "Apple Numbers"),
            ("numbers.csv", "ZIP archive without a workbook"),
        ],
    )
    def test_are_called_what_they_are(self, part, words):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(part, "+4930901820")
        with pytest.raises(UnreadableFile, match=words) as refusal:
            read_file_layout(file.getvalue())
        assert str(refusal.value) in WORKBOOK_MESSAGES
