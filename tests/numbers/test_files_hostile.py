"""Files and pasted lists that were made to take our time, or our memory."""

import contextlib
import io
import json
import subprocess
import sys
import time

import pytest
import xlsxwriter
from django.conf import settings

from numbers.bulk.files import xlsx_process, xlsx_reader
from numbers.bulk.files.tables import ensure_readable_file, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.imports import pasted_list
from numbers.numbering.e164 import InvalidPhoneNumber
from numbers.numbering.parsing import parse_number
from tests.support.spreadsheets import (
    XMLNS,
    build_sheet_xml,
    build_workbook,
    read_workbook_lines,
    replace_workbook_sheet,
)

LONG = 700_000
MARKS = "\u0315" * (LONG // 2) + "\u0316" * (LONG // 2)
HOSTILE = {
    "blanks": "'" + " " * LONG + "x, 1",
    "many blanks": "11111,'" + " " * LONG + "x",
    "quotes": "'" * LONG + ",1",
    "double quotes": '1,"' * (LONG // 3),
    "commas": "," * LONG,
    "digits": "1" * LONG + ",x",
    "numbers": "1111," * (LONG // 5),
    "headings": "number," * (LONG // 7),
    "marks": f"1{MARKS},x",
    "lines": "\n" * LONG,
}
SOON = 3.0  # seconds, of a slow machine: what grows by the square takes minutes


@pytest.fixture
def soon():
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SOON


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
class TestText:
    def test_a_pasted_list(self, text, soon):
        assert all(pasted_list.parse_pasted_rows(text))

    def test_a_file_at_sight(self, text, soon):
        with contextlib.suppress(UnreadableFile):
            ensure_readable_file(text.encode())


def test_no_request_reads_ten_million_empty_lines(soon):
    with pytest.raises(UnreadableFile, match="no rows"):
        ensure_readable_file(b"\n" * 10_000_000)


def test_a_heading_alone_is_no_error_at_sight():
    ensure_readable_file(b"number,label\n")


def test_a_cell_of_marks_is_no_number(soon):
    with pytest.raises(InvalidPhoneNumber, match="At most 100 characters"):
        parse_number(f"+1{MARKS}")


def far_away(place: str) -> str:
    return (
        '<x-y:row><x-y:c r="A1"><x-y:v>1</x-y:v></x-y:c></x-y:row>'
        f'<x-y:row><x-y:c r="{place}"><x-y:v>2</x-y:v></x-y:c></x-y:row>'
    )


def shared_by(count: int, length: int) -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, count))
    shared = f'<sst xmlns="{XMLNS}" uniqueCount="1"><si><t>{"1" * length}</t></si></sst>'
    return replace_workbook_sheet(build_sheet_xml(rows), shared)


class TestExcel:
    def test_a_far_cell(self):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as book:
            sheet = book.add_worksheet()
            sheet.write(0, 0, "+14155550101")
            sheet.write(400, 16_383, "far")
        with pytest.raises(UnreadableFile, match="far apart"):
            read_workbook_lines(file.getvalue())

    @pytest.mark.parametrize("place", ["ZZ9000", "XFD1048576"])
    def test_a_far_cell_with_a_prefix(self, place):
        with pytest.raises(UnreadableFile, match="far apart|too much memory"):
            read_workbook_lines(replace_workbook_sheet(build_sheet_xml(far_away(place), "x-y")))

    def test_a_text_that_many_cells_share_is_cut(self):
        cells = [line.cells["number"] for line in read_file_lines(shared_by(200, 200_000))]
        assert {len(cell) for cell in cells} == {xlsx_process.MAX_CELL_LENGTH}

    def test_a_text_that_very_many_cells_share(self):
        with pytest.raises(UnreadableFile, match="too much memory"):
            read_workbook_lines(shared_by(20_000, 200_000))

    def test_a_cell_that_never_ends(self, soon):
        with pytest.raises(UnreadableFile):
            read_workbook_lines(replace_workbook_sheet(build_sheet_xml("<c " * 2_000_000)))

    def test_a_reader_that_takes_too_long_is_ended(self, monkeypatch):
        monkeypatch.setattr(xlsx_reader, "READER_PROGRAM", "import time; time.sleep(60)")
        monkeypatch.setattr(xlsx_reader, "MAX_SECONDS", 0.2)
        with pytest.raises(UnreadableFile, match="too long"):
            read_workbook_lines(build_workbook(["+14155550101"]))

    def test_who_stops_reading_ends_the_reader(self, monkeypatch):
        started = []
        reader = xlsx_reader.start_reader_process
        monkeypatch.setattr(
            xlsx_reader,
            "start_reader_process",
            lambda *given: started.append(reader(*given)) or started[0],
        )
        rows = xlsx_reader.WorkbookSource(build_workbook(*[["+14155550101"]] * 20_000)).rows()
        next(rows)
        rows.close()
        assert started[0].returncode is not None

    def test_the_reader_knows_no_secrets(self, monkeypatch):
        monkeypatch.setenv("SECRET_KEY", "of ours")
        assert "SECRET_KEY" not in xlsx_reader.reader_environment()

    def test_every_refusal_can_be_translated(self):
        refusals = (
            xlsx_process.BROKEN_MESSAGE,
            xlsx_process.TOO_LARGE_MESSAGE,
            xlsx_process.FAR_APART_MESSAGE,
            xlsx_process.ARCHIVE_MESSAGE,
        )
        assert {*refusals, *xlsx_process.OTHER_DOCUMENT_MESSAGES.values()} == set(
            xlsx_reader.WORKBOOK_MESSAGES
        )


def test_the_walls_stand():
    """Its own process: they cannot be taken down again."""
    script = (
        "import config, json, resource;"
        "from numbers.bulk.files import xlsx_process; xlsx_process.limit_process_resources();"
        "print(json.dumps([resource.getrlimit(resource.RLIMIT_AS)[1],"
        " resource.getrlimit(resource.RLIMIT_CPU)[1]]))"
    )
    said = subprocess.check_output([sys.executable, "-c", script], cwd=settings.BASE_DIR)
    assert json.loads(said) == [xlsx_process.MAX_MEMORY, xlsx_process.MAX_CPU_SECONDS]
