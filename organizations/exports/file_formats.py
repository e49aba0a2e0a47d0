"""CSV and Excel files."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import IO

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # marks UTF-8 for Excel
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COLUMN_WIDTH = 18  # characters


def encode_csv(rows: Iterable[Sequence[object]], cell: Callable[[object], str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def write_workbook(
    header: Sequence[str], rows: Iterable[Sequence[object]], file: IO[bytes]
) -> None:
    """Writes a workbook in which every cell is text, so that no spreadsheet evaluates it."""
    import xlsxwriter  # imported here, because most processes never write a workbook

    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header), COLUMN_WIDTH)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            sheet.write_string(line, column, "" if value is None else str(value))
    book.close()
