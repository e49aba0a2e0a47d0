"""The layout of a file, known before its rows are imported: its columns, and notices for the
user."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from numbers.bulk.files.columns import Column, propose_columns
from numbers.bulk.files.faults import WHOLE_ROW, RawRow
from numbers.bulk.files.heading_rows import find_heading_row
from numbers.bulk.files.headings import heading_row_meanings
from numbers.bulk.files.lines import TableLines
from numbers.bulk.files.mapping import apply_column_mapping, join_column_names
from numbers.bulk.files.unreadable import UnreadableFile

SAMPLE_ROWS = 200  # rows from which columns are recognized
MAX_COUNTED_ROWS = 100_001  # rows read for the counts in notices


@dataclass(frozen=True)
class FileLayout:
    """The layout of a file. `sheets` are the names of the visible sheets, none for a text file, and
    `sheet` is the one that is read. `heading_line` is None without a heading. `notices` are
    translated sentences. `has_rival_sheets` says that other sheets hold numbers too and none was
    chosen."""

    sheets: list[str]
    sheet: str
    heading_line: int | None
    columns: list[Column]
    notices: list[str] = field(default_factory=list)
    has_rival_sheets: bool = False

    @property
    def needs_confirmation(self) -> bool:
        """Returns whether a person should confirm the columns before the rows are read."""
        numbers = [column for column in self.columns if column.meaning == "number"]
        unsure = [column for column in self.columns if column.samples and not column.is_known]
        return len(numbers) != 1 or bool(unsure) or self.has_rival_sheets


class TableSource(Protocol):
    """A file as rows, with what was noticed while reading, complete after the last row."""

    sheets: list[str]
    sheet: str
    rival_sheets: list[str]
    breaks: int

    def rows(self) -> Iterator[RawRow]: ...

    def notices(self) -> list[str]: ...


class FileTable:
    """A file whose columns have meanings; `lines` can be read once. Raises UnreadableFile."""

    def __init__(
        self, source: TableSource, mapping: Mapping[str, str] | None, *, most: int | None = None
    ):
        self.source = source
        rows = source.rows() if most is None else islice(source.rows(), most)
        top = list(islice(filter(is_row_filled, rows), SAMPLE_ROWS))
        if not top:
            raise UnreadableFile(_("The file has no rows."))
        self.top = top
        self.place = find_heading_row([cells for _line, cells, _faults in top])
        self.heading = None if self.place is None else top[self.place]
        below = top if self.place is None else top[self.place + 1 :]
        self.columns = determine_columns(self.heading, below, mapping)
        names = self.heading[1] if self.heading else None
        self.lines = TableLines(chain(below, rows), self.columns, names)

    def walk(self) -> None:
        """Reads the lines for the counts in notices."""
        for _line in islice(self.lines, MAX_COUNTED_ROWS):
            pass

    def layout(self) -> FileLayout:
        source = self.source
        return FileLayout(
            list(source.sheets),
            source.sheet,
            self.heading[0] if self.heading else None,
            self.columns,
            [*source.notices(), *self.notices_of_heading(), *self.notices_of_rows()],
            has_rival_sheets=bool(source.rival_sheets),
        )

    def notices_of_heading(self) -> list[str]:
        if not self.heading:
            return []
        given = {"line": self.heading[0]}
        if self.place:
            words = _("The heading is in line %(line)d: what stands above it was passed over.")
            return [words % given]
        if any(reading.is_certain for reading in heading_row_meanings(self.heading[1])):
            return []
        return [_("Line %(line)d was read as the heading.") % given]

    def notices_of_rows(self) -> list[str]:
        return [
            *ignored_column_notices(self.columns),
            *repeated_heading_notices(self.lines.repeated),
            *line_break_notices(self.source.breaks),
        ]


def is_row_filled(row: RawRow) -> bool:
    _line, cells, faults = row
    return any(cells) or bool(faults)


def determine_columns(
    heading: RawRow | None, below: list[RawRow], mapping: Mapping[str, str] | None
) -> list[Column]:
    data = [cells for _line, cells, faults in below if WHOLE_ROW not in faults]
    columns = propose_columns(heading[1] if heading else None, data)
    return apply_column_mapping(columns, mapping) if mapping else columns


def ignored_column_notices(columns: list[Column]) -> list[str]:
    ignored = [column for column in columns if column.samples and not column.meaning]
    return (
        [_("Ignored columns: %(names)s.") % {"names": join_column_names(ignored)}]
        if ignored
        else []
    )


def repeated_heading_notices(lines: list[int]) -> list[str]:
    if not lines:
        return []
    words = ngettext(
        "Line %(line)d repeats the heading and was passed over.",
        "%(count)d lines repeat the heading and were passed over, the first is line %(line)d.",
        len(lines),
    )
    return [words % {"count": len(lines), "line": lines[0]}]


def line_break_notices(count: int) -> list[str]:
    words = ngettext(
        "Line breaks within %(count)d cell became blanks.",
        "Line breaks within %(count)d cells became blanks.",
        count,
    )
    return [words % {"count": count}] if count else []
