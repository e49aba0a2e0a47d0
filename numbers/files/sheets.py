"""Reads one Excel workbook as a process of its own, behind walls: the reader makes room for every
cell between the first and the last, and for each copy of a shared text, before anybody can ask how
many there are. The workbook comes from stdin; rows, or a sentence that refuses it, go to stdout."""

import io
import json
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

MOST_MEMORY = 1_000_000_000  # bytes
MOST_SECONDS = 60  # of computing
MOST_UNPACKED = 80_000_000  # bytes
MOST_CELLS = 5_000_000
LONGEST_NAME = 40
LONGEST_CELL = 1_000  # characters: ten times what any column takes, so that it is still refused
BROKEN = "This is no Excel file (.xlsx) that can be read."
TOO_LARGE = "The workbook is too large when unpacked: save it as CSV."
FAR_APART = "The sheet has cells far apart: copy the numbers alone into a new file."
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    CalamineError,
)


class Refused(Exception):
    """The text says why; who started this process translates it."""


def main() -> None:
    build_walls()
    try:
        for line, cells in rows(sys.stdin.buffer.read()):
            tell([line, cells])
    except Refused as refusal:
        tell(str(refusal))
    except DAMAGED:
        tell(BROKEN)


def main_names() -> None:
    """How many sheets are shown, and the first one's name: all names may be very much."""
    build_walls()
    with suppress(Refused, *DAMAGED):
        data = sys.stdin.buffer.read()
        refuse_lies(data)
        names = shown(CalamineWorkbook.from_filelike(io.BytesIO(data)))
        tell([len(names), "".join(names[:1])[:LONGEST_NAME]])


def build_walls() -> None:
    limits = {"RLIMIT_AS": MOST_MEMORY, "RLIMIT_CPU": MOST_SECONDS, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):  # lower already, or unknown to this system
            resource.setrlimit(getattr(resource, name), (most, most))


def tell(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each with its line as the spreadsheet counts it."""
    refuse_lies(data)
    sheet = first_shown(CalamineWorkbook.from_filelike(io.BytesIO(data)))
    if sheet is None or sheet.start is None:
        return
    if sheet.height * sheet.width > MOST_CELLS:
        raise Refused(FAR_APART)
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell != "" for cell in cells):
            yield line, [written(cell) for cell in cells]


def refuse_lies(data: bytes) -> None:
    """The sizes are only what the archive says of itself; to read a part holds it to them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise Refused(TOO_LARGE)
        if archive.testzip():
            raise Refused(BROKEN)


def first_shown(workbook: CalamineWorkbook) -> CalamineSheet | None:
    names = shown(workbook)
    return workbook.get_sheet_by_name(names[0]) if names else None


def shown(workbook: CalamineWorkbook) -> list[str]:
    return [s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible]


def written(cell: Any) -> str:
    """A number that Excel took for a quantity has its digits, all of them, but no plus."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()[:LONGEST_CELL]
