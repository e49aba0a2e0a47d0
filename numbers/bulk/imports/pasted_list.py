"""Parsing of a pasted list of numbers, as people have them: one per line with its label after or
before it, several in a row, with bullets and numbering, or as a table. Text that is not a number
becomes a row as well, which the import rejects later with a reason, so no entry of the list is
lost."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from numbers.bulk.files.headings import heading_row_meanings
from numbers.bulk.imports.pasted_marks import BLANK_LINE_PATTERN, strip_list_marks
from numbers.bulk.imports.pasted_pieces import (
    MIN_DIGITS,
    PastedPiece,
    classify_pieces,
    contains_certain_number,
    plural_heading_meaning,
    strip_label_quotes,
)

PastedRow = dict[str, str]
TEL_URI = r"(?:tel|callto):[^\s,|<>\"')\]]+"  # its parameters are separated by semicolons
PART_PATTERN = re.compile(rf"(?:{TEL_URI}|[^\t;,])+", re.IGNORECASE)
PIPE_CELL_PATTERN = re.compile(r"[^|]+")
WORD_PATTERN = re.compile(r"[^\s;,|]+")
# Most lines are like this one, which the rest of this module would split the same way: a number,
# and a label after it.
PLAIN_LINE_PATTERN = re.compile(
    r"(?P<number>\+\d[\d ().-]{5,30}\d)\s*(?:[\t;,](?P<label>[^+\"|]*))?"
)
COMPLEX_LABEL_PATTERN = re.compile(rf"(?:\D*\d){{{MIN_DIGITS}}}|.*(?:tel|callto):", re.IGNORECASE)
E164 = re.compile(r"\bE[. -]?164\b", re.IGNORECASE)  # the one name with digits
MAX_LINES = 150_000  # lines, and parts of a line; more than the rows of an import
MAX_HEADING_LENGTH, MAX_ROW_LENGTH = 300, 3_000


@dataclass(frozen=True)
class PastedTable:
    """A heading, which names the columns of the lines below it."""

    separator: str
    columns: list[str]


def parse_pasted_rows(text: str) -> Iterator[PastedRow]:
    """Yields rows with `number`, `label` and other columns of a heading, by the names of
    numbers.bulk.files.columns. A list that is far too long is only split into words, which give
    more rows than an import accepts."""
    table = None
    lines = [line for line in text.splitlines() if not BLANK_LINE_PATTERN.fullmatch(line)]
    if len(lines) > MAX_LINES or any(map(has_too_many_parts, lines)):
        yield from ({"number": found[0]} for found in WORD_PATTERN.finditer(text))
        return
    for line in strip_list_marks(lines):
        if heading := parse_table_heading(line):
            table = heading
        elif table and (row := parse_table_row(line, table)):
            yield row
        else:
            yield from parse_pasted_line(line)


def has_too_many_parts(line: str) -> bool:
    return len(line) > MAX_LINES and sum(map(line.count, "\t;,|+")) > MAX_LINES


def parse_table_heading(line: str) -> PastedTable | None:
    """Returns the table that the line is a heading of, or None. Parts may be empty, but all others
    must be known."""
    if len(line) > MAX_HEADING_LENGTH or re.search(r"[0-9]{3}", E164.sub("", line)):
        return None
    separator = "|" if "|" in line else next((c for c in "\t;," if c in line), ",")
    cells = [cell.strip(' ":*_') for cell in split_table_cells(line, separator)]
    columns = [plural_heading_meaning(cell) for cell in cells]
    others = [cell for cell, column in zip(cells, columns, strict=True) if cell and not column]
    known = "number" in columns and all(each.is_certain for each in heading_row_meanings(others))
    return PastedTable(separator, columns) if known else None


def split_table_cells(line: str, separator: str) -> list[str]:
    if separator == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def parse_table_row(line: str, table: PastedTable) -> PastedRow | None:
    """Returns the row, or None if the line does not match the heading because it has no number in
    its column or several numbers."""
    cells = split_table_cells(line, table.separator) if len(line) <= MAX_ROW_LENGTH else []
    if len(cells) > len(table.columns) or len(cells) < 2:
        return None
    row = {name: cell for name, cell in zip(table.columns, cells, strict=False) if name and cell}
    others = (cell for name, cell in row.items() if name != "number")
    return row if "number" in row and not any(map(contains_certain_number, others)) else None


def parse_pasted_line(line: str) -> list[PastedRow]:
    """Returns at least one row. If nothing looks like a number, the first part is taken as the
    number."""
    plain = PLAIN_LINE_PATTERN.fullmatch(line)
    if plain and not COMPLEX_LABEL_PATTERN.match(plain["label"] or ""):
        return [{"number": plain["number"], "label": strip_label_quotes(plain["label"] or "")}]
    pattern = PIPE_CELL_PATTERN if is_pipe_separated(line) else PART_PATTERN
    found = [(part.start(), strip_label_quotes(part[0])) for part in pattern.finditer(line)]
    found = [(start, part) for start, part in found if part]
    if not found:  # only invisible characters
        return []
    pieces = classify_pieces([part for _start, part in found])
    if sum(piece.is_number for piece in pieces) > 1:
        return pair_numbers_with_labels(pieces)
    if pieces[0].is_number and pieces[0].text == found[0][1]:
        rest = line[found[1][0] :] if len(found) > 1 else ""
        return [{"number": pieces[0].text, "label": strip_label_quotes(rest.rstrip("|"))}]
    number = next(piece.text for piece in pieces if piece.is_number)
    label = join_labels([piece.text for piece in pieces if not piece.is_number])
    return [{"number": number, "label": label}]


def is_pipe_separated(line: str) -> bool:
    """Returns whether pipes separate the parts, rather than commas with a pipe between them."""
    return bool(re.match(r"[^\t;,]*\|", line))


def pair_numbers_with_labels(pieces: list[PastedPiece]) -> list[PastedRow]:
    """Pairs each number with the labels after it, or before it if the line begins with a label."""
    before = not pieces[0].is_number
    rows: list[PastedRow] = []
    waiting: list[str] = []
    for piece in pieces:
        if piece.is_number:
            rows.append({"number": piece.text, "label": join_labels(waiting)})
            waiting = []
        elif before:
            waiting.append(piece.text)
        else:
            rows[-1]["label"] = join_labels([rows[-1]["label"], piece.text])
    rows[-1]["label"] = join_labels([rows[-1]["label"], *waiting])
    return rows


def join_labels(texts: list[str]) -> str:
    return ", ".join(filter(None, texts))
