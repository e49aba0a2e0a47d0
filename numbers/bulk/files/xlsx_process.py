"""A program that reads one sheet of a workbook in a process of its own, with limits. It needs them
because the reader allocates every cell between the first and the last, and every copy of a shared
text, before the count can be checked. The workbook comes from stdin. Lines of JSON go to stdout:
first the sheets, then the rows, then what was counted; or a sentence that rejects the workbook."""

import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, time, timedelta
from itertools import islice
from typing import Any
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from numbers.bulk.files.columns import analyze_column_content, propose_columns
from numbers.bulk.files.heading_rows import find_heading_row
from numbers.bulk.files.marked_cells import CellMarks, find_cell_marks

MAX_MEMORY = 1_000_000_000  # bytes
MAX_CPU_SECONDS = 60  # of CPU time
MAX_UNPACKED_BYTES = 80_000_000  # bytes
MAX_CELLS, MAX_COLUMNS = 5_000_000, 1_000
MAX_SHEETS = 100
MAX_INSPECTED_ROWS = 1_000  # rows, including empty ones
MAX_SHEET_NAME_LENGTH = 1_000
MAX_CELL_LENGTH = 1_000  # characters; ten times what any column accepts, so still rejected
HAS_NOTHING, HAS_ANYTHING, HAS_HEADING, HAS_NUMBERS = range(4)  # ratings of a sheet
CELLS_PER_CHUNK = 2_000  # cells
MAX_SAMPLED_ROWS, FEW_DIGITS = 1_000, 8  # rows read by a survey; digits that exclude later ones
SAMPLE_ROWS = 100  # rows from which a sheet is rated
BROKEN_MESSAGE = "This is no workbook (.xlsx, .ods) that can be read."
TOO_LARGE_MESSAGE = "The workbook is too large when unpacked: save it as CSV."
FAR_APART_MESSAGE = "The sheet has cells far apart: copy the numbers alone into a new file."
OTHER_DOCUMENT_MESSAGES = {
    "word/document.xml": "This is a Word document: save its table as CSV or .xlsx.",
    "ppt/presentation.xml": "This is a PowerPoint presentation: save its table as CSV or .xlsx.",
    "Index/Document.iwa": "This is an Apple Numbers document: export it as CSV or Excel.",
}
ARCHIVE_MESSAGE = "This is a ZIP archive without a workbook: unpack it and upload the file in it."
PLAIN_TYPES = {str, float, int, bool}
LINE_BREAKS = re.compile(r"[\r\n]+")
DAMAGED_FILE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    CalamineError,
    ExpatError,
)


class WorkbookRefused(Exception):
    """Raised if the workbook is rejected. The parent process translates the message."""


def main() -> None:
    """Reads the sheet named by the first argument or, without one, the first that holds numbers. A
    second argument asks for a survey, which skips later rows with many digits and lists the other
    sheets that hold numbers."""
    limit_process_resources()
    named, surveys = [*sys.argv[1:], "", ""][:2]
    try:
        for what in read_workbook(sys.stdin.buffer.read(), named, bool(surveys)):
            write_reader_answer(what)
    except WorkbookRefused as refusal:
        write_reader_answer(str(refusal))
    except DAMAGED_FILE_ERRORS:
        write_reader_answer(BROKEN_MESSAGE)


def limit_process_resources() -> None:
    limits = {"RLIMIT_AS": MAX_MEMORY, "RLIMIT_CPU": MAX_CPU_SECONDS, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):  # lower already, or unknown to this system
            resource.setrlimit(getattr(resource, name), (most, most))


def write_reader_answer(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def read_workbook(data: bytes, named: str, surveys: bool) -> Iterator[Any]:
    ensure_safe_archive(data)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    names = visible_sheet_names(workbook)
    sheet = select_sheet(workbook, names, named)
    yield {"sheets": names, "sheet": sheet and sheet.name}
    if sheet is None:
        return
    name, seen = sheet.name, {"breaks": 0}
    marks = {} if surveys and sheet.start is not None else find_cell_marks(data, name)
    found = read_sheet_rows(sheet, marks, seen)
    yield from group_sheet_rows(survey_sheet_rows(found) if surveys else found)
    if surveys and not named:
        del sheet
        others = names[names.index(name) + 1 :]
        seen["rivals"] = [
            n for n in others if rate_sheet_content(workbook.get_sheet_by_name(n)) == HAS_NUMBERS
        ]
    yield seen


def group_sheet_rows(found: Iterator[list]) -> Iterator[list[list]]:
    """Groups rows to write many at once, which is faster, but limits the cells of a group."""
    portion, cells = [], 0
    for row in found:
        portion.append(row)
        cells += len(row[1])
        if cells > CELLS_PER_CHUNK:
            yield portion
            portion, cells = [], 0
    yield portion


def survey_sheet_rows(found: Iterator[list]) -> Iterator[list]:
    """Yields the first rows, and of the later ones only those that may be a heading."""
    yield from islice(found, MAX_SAMPLED_ROWS)
    for row in found:
        joined = "".join(row[1])
        if sum(map(joined.count, "0123456789")) < FEW_DIGITS:
            yield row


def ensure_safe_archive(data: bytes) -> None:
    """Raises WorkbookRefused for an archive that is too large or damaged. The sizes are only those
    that the archive declares; reading each part enforces them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise WorkbookRefused(TOO_LARGE_MESSAGE)
        if archive.testzip():
            raise WorkbookRefused(BROKEN_MESSAGE)
        ensure_workbook_archive({part.filename for part in archive.infolist()})


def ensure_workbook_archive(names: set[str]) -> None:
    for name, words in OTHER_DOCUMENT_MESSAGES.items():
        if name in names:
            raise WorkbookRefused(words)
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise WorkbookRefused(ARCHIVE_MESSAGE)


def visible_sheet_names(workbook: CalamineWorkbook) -> list[str]:
    found = [s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
    return [name for name in found if len(name) <= MAX_SHEET_NAME_LENGTH][:MAX_SHEETS]


def select_sheet(workbook: CalamineWorkbook, names: list[str], named: str) -> CalamineSheet | None:
    """Returns the named sheet, or else the first of those with the highest rating."""
    if named:
        alike = [name for name in names if name.casefold() == named.casefold()]
        name = named if named in names else next(iter(alike), None)
        return workbook.get_sheet_by_name(name) if name else None
    best, most = None, -1
    for name in names:
        found = rate_sheet_content(sheet := workbook.get_sheet_by_name(name))
        if found == HAS_NUMBERS:
            return sheet
        if found > most:
            best, most = name, found
    return workbook.get_sheet_by_name(best) if best else None


def rate_sheet_content(sheet: CalamineSheet) -> int:
    """Rates a sheet by its first rows, which may hold numbers, name a column of numbers, or hold
    anything. A sheet that is too wide to inspect gets the highest rating, so that it is not ignored
    silently."""
    if sheet.start is None or is_too_wide(sheet):
        return HAS_NOTHING if sheet.start is None else HAS_NUMBERS
    found = (
        [format_cell_value(cell)[:MAX_CELL_LENGTH] for cell in cells]
        for cells in islice(sheet.iter_rows(), MAX_INSPECTED_ROWS)
    )
    top = list(islice(filter(any, found), SAMPLE_ROWS))
    place = find_heading_row(top)
    below = top if place is None else top[place + 1 :]
    columns = propose_columns(None if place is None else top[place], below)
    numbers = [column.index for column in columns if column.meaning == "number"]
    if any(analyze_column_content([row[index] for row in below]).is_numbers for index in numbers):
        return HAS_NUMBERS
    return HAS_HEADING if numbers and place is not None else HAS_ANYTHING


def is_too_wide(sheet: CalamineSheet) -> bool:
    width = sheet.width + sheet.start[1]
    return sheet.height * sheet.width > MAX_CELLS or width > MAX_COLUMNS


def read_sheet_rows(sheet: CalamineSheet, marks: CellMarks, seen: dict[str, Any]) -> Iterator[list]:
    """Yields each row with its line number in the spreadsheet, its cells from column A, and its
    faults by column."""
    if sheet.start is not None:
        if is_too_wide(sheet):
            raise WorkbookRefused(FAR_APART_MESSAGE)
        left = [""] * sheet.start[1]
        for line, cells in enumerate(sheet.iter_rows(), start=1):
            row = build_sheet_row(line, left, cells, marks, seen)
            if row:
                yield row
    for line in sorted(marks):
        width = min(max(marks[line]) + 1, MAX_COLUMNS)
        yield [line, [""] * width, marks[line]]


def build_sheet_row(
    line: int, left: list[str], cells: list[Any], marks: CellMarks, seen: dict[str, Any]
) -> list | None:
    texts = left + [
        cell.strip() if type(cell) is str else format_cell_value(cell) for cell in cells
    ]
    faults: dict[int, tuple[str, str]] = marks.pop(line, {})
    if not PLAIN_TYPES.issuperset(map(type, cells)):
        faults |= find_date_cells(cells, len(left))
    if has_unusual_text("".join(texts)):
        texts = [join_text_lines(text, seen)[:MAX_CELL_LENGTH] for text in texts]
    if faults:
        return [line, texts, faults]
    return [line, texts] if any(texts) else None


def has_unusual_text(joined: str) -> bool:
    return len(joined) > MAX_CELL_LENGTH or "\n" in joined or "\r" in joined


def join_text_lines(text: str, seen: dict[str, Any]) -> str:
    if "\n" not in text and "\r" not in text:
        return text
    seen["breaks"] += 1
    return " ".join(filter(None, map(str.strip, LINE_BREAKS.split(text))))


def find_date_cells(cells: list[Any], first: int) -> dict[int, tuple[str, str]]:
    found = {}
    for index, cell in enumerate(cells, start=first):
        if isinstance(cell, date):
            found[index] = ("date", cell.isoformat())
        elif isinstance(cell, time | timedelta):
            found[index] = ("time", format_cell_value(cell))
    return found


def format_cell_value(cell: Any) -> str:
    """Returns the value as text. A number that Excel stored as a quantity keeps all its digits, but
    has lost its plus."""
    if type(cell) is float and cell.is_integer():
        return str(int(cell))
    if type(cell) is bool:
        return str(cell).upper()
    return str(cell).strip()
