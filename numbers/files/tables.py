"""A table's rows, wherever they come from: CSV in any common spelling, Excel, or a request."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain, islice

from django.utils.translation import gettext as _

from numbers.files import excel, text
from numbers.files.columns import columns_of
from numbers.files.headings import TOP, heading_at
from numbers.files.unreadable import Unreadable

MOST_BYTES = 10_000_000
AT_SIGHT = 1_000  # lines: no request waits for millions of empty ones
Row = tuple[int, list[str]]  # with the line on which it begins


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
    yield from named(rows_of(data))


def rows_of(data: bytes) -> Iterator[Row]:
    return excel.rows(data) if excel.is_excel(data) else text.rows(data)


def refuse_at_sight(data: bytes) -> None:
    """What its first line gives away; a workbook takes longer to open. Raises Unreadable."""
    if not excel.is_excel(data):
        next(named(islice(text.rows(data), AT_SIGHT)), None)


def notice(data: bytes) -> str:
    """What was read otherwise than its writer may have meant, or ""."""
    is_excel = excel.is_excel(data)
    first = notice_of_sheets(*excel.sheets(data)) if is_excel else notice_of_text(data)
    return "\n".join(filter(None, (first, notice_of_titles(data))))


def notice_of_sheets(count: int, name: str) -> str:
    if count < 2:
        return ""
    words = _("Only the first of %(count)s sheets was read, “%(name)s”.")
    return words % {"count": count, "name": " ".join(name.split())}


def notice_of_text(data: bytes) -> str:
    if not text.is_old(data):
        return ""
    return _(
        "The file is not in UTF-8 and was read as Western European: look at the accented letters, "
        "and if they are wrong save it again as CSV UTF-8."
    )


def notice_of_titles(data: bytes) -> str:
    top: list[Row] = []
    with closing(rows_of(data)) as rows, suppress(Unreadable):
        top += islice(not_empty(rows), TOP)
    index = heading_of(top)
    if not index:
        return ""
    words = _("The heading is in line %(line)d: what stands above it was passed over.")
    return words % {"line": top[index][0]}


def lines_of_rows(rows: Iterable[Mapping[str, str]]) -> Iterator[Line]:
    """Of a request, whose lines count from 1."""
    return (Line(line, dict(cells)) for line, cells in enumerate(rows, start=1))


def named(rows: Iterator[Row]) -> Iterator[Line]:
    """By the heading, if there is one, else number and label."""
    rows = not_empty(rows)
    top = list(islice(rows, TOP))
    if not top:
        raise Unreadable(_("The file has no rows."))
    top = top[heading_of(top) :]
    columns, has_heading = columns_of(top[0][1])
    for line, cells in chain(top[1:] if has_heading else top, rows):
        yield line_of(line, cells, columns)


def not_empty(rows: Iterator[Row]) -> Iterator[Row]:
    return ((line, cells) for line, cells in rows if any(cells))


def heading_of(top: list[Row]) -> int:
    return heading_at([cells for _line, cells in top])


def line_of(line: int, cells: list[str], columns: list[str]) -> Line:
    known = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    return Line(line, known, next(filter(None, cells[len(columns) :]), ""))
