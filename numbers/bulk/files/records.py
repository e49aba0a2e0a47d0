"""Records of a CSV file, joined from its lines and split into cells. A bad record never ends the
reading."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

from numbers.bulk.files.content import LIKELY, phone_number_likelihood
from numbers.bulk.files.encodings import DAMAGED_CHARACTERS
from numbers.bulk.files.faults import NO_FAULTS, WHOLE_ROW, Fault, RawRow
from numbers.bulk.files.quoting import QUOTE, CsvSplitter, UnclosedQuote

MAX_RECORD_LINES, MAX_RECORD_LENGTH = 100, 20_000  # per record: lines, characters
MAX_LOOKAHEAD_LINES = 200_000  # per file
FAILED_LOOKAHEAD_COST = 40  # how often a line counts that was read ahead without success
MAX_COLUMNS = 1_000
MAX_CELL_LENGTH = 1_000  # characters; ten times what any column accepts, so still rejected
# The apostrophe by which an export keeps a spreadsheet from calculating a text.
FORMULA_APOSTROPHE = re.compile(r"^'(?='*[=+\-@])")


class CsvRecords:
    """Iterates over the records of `lines`, counted from `first_line`. `breaks` counts cells with
    line breaks, which become blanks."""

    def __init__(self, lines: Iterable[str], separator: str, first_line: int = 1):
        self.lines = iter(lines)
        self.ahead: deque[str] = deque()
        self.separator = separator
        self.splitter = CsvSplitter(separator)
        self.line = first_line - 1
        self.looks = MAX_LOOKAHEAD_LINES
        self.breaks = 0

    def __iter__(self) -> Iterator[RawRow]:
        separator, splitter = self.separator, self.splitter
        ahead, lines = self.ahead, self.lines
        while (text := ahead.popleft() if ahead else next(lines, None)) is not None:
            self.line += 1
            if text.isspace():
                continue
            if "\0" in text or len(text) > MAX_CELL_LENGTH or has_damaged_characters(text):
                yield self.unusual(text)
                continue
            try:
                cells = splitter.by_the_rules(text) if QUOTE in text else text.split(separator)
            except csv.Error:
                yield self.unusual(text)
                continue
            clean = clean_csv_cell if "'" in text else str.strip
            yield self.line, [clean(cell) for cell in cells], NO_FAULTS

    def unusual(self, text: str) -> RawRow:
        if "\0" in text:
            return self.faulty(text.replace("\0", ""), "nul")
        if has_damaged_characters(text):
            return self.faulty(DAMAGED_CHARACTERS.sub("\ufffd", text), "bytes")
        if QUOTE not in text:
            return limit_row_width(self.line, text.split(self.separator, MAX_COLUMNS))
        begins = self.line
        try:
            cells = self.splitter.cells(text)
        except UnclosedQuote:
            cells = self.joined(text)
        if cells is None:
            return self.faulty(text, "quote")
        return limit_row_width(begins, [self.without_breaks(cell) for cell in cells])

    def faulty(self, text: str, kind: str) -> RawRow:
        cells = text.split(self.separator, MAX_COLUMNS)
        return self.line, [truncate_csv_cell(cell) for cell in cells], {WHOLE_ROW: Fault(kind)}

    def joined(self, record: str) -> list[str] | None:
        """Returns the cells of a record whose quotation marks close on a later line. Returns None
        if they do not, and the lines are records of their own."""
        taken: list[str] = []
        cells = None
        while cells is None and self.may_go_on(record, taken):
            line = self.ahead.popleft() if self.ahead else next(self.lines, None)
            if line is None:
                break
            taken.append(line)
            record += line
            if QUOTE in line:
                cells = self.closed(record)
                if cells == []:
                    break
        if cells and not self.swallows_rows(cells):
            self.line += len(taken)
            self.looks -= len(taken)
            return cells
        self.looks -= len(taken) * FAILED_LOOKAHEAD_COST
        self.ahead.extendleft(reversed(taken))
        return None

    def may_go_on(self, record: str, taken: list[str]) -> bool:
        return self.looks > 0 and len(taken) < MAX_RECORD_LINES and len(record) < MAX_RECORD_LENGTH

    def closed(self, record: str) -> list[str] | None:
        """Returns the cells, None while a quotation mark is open, or [] if it cannot be closed any
        more."""
        try:
            return self.splitter.by_the_rules(record)
        except csv.Error as error:
            return None if "unexpected end" in str(error) else []

    def swallows_rows(self, cells: list[str]) -> bool:
        """Returns whether a cell contains whole rows, as between the quotation marks of two
        rows."""
        parts = (part for cell in cells for part in re.split(r"[\r\n]+", cell)[1:])
        pieces = (piece.strip() for part in parts for piece in part.split(self.separator))
        return any(phone_number_likelihood(piece) >= LIKELY for piece in pieces)

    def without_breaks(self, cell: str) -> str:
        cell = clean_csv_cell(cell)
        if "\n" not in cell and "\r" not in cell:
            return cell
        self.breaks += 1
        return " ".join(filter(None, map(str.strip, re.split(r"[\r\n]+", cell))))


def has_damaged_characters(text: str) -> bool:
    return not text.isascii() and bool(DAMAGED_CHARACTERS.search(text))


def clean_csv_cell(cell: str) -> str:
    return FORMULA_APOSTROPHE.sub("", cell.strip())


def truncate_csv_cell(cell: str) -> str:
    return clean_csv_cell(cell[:MAX_CELL_LENGTH])


def limit_row_width(line: int, cells: list[str]) -> RawRow:
    if len(cells) > MAX_COLUMNS:
        return line, list(map(truncate_csv_cell, cells[:MAX_COLUMNS])), {WHOLE_ROW: Fault("wide")}
    return line, list(map(truncate_csv_cell, cells)), NO_FAULTS
