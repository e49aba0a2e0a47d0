"""Reading of CSV as spreadsheets and people write it, with any usual separator and encoding."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from django.utils.translation import gettext as _

from numbers.bulk.files.content import LIKELY, phone_number_likelihood
from numbers.bulk.files.encodings import decode_text_file
from numbers.bulk.files.faults import RawRow
from numbers.bulk.files.formats import ensure_not_binary, ensure_not_markup
from numbers.bulk.files.heading_rows import find_heading_row
from numbers.bulk.files.headings import heading_row_meanings
from numbers.bulk.files.quoting import CsvSplitter, UnclosedQuote
from numbers.bulk.files.records import CsvRecords

SEPARATORS = ",;\t|¦"
SAMPLE_LINES, SAMPLE_LENGTH = 30, 20_000  # lines, characters
PADDING_CHARACTERS = "\0\x1a"  # left at the end by old programs and interrupted writes
DECLARED_SEPARATOR = re.compile(
    r'"?sep=([^"\r\n])"?[\s,;]*', re.IGNORECASE
)  # Excel's own first line


class CsvSource:
    """A text file as rows. The constructor raises UnreadableFile if the data is not text."""

    sheets: tuple[str, ...] = ()
    sheet = ""
    rival_sheets: tuple[str, ...] = ()

    def __init__(self, data: bytes):
        ensure_not_binary(data)
        found = decode_text_file(data)
        ensure_not_markup(found.text)
        self.is_guess = found.is_guess
        lines = io.StringIO(found.text.rstrip(PADDING_CHARACTERS), newline="")
        named = (
            DECLARED_SEPARATOR.fullmatch(found.text[:20].splitlines()[0]) if found.text else None
        )
        if named:
            next(lines)
        separator = named[1] if named else detect_separator(found.text[:SAMPLE_LENGTH])
        self.records = CsvRecords(lines, separator, first_line=2 if named else 1)

    def rows(self) -> Iterator[RawRow]:
        return iter(self.records)

    @property
    def breaks(self) -> int:
        """Returns the count of cells with line breaks among the rows read so far."""
        return self.records.breaks

    def notices(self) -> list[str]:
        if not self.is_guess:
            return []
        words = _(
            "The file is not in UTF-8 and was read as Western European: look at the accented "
            "letters, and if they are wrong save it again as CSV UTF-8."
        )
        return [words]


def detect_separator(text: str) -> str:
    """Returns the separator that splits the heading into known words or, failing that, the most
    lines into cells of which one looks like a number."""
    lines = [line for line in islice(io.StringIO(text, newline=""), 1_000) if line.strip()][
        :SAMPLE_LINES
    ]
    return max(SEPARATORS, key=lambda separator: separator_score(lines, separator))


def separator_score(lines: list[str], separator: str) -> tuple[int, int, int]:
    rows = [cells for line in lines if len(cells := split_csv_line(line, separator)) > 1]
    numbers = sum(any(phone_number_likelihood(cell) >= LIKELY for cell in cells) for cells in rows)
    place = find_heading_row(rows) if rows else None
    words = count_known_headings(rows[place]) if place is not None else 0
    return words, numbers, len(rows)


def split_csv_line(line: str, separator: str) -> list[str]:
    with suppress(UnclosedQuote):
        return [cell.strip() for cell in CsvSplitter(separator).cells(line)]
    return [cell.strip(' "\r\n') for cell in line.split(separator)]


def count_known_headings(cells: list[str]) -> int:
    return sum(bool(reading.meaning) for reading in heading_row_meanings(cells))
