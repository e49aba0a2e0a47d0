"""Tables of numbers from CSV, a workbook or the rows of a request."""

from collections.abc import Iterable, Iterator, Mapping

from django.utils.translation import gettext as _

from numbers.bulk.files.columns import Column
from numbers.bulk.files.csv_reader import CsvSource
from numbers.bulk.files.layouts import FileLayout, FileTable, TableSource, ignored_column_notices
from numbers.bulk.files.lines import TableLine
from numbers.bulk.files.mapping import ensure_number_column
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.files.vocabulary import COLUMN_MEANINGS
from numbers.bulk.files.xlsx_reader import WorkbookSource, is_workbook

__all__ = [
    "COLUMN_MEANINGS",
    "Column",
    "FileLayout",
    "TableLine",
    "ignored_column_notices",
    "read_file_layout",
    "read_file_lines",
    "build_request_lines",
]

MAX_FILE_BYTES = 10_000_000
MAX_INSPECTED_LINES = 1_000  # lines, so that no request reads millions of empty ones


def read_file_layout(
    data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> FileLayout:
    """Returns the columns of the file, their meanings, and notices about it. `mapping` gives
    meanings by heading or by position from 1, where "" ignores a column. Raises UnreadableFile."""
    table = FileTable(open_table_source(data, sheet, surveys=True), mapping)
    table.walk()
    return table.layout()


def read_file_lines(
    data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> Iterator[TableLine]:
    """Yields the rows below the heading, with the meanings of `read_file_layout` and without
    ignored columns. Raises UnreadableFile, even after some rows."""
    table = FileTable(open_table_source(data, sheet), mapping)
    ensure_number_column(table.columns)
    yield from table.lines


def build_request_lines(rows: Iterable[Mapping[str, str]]) -> Iterator[TableLine]:
    """Returns the rows of a request as lines counted from 1."""
    return (TableLine(line, dict(cells)) for line, cells in enumerate(rows, start=1))


def ensure_readable_file(data: bytes) -> None:
    """Raises UnreadableFile if the first lines show that the file cannot be read. Skips workbooks,
    which take longer to open."""
    if not is_workbook(data):
        FileTable(open_table_source(data), None, most=MAX_INSPECTED_LINES)


def open_table_source(data: bytes, sheet: str = "", *, surveys: bool = False) -> TableSource:
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableFile(_("The file is larger than 10 MB."))
    if is_workbook(data):
        return WorkbookSource(data, sheet, surveys=surveys)
    return CsvSource(data)
