"""A table's rows, wherever they come from: CSV in any common spelling, Excel, or a request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from numbers.files import excel, text
from numbers.files.columns import columns_of
from numbers.files.unreadable import Unreadable

MOST_BYTES = 10_000_000
AT_SIGHT = 1_000  # lines: no request waits for millions of empty ones


@dataclass(frozen=True)
class Line:
    """One row that is not empty: its place in the file, and its cells by column as stripped text.
    `surplus` are cells beyond the known columns."""

    line: int
    cells: dict[str, str]
    surplus: str = ""


def lines_of(data: bytes) -> Iterator[Line]:
    """Of a file. Raises Unreadable, at once or on the way."""
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 10 MB."))
    yield from named(excel.rows(data) if excel.is_excel(data) else text.rows(data))


def refuse_at_sight(data: bytes) -> None:
    """What its first line gives away; a workbook takes longer to open. Raises Unreadable."""
    if not excel.is_excel(data):
        next(named(islice(text.rows(data), AT_SIGHT)), None)


def is_old(data: bytes) -> bool:
    return not excel.is_excel(data) and text.is_old(data)


def lines_of_rows(rows: Iterable[Mapping[str, str]]) -> Iterator[Line]:
    """Of a request, whose lines count from 1."""
    return (Line(line, dict(cells)) for line, cells in enumerate(rows, start=1))


def named(rows: Iterator[tuple[int, list[str]]]) -> Iterator[Line]:
    """By the heading if the first row is one, else number and label."""
    rows = ((line, cells) for line, cells in rows if any(cells))
    first = next(rows, None)
    if first is None:
        raise Unreadable(_("The file has no rows."))
    columns, is_heading = columns_of(first[1])
    if not is_heading:
        yield line_of(*first, columns)
    for line, cells in rows:
        yield line_of(line, cells, columns)


def line_of(line: int, cells: list[str], columns: list[str]) -> Line:
    known = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    return Line(line, known, next(filter(None, cells[len(columns) :]), ""))
