"""Where the heading is: in the first row, or below words on what the table is about."""

import re
from collections.abc import Sequence

from numbers.bulk.files.columns import content_of, most_common
from numbers.bulk.files.content import LIKELY, NO, SURE, likeness
from numbers.bulk.files.headings import readings_of

TOP = 20  # rows in which the heading is looked for
DIGITS = re.compile(r"[0-9]{2}")
E164 = re.compile(r"\bE[. -]?164\b", re.IGNORECASE)  # the one word with digits


def heading_at(rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the heading among the first rows of a table, None where there is none."""
    top = rows_before_numbers(rows[:TOP])
    least = min(2, max(map(filled, rows[:TOP]), default=0))
    wide = [index for index, cells in enumerate(top) if filled(cells) >= least]
    best = max(wide, key=lambda index: (recognized(top[index]), index), default=None)
    if best is not None and recognized(top[best]):
        return best
    return unrecognized_heading(rows, wide)


def filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def rows_before_numbers(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    for index, cells in enumerate(rows):
        if begins_the_list(cells):
            return rows[:index]
    return rows


def begins_the_list(cells: Sequence[str]) -> bool:
    """A date, or the number of a customer behind its name, may still be part of a title."""
    first = next(filter(None, cells), "")
    return likeness(first) >= LIKELY or any(likeness(cell) == SURE for cell in cells)


def recognized(cells: Sequence[str]) -> int:
    """How many columns a row names, 0 for a row that is no heading."""
    if any(likeness(cell) >= LIKELY for cell in cells):
        return 0
    readings = [each for cell, each in zip(cells, readings_of(cells), strict=True) if cell]
    meanings = {each.meaning for each in readings if each.meaning}
    certain = sum(each.is_certain for each in readings)
    is_complete = certain == len(readings) > 1
    return len(meanings) + certain if "number" in meanings or is_complete else 0


def unrecognized_heading(rows: Sequence[Sequence[str]], wide: Sequence[int]) -> int | None:
    """The first row of words alone, where a column holds numbers further down but not there; where
    none does, a first row with a word that is known."""
    column = column_of_numbers(rows)
    for index in wide:
        cells = rows[index]
        if column is None:
            return index if is_words(cells) and names_a_column(cells) else None
        if is_words(cells) and begins_later(rows[index + 1 :], column):
            return index
        if column < len(cells) and likeness(cells[column]):
            return None
    return None


def names_a_column(cells: Sequence[str]) -> bool:
    return any(reading.is_certain for reading in readings_of(cells))


def column_of_numbers(rows: Sequence[Sequence[str]]) -> int | None:
    """The first column of which at least half the cells look like phone numbers."""
    width = most_common(map(len, rows))
    for index in range(width):
        content = content_of([row[index] for row in rows if index < len(row)])
        if content.likely and content.likely * 2 >= content.filled - 1:
            return index
    return None


def begins_later(rows: Sequence[Sequence[str]], column: int) -> bool:
    return any(column < len(cells) and likeness(cells[column]) > NO for cells in rows)


def is_words(cells: Sequence[str]) -> bool:
    return all(is_word(cell) for cell in cells if cell)


def is_word(cell: str) -> bool:
    return not DIGITS.search(E164.sub("", cell)) and any(map(str.isalpha, cell))
