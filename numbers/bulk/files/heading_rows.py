"""Recognition of the heading row, which is the first row or below a title."""

import re
from collections.abc import Sequence

from numbers.bulk.files.columns import analyze_column_content, median_width
from numbers.bulk.files.content import LIKELY, NO, SURE, phone_number_likelihood
from numbers.bulk.files.headings import heading_row_meanings

MAX_HEADING_ROWS = 20  # rows in which a heading is searched
TWO_DIGITS = re.compile(r"[0-9]{2}")
E164 = re.compile(r"\bE[. -]?164\b", re.IGNORECASE)  # the one heading word with digits


def find_heading_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Returns the index of the heading among the first rows of a table, or None."""
    top = rows_before_numbers(rows[:MAX_HEADING_ROWS])
    least = min(2, max(map(count_filled_cells, rows[:MAX_HEADING_ROWS]), default=0))
    wide = [index for index, cells in enumerate(top) if count_filled_cells(cells) >= least]
    best = max(wide, key=lambda index: (count_recognized_columns(top[index]), index), default=None)
    if best is not None and count_recognized_columns(top[best]):
        return best
    return find_unrecognized_heading(rows, wide)


def count_filled_cells(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def rows_before_numbers(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    for index, cells in enumerate(rows):
        if starts_number_list(cells):
            return rows[:index]
    return rows


def starts_number_list(cells: Sequence[str]) -> bool:
    """Returns whether the row begins a list of numbers. A date, or a customer's number after the
    name, may still be part of a title."""
    first = next(filter(None, cells), "")
    return phone_number_likelihood(first) >= LIKELY or any(
        phone_number_likelihood(cell) == SURE for cell in cells
    )


def count_recognized_columns(cells: Sequence[str]) -> int:
    """Returns how many columns the row names, or 0 if it is not a heading."""
    if any(phone_number_likelihood(cell) >= LIKELY for cell in cells):
        return 0
    readings = [each for cell, each in zip(cells, heading_row_meanings(cells), strict=True) if cell]
    meanings = {each.meaning for each in readings if each.meaning}
    certain = sum(each.is_certain for each in readings)
    is_complete = certain == len(readings) > 1
    return len(meanings) + certain if "number" in meanings or is_complete else 0


def find_unrecognized_heading(rows: Sequence[Sequence[str]], wide: Sequence[int]) -> int | None:
    """Returns the first row of words only, above a column that holds numbers further down. If no
    column does, returns a first row that has a known heading."""
    column = first_number_column(rows)
    for index in wide:
        cells = rows[index]
        if column is None:
            return index if is_words_only(cells) and names_known_column(cells) else None
        if is_words_only(cells) and has_numbers_below(rows[index + 1 :], column):
            return index
        if column < len(cells) and phone_number_likelihood(cells[column]):
            return None
    return None


def names_known_column(cells: Sequence[str]) -> bool:
    return any(reading.is_certain for reading in heading_row_meanings(cells))


def first_number_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Returns the first column of which at least half the cells look like phone numbers, or
    None."""
    width = median_width(map(len, rows))
    for index in range(width):
        content = analyze_column_content([row[index] for row in rows if index < len(row)])
        if content.likely and content.likely * 2 >= content.filled - 1:
            return index
    return None


def has_numbers_below(rows: Sequence[Sequence[str]], column: int) -> bool:
    return any(
        column < len(cells) and phone_number_likelihood(cells[column]) > NO for cells in rows
    )


def is_words_only(cells: Sequence[str]) -> bool:
    return all(is_heading_word(cell) for cell in cells if cell)


def is_heading_word(cell: str) -> bool:
    return not TWO_DIGITS.search(E164.sub("", cell)) and any(map(str.isalpha, cell))
