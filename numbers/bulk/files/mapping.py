"""Meanings that a user gave to the columns of a file, which replace the proposed ones."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from numbers.bulk.files.columns import IGNORED, Column
from numbers.bulk.files.unreadable import UnreadableFile
from numbers.bulk.files.vocabulary import COLUMN_MEANINGS

MAX_QUOTED_LENGTH = 60  # characters of a quoted name


def apply_column_mapping(columns: list[Column], mapping: Mapping[str, str]) -> list[Column]:
    """Returns the columns with the meanings of `mapping`, whose keys are headings or positions from
    1. Other columns keep a known meaning or are ignored. Raises UnreadableFile."""
    given = {find_column_index(columns, name): meaning for name, meaning in mapping.items()}
    ensure_known_meanings(given.values())
    ensure_unique_meanings(given.values())
    taken = set(given.values()) - {IGNORED}
    found = [apply_column_meaning(column, given, taken) for column in columns]
    ensure_number_column(found)
    return found


def apply_column_meaning(column: Column, given: Mapping[int, str], taken: set[str]) -> Column:
    if column.index in given:
        return replace(column, meaning=given[column.index], is_known=True)
    keeps = column.is_known and column.meaning not in taken
    return replace(column, meaning=column.meaning if keeps else IGNORED, is_known=True)


def find_column_index(columns: list[Column], name: str) -> int:
    for column in columns:
        if column.heading and fold_heading_case(column.heading) == fold_heading_case(name):
            return column.index
    position = name.strip()
    if position.isascii() and position.isdecimal() and 1 <= int(position[:9]) <= len(columns):
        return int(position) - 1
    words = _("The file has no column “%(name)s”. It has: %(columns)s.")
    raise UnreadableFile(
        words % {"name": name[:MAX_QUOTED_LENGTH], "columns": join_column_names(columns)}
    )


def join_column_names(columns: Iterable[Column]) -> str:
    """Returns the headings for use in a sentence, with the position of a column that has none."""
    return join_shortened_names(
        column.heading[:MAX_QUOTED_LENGTH] or str(column.index + 1) for column in columns
    )


def join_shortened_names(names: Iterable[str], most: int = 400) -> str:
    text = ", ".join(" ".join(name.split()) for name in names)
    return text if len(text) <= most else f"{text[:most]} …"


def fold_heading_case(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def ensure_known_meanings(meanings: Iterable[str]) -> None:
    for meaning in meanings:
        if meaning not in (IGNORED, *COLUMN_MEANINGS):
            words = _("A column cannot mean “%(name)s”. Use one of these: %(known)s.")
            given = {"name": str(meaning)[:MAX_QUOTED_LENGTH], "known": ", ".join(COLUMN_MEANINGS)}
            raise UnreadableFile(words % given)


def ensure_unique_meanings(meanings: Iterable[str]) -> None:
    for meaning, times in Counter(meanings).items():
        if meaning and times > 1:
            words = _("Only one column can mean “%(name)s”: choose one, and ignore the others.")
            raise UnreadableFile(words % {"name": meaning})


def ensure_number_column(columns: Iterable[Column]) -> None:
    if all(column.meaning != "number" for column in columns):
        raise UnreadableFile(
            _("No column holds the numbers. Map one of these columns to “number”: %(columns)s.")
            % {"columns": join_column_names(columns)}
        )
