"""The rows below the heading by column meaning, and recognition of rows that are not numbers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from numbers.bulk.files.columns import Column
from numbers.bulk.files.content import LIKELY, phone_number_likelihood
from numbers.bulk.files.faults import WHOLE_ROW, Fault, RawRow, fault_message
from numbers.bulk.files.headings import heading_row_meanings, split_heading_words
from numbers.bulk.files.vocabulary import TOTALS_WORDS

MIN_USUAL_LENGTH = 8  # characters; shorter cells are examined


@dataclass(frozen=True, slots=True)
class TableLine:
    """One row that is not empty, with its line number and its cells by meaning as stripped text.
    `surplus` is text beyond the last column. `faults` are translated sentences by meaning, or by ""
    for the whole row, on why a cell or the row cannot be read."""

    line: int
    cells: dict[str, str]
    surplus: str = ""
    faults: dict[str, str] = field(default_factory=dict)


class TableLines:
    """Iterates over the rows of a table. `repeated` collects the lines of repeated headings, which
    are skipped."""

    def __init__(
        self, rows: Iterable[RawRow], columns: Sequence[Column], heading: list[str] | None
    ):
        self.rows = rows
        self.columns = columns
        self.heading = heading
        self.places = [(each.index, each.meaning) for each in columns if each.meaning]
        self.meanings = dict(self.places)
        self.number = next((i for i, meaning in self.places if meaning == "number"), None)
        self.second_table = 0  # the line where a second table begins
        self.repeated: list[int] = []

    def __iter__(self) -> Iterator[TableLine]:
        width, places, number = len(self.columns), self.places, self.number
        for line, cells, faults in self.rows:
            count = len(cells)
            text = cells[number] if number is not None and number < count else ""
            if len(text) < MIN_USUAL_LENGTH or self.second_table or not text[-1].isdigit():
                if not any(cells) and not faults:
                    continue
                kind = self.kind_of(line, cells, text)
                if kind == "repeated":
                    continue
                if kind:
                    faults = {**faults, WHOLE_ROW: Fault(kind, str(self.second_table))}
            known = {meaning: cells[index] for index, meaning in places if index < count}
            surplus = next(filter(None, cells[width:]), "") if count > width else ""
            told = self.told(line, faults) if faults else {}
            if text or told or any(cells):
                yield TableLine(line, known, surplus, told)

    def told(self, line: int, faults: dict[int, Fault]) -> dict[str, str]:
        """Returns the faults as messages; those in ignored columns are skipped."""
        found = {}
        for index, fault in faults.items():
            if index == WHOLE_ROW:
                found[""] = fault_message(fault, line, 0, "")
            elif index in self.meanings:
                meaning = self.meanings[index]
                found[meaning] = fault_message(fault, line, index, meaning)
        return found

    def kind_of(self, line: int, cells: list[str], text: str) -> str:
        """Returns what the row is if it is not a number: a kind of fault, "repeated", or ""."""
        if self.second_table:
            return "second table"
        if phone_number_likelihood(text) >= LIKELY:
            return ""
        if self.is_heading(cells):
            return self.kind_of_heading(line, cells)
        return "total" if is_totals_row(cells) else ""

    def is_heading(self, cells: list[str]) -> bool:
        """Returns whether the row repeats the heading, or is another one by most of its words."""
        filled = [cell for cell in cells if cell]
        if self.heading and equal_ignoring_case(filled, filter(None, self.heading)):
            return True
        if any(phone_number_likelihood(cell) >= LIKELY for cell in filled):
            return False
        meanings = [each.meaning for each in heading_row_meanings(filled) if each.meaning]
        least = min(2, len([column for column in self.columns if column.meaning]))
        return "number" in meanings and len(meanings) >= max(least, len(filled) / 2)

    def kind_of_heading(self, line: int, cells: list[str]) -> str:
        if self.heading and equal_ignoring_case(filter(None, cells), filter(None, self.heading)):
            self.repeated.append(line)
            return "repeated"
        readings = enumerate(heading_row_meanings(cells))
        named = {index: each.meaning for index, each in readings if each.meaning}
        if any(self.meanings.get(index) != meaning for index, meaning in named.items()):
            self.second_table = line
            return "second table"
        if self.heading is None:
            return "heading"
        self.repeated.append(line)
        return "repeated"


def equal_ignoring_case(some: Iterable[str], others: Iterable[str]) -> bool:
    return [cell.casefold() for cell in some] == [cell.casefold() for cell in others]


def is_totals_row(cells: Iterable[str]) -> bool:
    """Returns whether a cell says "Total", alone or before a count."""
    return any(
        split_heading_words(cell)[:1] and split_heading_words(cell)[0] in TOTALS_WORDS
        for cell in cells
        if cell
    )
