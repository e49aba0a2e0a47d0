"""Splitting of one CSV record into cells, even if its quotation marks break the rules."""

import csv
from collections.abc import Iterator

QUOTE = '"'


class UnclosedQuote(Exception):
    """Raised if a quotation mark in the record is never closed."""


class CsvSplitter:
    """Splits records at one separator, using a single csv.reader that gets one record at a time."""

    def __init__(self, separator: str):
        self.separator = separator
        self.record: str | None = None
        self.reader = csv.reader(
            self, delimiter=separator, strict=True, skipinitialspace=separator != " "
        )

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        record, self.record = self.record, None
        if record is None:
            raise StopIteration
        return record

    def by_the_rules(self, record: str) -> list[str]:
        """Splits a record that follows the rules of CSV, except for blanks before a quotation mark.
        Raises csv.Error."""
        self.record = record
        return next(self.reader)

    def cells(self, record: str) -> list[str]:
        """Splits a record. If it breaks the rules, quotation marks are kept as written, so that
        `"Front" desk` is one cell. Raises UnclosedQuote."""
        try:
            return self.by_the_rules(record)
        except csv.Error:
            return split_record_tolerantly(record.rstrip("\r\n"), self.separator)


def split_record_tolerantly(record: str, separator: str) -> list[str]:
    cells, begin = [], 0
    while begin <= len(record):
        cell, begin = parse_next_cell(record, separator, begin)
        cells.append(cell)
    return cells


def parse_next_cell(record: str, separator: str, begin: int) -> tuple[str, int]:
    """Returns the cell that begins at `begin`, and the start of the next one. Raises
    UnclosedQuote."""
    opening = begin
    while record.startswith(" ", opening) and separator != " ":
        opening += 1
    if not record.startswith(QUOTE, opening):
        end = find_cell_end(record, separator, begin)
        return record[begin:end], end + 1
    closing = find_closing_quote(record, opening + 1)
    end = find_cell_end(record, separator, closing)
    if record[closing + 1 : end].strip():
        return record[begin:end], end + 1
    return record[opening + 1 : closing].replace(QUOTE * 2, QUOTE), end + 1


def find_cell_end(record: str, separator: str, begin: int) -> int:
    found = record.find(separator, begin)
    return len(record) if found < 0 else found


def find_closing_quote(record: str, begin: int) -> int:
    """Returns the position of the closing quotation mark, where a doubled one is a literal. Raises
    UnclosedQuote."""
    while (found := record.find(QUOTE, begin)) >= 0:
        if not record.startswith(QUOTE, found + 1):
            return found
        begin = found + 2
    raise UnclosedQuote
