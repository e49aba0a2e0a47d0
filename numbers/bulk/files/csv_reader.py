"""CSV as spreadsheets and people write it: any usual separator, in any usual encoding."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from django.utils.translation import gettext as _

from numbers.bulk.files.content import LIKELY, likeness
from numbers.bulk.files.encodings import decoded
from numbers.bulk.files.faults import Row
from numbers.bulk.files.formats import refuse_binary, refuse_markup
from numbers.bulk.files.heading_rows import heading_at
from numbers.bulk.files.headings import readings_of
from numbers.bulk.files.quoting import Splitter, Unclosed
from numbers.bulk.files.records import Records

SEPARATORS = ",;\t|¦"
SAMPLE, SAMPLE_LENGTH = 30, 20_000  # lines, characters
FILLING = "\0\x1a"  # what old programs and torn writes leave at the end
NAMED_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[\s,;]*', re.IGNORECASE)  # Excel's own first line


class TextSource:
    """A text file as rows. Raises Unreadable for what is no text, at once."""

    sheets: tuple[str, ...] = ()
    sheet = ""
    rival_sheets: tuple[str, ...] = ()

    def __init__(self, data: bytes):
        refuse_binary(data)
        found = decoded(data)
        refuse_markup(found.text)
        self.is_guess = found.is_guess
        lines = io.StringIO(found.text.rstrip(FILLING), newline="")
        named = NAMED_SEPARATOR.fullmatch(found.text[:20].splitlines()[0]) if found.text else None
        if named:
            next(lines)
        separator = named[1] if named else separator_of(found.text[:SAMPLE_LENGTH])
        self.records = Records(lines, separator, first_line=2 if named else 1)

    def rows(self) -> Iterator[Row]:
        return iter(self.records)

    @property
    def breaks(self) -> int:
        """Cells with line breaks among the rows so far."""
        return self.records.breaks

    def notices(self) -> list[str]:
        if not self.is_guess:
            return []
        words = _(
            "The file is not in UTF-8 and was read as Western European: look at the accented "
            "letters, and if they are wrong save it again as CSV UTF-8."
        )
        return [words]


def separator_of(text: str) -> str:
    """What divides the heading into known words, or most lines into a number and something else."""
    lines = [line for line in islice(io.StringIO(text, newline=""), 1_000) if line.strip()][:SAMPLE]
    return max(SEPARATORS, key=lambda separator: fitness(lines, separator))


def fitness(lines: list[str], separator: str) -> tuple[int, int, int]:
    rows = [cells for line in lines if len(cells := split(line, separator)) > 1]
    numbers = sum(any(likeness(cell) >= LIKELY for cell in cells) for cells in rows)
    place = heading_at(rows) if rows else None
    words = known_words(rows[place]) if place is not None else 0
    return words, numbers, len(rows)


def split(line: str, separator: str) -> list[str]:
    with suppress(Unclosed):
        return [cell.strip() for cell in Splitter(separator).cells(line)]
    return [cell.strip(' "\r\n') for cell in line.split(separator)]


def known_words(cells: list[str]) -> int:
    return sum(bool(reading.meaning) for reading in readings_of(cells))
