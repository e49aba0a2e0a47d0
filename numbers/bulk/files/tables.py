"""Tables of numbers, wherever they come from: CSV, a workbook, or the rows of a request."""

from collections.abc import Iterable, Iterator, Mapping

from django.utils.translation import gettext as _

from numbers.bulk.files.columns import Column
from numbers.bulk.files.csv_reader import TextSource
from numbers.bulk.files.layouts import Layout, Source, Table, ignored_notices
from numbers.bulk.files.lines import Line
from numbers.bulk.files.mapping import refuse_numberless
from numbers.bulk.files.unreadable import Unreadable
from numbers.bulk.files.vocabulary import MEANINGS
from numbers.bulk.files.xlsx_reader import SheetSource, is_excel

__all__ = [
    "MEANINGS",
    "Column",
    "Layout",
    "Line",
    "ignored_notices",
    "layout_of",
    "lines_of",
    "lines_of_rows",
]

MOST_BYTES = 10_000_000
AT_SIGHT = 1_000  # lines: no request waits for millions of empty ones


def layout_of(data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None) -> Layout:
    """Which columns the file has, what they mean, and what to look at before it is read. `mapping`
    gives meanings, "" to ignore a column, by heading or by position from 1. Raises Unreadable."""
    table = Table(source_of(data, sheet, surveys=True), mapping)
    table.walk()
    return table.layout()


def lines_of(
    data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """The rows below the heading, with the meanings of `layout_of`; ignored columns are left out.
    Raises Unreadable, at once or on the way."""
    table = Table(source_of(data, sheet), mapping)
    refuse_numberless(table.columns)
    yield from table.lines


def lines_of_rows(rows: Iterable[Mapping[str, str]]) -> Iterator[Line]:
    """Of a request, whose lines count from 1."""
    return (Line(line, dict(cells)) for line, cells in enumerate(rows, start=1))


def refuse_at_sight(data: bytes) -> None:
    """What its first lines give away; a workbook takes longer to open. Raises Unreadable."""
    if not is_excel(data):
        Table(source_of(data), None, most=AT_SIGHT)


def source_of(data: bytes, sheet: str = "", *, surveys: bool = False) -> Source:
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 10 MB."))
    if is_excel(data):
        return SheetSource(data, sheet, surveys=surveys)
    return TextSource(data)
