"""Tables of numbers, wherever they come from: CSV, a workbook, or the rows of a request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from django.utils.translation import gettext as _

from numbers.files import excel, text
from numbers.files.headings import TOP
from numbers.files.layouts import (
    MEANINGS,
    SAMPLE_ROWS,
    Column,
    Layout,
    Row,
    columns_of,
    heading_of,
    mapped,
    refuse_numberless,
)
from numbers.files.unreadable import Unreadable

__all__ = ["MEANINGS", "Column", "Layout", "Line", "layout_of", "lines_of", "lines_of_rows"]

MOST_BYTES = 10_000_000
AT_SIGHT = 1_000  # lines: no request waits for millions of empty ones


@dataclass(frozen=True)
class Line:
    """One row that is not empty: its place in the file, and its cells by meaning as stripped text.
    `surplus` is text beyond the last column. `faults` are finished sentences by meaning, or by ""
    for the whole row: why a cell or the row cannot be read."""

    line: int
    cells: dict[str, str]
    surplus: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def layout_of(data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None) -> Layout:
    """Which columns the file has and what they mean, from its first rows. `mapping` gives meanings
    by heading or by position from 1. Raises Unreadable."""
    refuse_large(data)
    return read_layout(data, list(islice(not_empty(rows_of(data)), SAMPLE_ROWS)), mapping)


def read_layout(data: bytes, rows: list[Row], mapping: Mapping[str, str] | None) -> Layout:
    if not rows:
        raise Unreadable(_("The file has no rows."))
    place = heading_of(rows, TOP)
    columns = columns_of(rows, place)
    if mapping:
        columns = mapped(columns, mapping)
        refuse_numberless(columns)
    line = None if place is None else rows[place][0]
    said = [*source_notices(data), *title_notices(place, line), *ignored_notices(columns)]
    return Layout([], "", line, columns, said)


def lines_of(
    data: bytes, *, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """The rows of a file below its heading, with the meanings of `layout_of`. Raises Unreadable, at
    once or on the way."""
    refuse_large(data)
    rows = not_empty(rows_of(data))
    top = list(islice(rows, SAMPLE_ROWS))
    layout = read_layout(data, top, mapping)
    refuse_numberless(layout.columns)
    for line, cells in chain(top, rows):
        if layout.heading_line is None or line > layout.heading_line:
            yield line_of(line, cells, layout.columns)


def lines_of_rows(rows: Iterable[Mapping[str, str]]) -> Iterator[Line]:
    """Of a request, whose lines count from 1."""
    return (Line(line, dict(cells)) for line, cells in enumerate(rows, start=1))


def refuse_at_sight(data: bytes) -> None:
    """What its first line gives away; a workbook takes longer to open. Raises Unreadable."""
    if not excel.is_excel(data):
        rows = list(islice(not_empty(islice(text.rows(data), AT_SIGHT)), SAMPLE_ROWS))
        read_layout(data, rows, None)


def refuse_large(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 10 MB."))


def rows_of(data: bytes) -> Iterator[Row]:
    return excel.rows(data) if excel.is_excel(data) else text.rows(data)


def not_empty(rows: Iterator[Row]) -> Iterator[Row]:
    return ((line, cells) for line, cells in rows if any(cells))


def line_of(line: int, cells: list[str], columns: list[Column]) -> Line:
    named = zip(columns, cells, strict=False)
    known = {column.meaning: cell for column, cell in named if column.meaning}
    return Line(line, known, next(filter(None, cells[len(columns) :]), ""))


def source_notices(data: bytes) -> list[str]:
    """What was read otherwise than its writer may have meant."""
    if excel.is_excel(data):
        return notices_of_sheets(*excel.sheets(data))
    if not text.is_old(data):
        return []
    words = _(
        "The file is not in UTF-8 and was read as Western European: look at the accented letters, "
        "and if they are wrong save it again as CSV UTF-8."
    )
    return [words]


def notices_of_sheets(count: int, name: str) -> list[str]:
    if count < 2:
        return []
    words = _("Only the first of %(count)s sheets was read, “%(name)s”.")
    return [words % {"count": count, "name": " ".join(name.split())}]


def title_notices(place: int | None, line: int | None) -> list[str]:
    if not place:
        return []
    words = _("The heading is in line %(line)d: what stands above it was passed over.")
    return [words % {"line": line}]


def ignored_notices(columns: list[Column]) -> list[str]:
    names = [c.heading or str(c.index + 1) for c in columns if c.samples and not c.meaning]
    words = _("Ignored columns: %(names)s.") % {"names": ", ".join(names)[:300]}
    return [words] if names else []
