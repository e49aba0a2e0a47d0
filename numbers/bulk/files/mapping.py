"""The meanings that somebody gave to the columns of a file, in place of the proposed ones."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from numbers.bulk.files.columns import IGNORED, Column
from numbers.bulk.files.unreadable import Unreadable
from numbers.bulk.files.vocabulary import MEANINGS

LONGEST_NAME = 60  # of what is quoted


def mapped(columns: list[Column], mapping: Mapping[str, str]) -> list[Column]:
    """The columns with the meanings of `mapping`, which names them by heading or by position from
    1. Others keep theirs where it is known, else they are ignored. Raises Unreadable."""
    given = {index_of(columns, name): meaning for name, meaning in mapping.items()}
    refuse_unknown(given.values())
    refuse_repeated(given.values())
    taken = set(given.values()) - {IGNORED}
    found = [given_or_kept(column, given, taken) for column in columns]
    refuse_numberless(found)
    return found


def given_or_kept(column: Column, given: Mapping[int, str], taken: set[str]) -> Column:
    if column.index in given:
        return replace(column, meaning=given[column.index], is_known=True)
    keeps = column.is_known and column.meaning not in taken
    return replace(column, meaning=column.meaning if keeps else IGNORED, is_known=True)


def index_of(columns: list[Column], name: str) -> int:
    for column in columns:
        if column.heading and folded(column.heading) == folded(name):
            return column.index
    position = name.strip()
    if position.isascii() and position.isdecimal() and 1 <= int(position[:9]) <= len(columns):
        return int(position) - 1
    words = _("The file has no column “%(name)s”. It has: %(columns)s.")
    raise Unreadable(words % {"name": name[:LONGEST_NAME], "columns": names_of(columns)})


def names_of(columns: Iterable[Column]) -> str:
    """Headings, for a sentence; a column without one by its position."""
    return shortened(column.heading[:LONGEST_NAME] or str(column.index + 1) for column in columns)


def shortened(names: Iterable[str], most: int = 400) -> str:
    text = ", ".join(" ".join(name.split()) for name in names)
    return text if len(text) <= most else f"{text[:most]} …"


def folded(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def refuse_unknown(meanings: Iterable[str]) -> None:
    for meaning in meanings:
        if meaning not in (IGNORED, *MEANINGS):
            words = _("A column cannot mean “%(name)s”. Use one of these: %(known)s.")
            given = {"name": str(meaning)[:LONGEST_NAME], "known": ", ".join(MEANINGS)}
            raise Unreadable(words % given)


def refuse_repeated(meanings: Iterable[str]) -> None:
    for meaning, times in Counter(meanings).items():
        if meaning and times > 1:
            words = _("Only one column can mean “%(name)s”: choose one, and ignore the others.")
            raise Unreadable(words % {"name": meaning})


def refuse_numberless(columns: Iterable[Column]) -> None:
    if all(column.meaning != "number" for column in columns):
        raise Unreadable(
            _("No column holds the numbers. Map one of these columns to “number”: %(columns)s.")
            % {"columns": names_of(columns)}
        )
