"""A pasted list of numbers, as people have it: one on a line with its label behind or before it,
many in a row, with bullets and numbering, or as a table. What is no number stays a row, which is
refused by name later with all others, so that nothing of the list is lost."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from numbers.bulk.files.headings import readings_of
from numbers.bulk.imports.pasted_marks import NOTHING, without_marks
from numbers.bulk.imports.pasted_pieces import (
    SHORTEST,
    Piece,
    holds_a_number,
    pieces_of,
    singular,
    unquoted,
)

Row = dict[str, str]
TEL = r"(?:tel|callto):[^\s,|<>\"')\]]+"  # its parameters are divided by semicolons
PART = re.compile(rf"(?:{TEL}|[^\t;,])+", re.IGNORECASE)
CELL = re.compile(r"[^|]+")
WORD = re.compile(r"[^\s;,|]+")
# Most lines, and what the rest of this module would make of them: a number and a label after it.
PLAIN = re.compile(r"(?P<number>\+\d[\d ().-]{5,30}\d)\s*(?:[\t;,](?P<label>[^+\"|]*))?")
CANNOT_BE_PLAIN = re.compile(rf"(?:\D*\d){{{SHORTEST}}}|.*(?:tel|callto):", re.IGNORECASE)
E164 = re.compile(r"\bE[. -]?164\b", re.IGNORECASE)  # the one name with digits
MOST = 150_000  # lines, and parts of a line: more than an import has rows
LONGEST_HEADING, LONGEST_ROW = 300, 3_000


@dataclass(frozen=True)
class Table:
    """What a heading says of the lines below it."""

    separator: str
    columns: list[str]


def rows_of(text: str) -> Iterator[Row]:
    """`number` and `label`, and what else a heading names, by the names of
    numbers.bulk.files.columns. A list with far more than an import takes is not understood: it
    becomes more rows than that."""
    table = None
    lines = [line for line in text.splitlines() if not NOTHING.fullmatch(line)]
    if len(lines) > MOST or any(map(has_too_many_parts, lines)):
        yield from ({"number": found[0]} for found in WORD.finditer(text))
        return
    for line in without_marks(lines):
        if heading := table_of(line):
            table = heading
        elif table and (row := row_of_table(line, table)):
            yield row
        else:
            yield from rows_of_line(line)


def has_too_many_parts(line: str) -> bool:
    return len(line) > MOST and sum(map(line.count, "\t;,|+")) > MOST


def table_of(line: str) -> Table | None:
    """None for a line that is no heading. Parts may be empty, but each other one is known."""
    if len(line) > LONGEST_HEADING or re.search(r"[0-9]{3}", E164.sub("", line)):
        return None
    separator = "|" if "|" in line else next((c for c in "\t;," if c in line), ",")
    cells = [cell.strip(' ":*_') for cell in cells_of(line, separator)]
    columns = [singular(cell) for cell in cells]
    others = [cell for cell, column in zip(cells, columns, strict=True) if cell and not column]
    known = "number" in columns and all(each.is_certain for each in readings_of(others))
    return Table(separator, columns) if known else None


def cells_of(line: str, separator: str) -> list[str]:
    if separator == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def row_of_table(line: str, table: Table) -> Row | None:
    """None where the line is not as its heading says: no number in its place, or more than one."""
    cells = cells_of(line, table.separator) if len(line) <= LONGEST_ROW else []
    if len(cells) > len(table.columns) or len(cells) < 2:
        return None
    row = {name: cell for name, cell in zip(table.columns, cells, strict=False) if name and cell}
    others = (cell for name, cell in row.items() if name != "number")
    return row if "number" in row and not any(map(holds_a_number, others)) else None


def rows_of_line(line: str) -> list[Row]:
    """At least one: where nothing looks like a number, the first part stands for it."""
    plain = PLAIN.fullmatch(line)
    if plain and not CANNOT_BE_PLAIN.match(plain["label"] or ""):
        return [{"number": plain["number"], "label": unquoted(plain["label"] or "")}]
    pattern = CELL if is_piped(line) else PART
    found = [(part.start(), unquoted(part[0])) for part in pattern.finditer(line)]
    found = [(start, part) for start, part in found if part]
    if not found:  # invisible characters alone
        return []
    pieces = pieces_of([part for _start, part in found])
    if sum(piece.is_number for piece in pieces) > 1:
        return labelled(pieces)
    if pieces[0].is_number and pieces[0].text == found[0][1]:
        rest = line[found[1][0] :] if len(found) > 1 else ""
        return [{"number": pieces[0].text, "label": unquoted(rest.rstrip("|"))}]
    number = next(piece.text for piece in pieces if piece.is_number)
    label = joined([piece.text for piece in pieces if not piece.is_number])
    return [{"number": number, "label": label}]


def is_piped(line: str) -> bool:
    """Whether pipes divide it, and not commas between which one happens to stand."""
    return bool(re.match(r"[^\t;,]*\|", line))


def labelled(pieces: list[Piece]) -> list[Row]:
    """Each number with the labels behind it; before it, where the line begins with a label."""
    before = not pieces[0].is_number
    rows: list[Row] = []
    waiting: list[str] = []
    for piece in pieces:
        if piece.is_number:
            rows.append({"number": piece.text, "label": joined(waiting)})
            waiting = []
        elif before:
            waiting.append(piece.text)
        else:
            rows[-1]["label"] = joined([rows[-1]["label"], piece.text])
    rows[-1]["label"] = joined([rows[-1]["label"], *waiting])
    return rows


def joined(texts: list[str]) -> str:
    return ", ".join(filter(None, texts))
