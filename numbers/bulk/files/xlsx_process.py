"""Reads one sheet of a workbook as a process of its own, behind walls: the reader makes room for
every cell between the first and the last, and for each copy of a shared text, before anybody can
ask how many there are. The workbook comes from stdin; what is read goes to stdout as lines of JSON:
first the sheets, then rows, then what was seen on the way; or a sentence that refuses the
workbook."""

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

from numbers.bulk.files.columns import columns_of, content_of
from numbers.bulk.files.heading_rows import heading_at
from numbers.bulk.files.marked_cells import Marks, marks_of

MOST_MEMORY = 1_000_000_000  # bytes
MOST_SECONDS = 60  # of computing
MOST_UNPACKED = 80_000_000  # bytes
MOST_CELLS, MOST_COLUMNS = 5_000_000, 1_000
MOST_SHEETS = 100
MOST_LOOKED_AT = 1_000  # rows, empty ones too
LONGEST_NAME = 1_000
LONGEST_CELL = 1_000  # characters: ten times what any column takes, so that it is still refused
NOTHING, ANYTHING, HEADING, NUMBERS = range(4)  # what a sheet promises
AT_ONCE = 2_000  # cells
MOST_SAMPLED, FEW_DIGITS = 1_000, 8  # rows of a survey, and digits of a row behind them
SAMPLE = 100  # rows from which a sheet is known to hold numbers
BROKEN = "This is no workbook (.xlsx, .ods) that can be read."
TOO_LARGE = "The workbook is too large when unpacked: save it as CSV."
FAR_APART = "The sheet has cells far apart: copy the numbers alone into a new file."
OTHER = {
    "word/document.xml": "This is a Word document: save its table as CSV or .xlsx.",
    "ppt/presentation.xml": "This is a PowerPoint presentation: save its table as CSV or .xlsx.",
    "Index/Document.iwa": "This is an Apple Numbers document: export it as CSV or Excel.",
}
ARCHIVE = "This is a ZIP archive without a workbook: unpack it and upload the file in it."
PLAIN = {str, float, int, bool}
BREAKS = re.compile(r"[\r\n]+")
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    CalamineError,
    ExpatError,
)


class Refused(Exception):
    """The text says why; who started this process translates it."""


def main() -> None:
    """Reads the sheet named by the first argument, or the first one that holds numbers. With a
    second argument it is a survey: of the later rows only those with few digits are read, and it
    tells which other sheets hold numbers."""
    build_walls()
    named, surveys = [*sys.argv[1:], "", ""][:2]
    try:
        for what in answers(sys.stdin.buffer.read(), named, bool(surveys)):
            tell(what)
    except Refused as refusal:
        tell(str(refusal))
    except DAMAGED:
        tell(BROKEN)


def build_walls() -> None:
    limits = {"RLIMIT_AS": MOST_MEMORY, "RLIMIT_CPU": MOST_SECONDS, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):  # lower already, or unknown to this system
            resource.setrlimit(getattr(resource, name), (most, most))


def tell(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def answers(data: bytes, named: str, surveys: bool) -> Iterator[Any]:
    refuse_lies(data)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    names = shown(workbook)
    sheet = sheet_of(workbook, names, named)
    yield {"sheets": names, "sheet": sheet and sheet.name}
    if sheet is None:
        return
    name, seen = sheet.name, {"breaks": 0}
    marks = {} if surveys and sheet.start is not None else marks_of(data, name)
    found = rows(sheet, marks, seen)
    yield from portions(surveyed(found) if surveys else found)
    if surveys and not named:
        del sheet
        others = names[names.index(name) + 1 :]
        seen["rivals"] = [n for n in others if promise_of(workbook.get_sheet_by_name(n)) == NUMBERS]
    yield seen


def portions(found: Iterator[list]) -> Iterator[list[list]]:
    """Many rows at once, which is faster, but not more cells than are soon told."""
    portion, cells = [], 0
    for row in found:
        portion.append(row)
        cells += len(row[1])
        if cells > AT_ONCE:
            yield portion
            portion, cells = [], 0
    yield portion


def surveyed(found: Iterator[list]) -> Iterator[list]:
    """The first rows, and of all others those that may be a heading."""
    yield from islice(found, MOST_SAMPLED)
    for row in found:
        joined = "".join(row[1])
        if sum(map(joined.count, "0123456789")) < FEW_DIGITS:
            yield row


def refuse_lies(data: bytes) -> None:
    """The sizes are only what the archive says of itself; to read a part holds it to them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise Refused(TOO_LARGE)
        if archive.testzip():
            raise Refused(BROKEN)
        refuse_other_kinds({part.filename for part in archive.infolist()})


def refuse_other_kinds(names: set[str]) -> None:
    for name, words in OTHER.items():
        if name in names:
            raise Refused(words)
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise Refused(ARCHIVE)


def shown(workbook: CalamineWorkbook) -> list[str]:
    found = [s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
    return [name for name in found if len(name) <= LONGEST_NAME][:MOST_SHEETS]


def sheet_of(workbook: CalamineWorkbook, names: list[str], named: str) -> CalamineSheet | None:
    """The named one, else the first of those that promise most."""
    if named:
        alike = [name for name in names if name.casefold() == named.casefold()]
        name = named if named in names else next(iter(alike), None)
        return workbook.get_sheet_by_name(name) if name else None
    best, most = None, -1
    for name in names:
        found = promise_of(sheet := workbook.get_sheet_by_name(name))
        if found == NUMBERS:
            return sheet
        if found > most:
            best, most = name, found
    return workbook.get_sheet_by_name(best) if best else None


def promise_of(sheet: CalamineSheet) -> int:
    """Whether its first rows hold numbers, or name a column of numbers, or hold anything. A sheet
    that is too wide to look at is not passed over."""
    if sheet.start is None or is_too_wide(sheet):
        return NOTHING if sheet.start is None else NUMBERS
    found = (
        [written(cell)[:LONGEST_CELL] for cell in cells]
        for cells in islice(sheet.iter_rows(), MOST_LOOKED_AT)
    )
    top = list(islice(filter(any, found), SAMPLE))
    place = heading_at(top)
    below = top if place is None else top[place + 1 :]
    columns = columns_of(None if place is None else top[place], below)
    numbers = [column.index for column in columns if column.meaning == "number"]
    if any(content_of([row[index] for row in below]).is_numbers for index in numbers):
        return NUMBERS
    return HEADING if numbers and place is not None else ANYTHING


def is_too_wide(sheet: CalamineSheet) -> bool:
    width = sheet.width + sheet.start[1]
    return sheet.height * sheet.width > MOST_CELLS or width > MOST_COLUMNS


def rows(sheet: CalamineSheet, marks: Marks, seen: dict[str, Any]) -> Iterator[list]:
    """Each with its line as the spreadsheet counts it, its cells from column A on, and what kept a
    cell from being read, by column."""
    if sheet.start is not None:
        if is_too_wide(sheet):
            raise Refused(FAR_APART)
        left = [""] * sheet.start[1]
        for line, cells in enumerate(sheet.iter_rows(), start=1):
            row = row_of(line, left, cells, marks, seen)
            if row:
                yield row
    for line in sorted(marks):
        width = min(max(marks[line]) + 1, MOST_COLUMNS)
        yield [line, [""] * width, marks[line]]


def row_of(
    line: int, left: list[str], cells: list[Any], marks: Marks, seen: dict[str, Any]
) -> list | None:
    texts = left + [cell.strip() if type(cell) is str else written(cell) for cell in cells]
    faults: dict[int, tuple[str, str]] = marks.pop(line, {})
    if not PLAIN.issuperset(map(type, cells)):
        faults |= moments(cells, len(left))
    if is_unusual("".join(texts)):
        texts = [without_breaks(text, seen)[:LONGEST_CELL] for text in texts]
    if faults:
        return [line, texts, faults]
    return [line, texts] if any(texts) else None


def is_unusual(joined: str) -> bool:
    return len(joined) > LONGEST_CELL or "\n" in joined or "\r" in joined


def without_breaks(text: str, seen: dict[str, Any]) -> str:
    if "\n" not in text and "\r" not in text:
        return text
    seen["breaks"] += 1
    return " ".join(filter(None, map(str.strip, BREAKS.split(text))))


def moments(cells: list[Any], first: int) -> dict[int, tuple[str, str]]:
    found = {}
    for index, cell in enumerate(cells, start=first):
        if isinstance(cell, date):
            found[index] = ("date", cell.isoformat())
        elif isinstance(cell, time | timedelta):
            found[index] = ("time", written(cell))
    return found


def written(cell: Any) -> str:
    """A number that Excel took for a quantity has its digits, all of them, but no plus."""
    if type(cell) is float and cell.is_integer():
        return str(int(cell))
    if type(cell) is bool:
        return str(cell).upper()
    return str(cell).strip()
