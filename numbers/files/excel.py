"""Excel workbooks (.xlsx): the first sheet that is shown, once it is known to fit in memory."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from numbers.files.unreadable import Unreadable

MOST_UNPACKED = 80_000_000  # bytes
MOST_CELLS = 5_000_000  # the reader makes room for all between the first and the last
BROKEN = gettext_lazy("This is no Excel file (.xlsx) that can be read.")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
PLACE = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*["']([A-Za-z]{1,4})([0-9]{1,9})["']""")
ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")


def is_excel(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", OLD_EXCEL))


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each with its line as the spreadsheet counts it. Raises Unreadable."""
    if data.startswith(OLD_EXCEL):
        raise Unreadable(_("Old Excel (.xls) or a password: save as .xlsx without a password."))
    refuse_bombs(data)
    try:
        sheet = first_shown(CalamineWorkbook.from_filelike(io.BytesIO(data)))
        first = (sheet.start or (0, 0))[0] if sheet else 0
        found = sheet.to_python(skip_empty_area=True) if sheet else []
    except CalamineError:
        raise Unreadable(BROKEN) from None
    for line, cells in enumerate(found, start=first + 1):
        yield line, [written(cell) for cell in cells]


def first_shown(workbook: CalamineWorkbook) -> CalamineSheet | None:
    shown = [s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
    return workbook.get_sheet_by_name(shown[0]) if shown else None


def refuse_bombs(data: bytes) -> None:
    """The sizes are only what the archive says of itself; to read a part holds it to them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise Unreadable(_("The workbook is too large when unpacked: save it as CSV."))
            for part in archive.infolist():  # a sheet may be any of them
                refuse_far_cells(archive.read(part))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        raise Unreadable(BROKEN) from None


def refuse_far_cells(part: bytes) -> None:
    """One cell in the last row and column would make the reader ask for hundreds of gigabytes."""
    width = height = count = 0
    for found in PLACE.finditer(part):
        count += 1
        width, height = max(width, column_number(found[1])), max(height, int(found[2]))
    if width * height > MOST_CELLS or count != len(ANY_CELL.findall(part)):
        raise Unreadable(
            _("The sheet has cells far apart: copy the numbers alone into a new file.")
        )


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def written(cell: Any) -> str:
    """A number that Excel took for a quantity has its digits, all of them, but no plus."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
