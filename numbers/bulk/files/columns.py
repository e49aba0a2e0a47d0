"""The meaning of each column of a file, proposed by its heading and its content."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from numbers.bulk.files.content import LIKELY, WEAK, phone_number_likelihood
from numbers.bulk.files.headings import HeadingMeaning, excludes_numbers, heading_row_meanings
from numbers.bulk.files.vocabulary import COLUMN_MEANINGS

SAMPLE_COUNT, SAMPLE_LENGTH = 3, 60
IGNORED = ""
COUNTRY_CODE_PATTERN = re.compile(r"[A-Z]{2}")
UUID_PATTERN = re.compile(r"\{?[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column of a file. `index` counts from 0; `heading` is "" if there is none; `meaning` is
    one of COLUMN_MEANINGS, or "" for an ignored column. `is_known` says that nobody needs to
    confirm the meaning."""

    index: int
    heading: str
    samples: list[str]
    meaning: str = IGNORED
    is_known: bool = False


@dataclass(frozen=True)
class ColumnContent:
    """Statistics of the cells of one column, without empty ones."""

    filled: int
    likely: int  # cells that look like phone numbers
    score: float  # mean likelihood of the cells
    distinct: int
    wordy: int  # cells of words
    codes: int  # cells like "US"

    @property
    def is_numbers(self) -> bool:
        return self.likely * 2 >= self.filled > 0

    @property
    def is_words(self) -> bool:
        return self.wordy * 2 > self.filled and not self.is_codes

    @property
    def is_codes(self) -> bool:
        return self.codes == self.filled > 0


def propose_columns(names: Sequence[str] | None, data: Sequence[Sequence[str]]) -> list[Column]:
    """Returns the columns in the order of the file. `names` is the heading row or None, and `data`
    are the first rows below it."""
    width = table_width(names, data)
    headings = [*(names or [])[:width], *[""] * (width - len(names or []))]
    cells = [[row[index] for row in data if index < len(row)] for index in range(width)]
    columns = [
        Column(index, heading, collect_samples(cells[index]), is_known=not any(cells[index]))
        for index, heading in enumerate(headings)
    ]
    contents = [analyze_column_content(each) for each in cells]
    if names is None:
        return propose_by_content(columns, contents)
    return propose_by_heading(columns, contents, heading_row_meanings(headings))


def table_width(names: Sequence[str] | None, data: Sequence[Sequence[str]]) -> int:
    """Returns the number of columns. Cells beyond the heading row count only if most rows have
    them; otherwise a text with separators lacks its quotation marks."""
    if names is None:
        return median_width(filled_width(row) for row in data)
    widths = [filled_width(row) for row in data]
    unnamed = min(len(names), max(widths, default=0))
    beyond = median_width(widths) if len(data) > 1 else 0
    return max(filled_width(names), unnamed, beyond, 1)


def filled_width(row: Sequence[str]) -> int:
    return max((index for index, cell in enumerate(row, 1) if cell), default=0)


def median_width(widths: Iterable[int]) -> int:
    """Returns the smallest width that at least half of the rows do not exceed."""
    ordered = sorted(widths)
    return max(ordered[(len(ordered) - 1) // 2], 1) if ordered else 1


def collect_samples(cells: Iterable[str]) -> list[str]:
    found: list[str] = []
    for cell in cells:
        if cell and len(found) < SAMPLE_COUNT:
            found.append(cell[:SAMPLE_LENGTH])
    return found


def analyze_column_content(cells: Sequence[str]) -> ColumnContent:
    filled = [cell for cell in cells if cell]
    found = [phone_number_likelihood(cell) for cell in filled]
    return ColumnContent(
        filled=len(filled),
        likely=sum(each >= LIKELY for each in found),
        score=sum(found) / len(found) if found else 0,
        distinct=len(set(filled)),
        wordy=sum(
            each < WEAK and is_mostly_letters(cell)
            for each, cell in zip(found, filled, strict=True)
        ),
        codes=sum(bool(COUNTRY_CODE_PATTERN.fullmatch(cell)) for cell in filled),
    )


def is_mostly_letters(cell: str) -> bool:
    """Returns whether the cell is words, rather than a time or an id, which contain letters too."""
    cell = cell[:SAMPLE_LENGTH]
    letters, digits = sum(map(str.isalpha, cell)), sum(map(str.isdigit, cell))
    return letters > 0 and letters >= digits and not UUID_PATTERN.fullmatch(cell)


def propose_by_heading(
    columns: list[Column], contents: list[ColumnContent], readings: list[HeadingMeaning]
) -> list[Column]:
    """Gives each meaning to one column, that with the best heading. The number column is also
    chosen by content."""
    chosen = {"number": find_number_column(columns, contents, readings)}
    for meaning in COLUMN_MEANINGS[1:]:
        chosen[meaning] = best_heading_column(meaning, contents, readings)
    meanings = {index: meaning for meaning, index in chosen.items() if index is not None}
    return [
        propose_column_meaning(column, meanings.get(column.index, IGNORED), reading)
        for column, reading in zip(columns, readings, strict=True)
    ]


def best_heading_column(
    meaning: str, contents: list[ColumnContent], readings: list[HeadingMeaning]
) -> int | None:
    """Returns the column with the best heading for a meaning, preferring columns with content, or
    None."""
    named = [index for index, each in enumerate(readings) if each.meaning == meaning]
    return min(
        named, key=lambda index: (not contents[index].filled, readings[index].rank), default=None
    )


def propose_column_meaning(column: Column, meaning: str, reading: HeadingMeaning) -> Column:
    """Returns the column with its meaning. A column that lost its meaning to another one is not
    certain."""
    is_certain = reading.is_certain and reading.meaning == meaning
    return replace(column, meaning=meaning, is_known=column.is_known or is_certain)


def find_number_column(
    columns: list[Column], contents: list[ColumnContent], readings: list[HeadingMeaning]
) -> int | None:
    """Returns the number column by its heading, unless only cells of other columns look like phone
    numbers."""
    named = [index for index, each in enumerate(readings) if each.meaning == "number"]
    others = [
        index
        for index, content in enumerate(contents)
        if index not in named
        and not readings[index].meaning
        and content.is_numbers
        and not excludes_numbers(columns[index].heading)
    ]
    if not any(contents[index].is_numbers for index in named) and others:
        named = [*others, *(index for index in named if not contents[index].filled)]
    return max(
        named,
        key=lambda index: number_column_score(contents[index], readings[index], index),
        default=None,
    )


def number_column_score(content: ColumnContent, reading: HeadingMeaning, index: int) -> tuple:
    rank = reading.rank if reading.meaning == "number" else 100
    return (content.is_numbers, -rank, content.score, content.distinct, -index)


def propose_by_content(columns: list[Column], contents: list[ColumnContent]) -> list[Column]:
    """Proposes meanings of columns without headings: the one most like numbers is the number, and
    the first other one with words is the label."""
    order = sorted(
        columns,
        key=lambda each: number_column_score(contents[each.index], HeadingMeaning(), each.index),
    )
    number = order[-1].index
    others = [c for c in columns if c.index != number and contents[c.index].filled]
    label = find_label_column(others, contents)
    is_clear = not any(contents[each.index].is_numbers for each in others) and (
        contents[number].is_numbers
        or (not others and contents[number].wordy < contents[number].filled)
    )
    meanings = {number: "number"} | ({label: "label"} if label is not None else {})
    return [
        replace(
            each,
            meaning=meanings.get(each.index, IGNORED),
            is_known=each.is_known or (each.index in meanings and is_clear),
        )
        for each in columns
    ]


def find_label_column(others: list[Column], contents: list[ColumnContent]) -> int | None:
    """Returns the first column of words, or else the only other column. Country codes are not
    labels."""
    words = [each.index for each in others if contents[each.index].is_words]
    if words or len(others) != 1:
        return next(iter(words), None)
    only = contents[others[0].index]
    return None if only.is_numbers or only.is_codes else others[0].index
