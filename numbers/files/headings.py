"""Where the heading is: in the first row, or below words on what the table is about."""

import re

from numbers.files.columns import column_of, is_known

TOP = 10  # rows in which the heading is looked for
LONGEST_NUMBER = 100  # characters, with all that people put around and between the digits
# Possessive: what is no number is not tried again from each of its blanks.
NUMBER = re.compile(r"[\s'\"=]*+\+?[\d\s().\-/]{4,}+")
DATE = re.compile(r"[0-3]?\d([./])[01]?\d\1(19|20)?\d\d|(19|20)\d\d-[01]?\d-[0-3]?\d")


def heading_at(top: list[list[str]]) -> int:
    """The row of `top` that is surely the heading, else the first. What stands above is passed
    over: so no number may, and one word that is known does not make a heading of a wider table."""
    least = min(2, max(map(filled, top), default=0))
    for index, cells in enumerate(top):
        if begins_the_list(cells):
            break
        if filled(cells) >= least and is_all_known(cells):
            return index
    return 0


def filled(cells: list[str]) -> int:
    return sum(map(bool, cells))


def begins_the_list(cells: list[str]) -> bool:
    """A date, or the number of a customer behind its name, may still be part of a title."""
    numbers = [cell for cell in cells if looks_like_a_number(cell)]
    is_first = cells[0] in numbers and not DATE.fullmatch(cells[0])
    return is_first or any("+" in number for number in numbers)


def is_all_known(cells: list[str]) -> bool:
    return "number" in map(column_of, cells) and all(map(is_known, filter(None, cells)))


def looks_like_a_number(text: str) -> bool:
    return len(text) <= LONGEST_NUMBER and bool(NUMBER.fullmatch(text))
