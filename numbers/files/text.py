"""CSV as spreadsheets and people write it: commas, semicolons or tabs, in the usual encodings."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from numbers.files.columns import column_of, is_heading
from numbers.files.headings import TOP, heading_at, looks_like_a_number
from numbers.files.unreadable import Unreadable

SEPARATORS = "\t;,"
SAMPLE, SAMPLE_LENGTH = 20, 20_000  # lines, characters
# How an export keeps a spreadsheet from calculating a text.
APOSTROPHE = re.compile(r"^'(?='*[=+\-@])")
SAID_BY_EXCEL = re.compile(r"sep=([\t;,])")  # its own first line


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each with the line on which it begins, from 1. Raises Unreadable."""
    text = decoded(data)
    lines = text[:SAMPLE_LENGTH].splitlines()
    skip = 1 if lines and SAID_BY_EXCEL.fullmatch(lines[0].strip(' "')) else 0
    separator = lines[0].strip(' "')[4] if skip else separator_of(lines[:SAMPLE])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for _line in range(skip):
        next(reader)
    begins = skip + 1
    try:
        for cells in reader:
            yield begins, [APOSTROPHE.sub("", cell.strip()) for cell in cells]
            begins = reader.line_num + 1
    except csv.Error:
        raise Unreadable(
            _("In line %(line)d a quotation mark opens and does not close before a separator.")
            % {"line": begins}
        ) from None


def decoded(data: bytes) -> str:
    """Raises Unreadable for what is no text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return strictly(data, "utf-16")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = strictly(data, "cp1252") if is_latin(data) else strictly(data, "latin-1")
    if "\x00" in text:
        raise Unreadable(_("This is neither CSV nor an Excel file (.xlsx)."))
    return text


def is_latin(data: bytes) -> bool:
    """Windows' Latin leaves five bytes out; Latin-1 has a meaning for each."""
    return not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data)


def strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(_("The text is damaged: save the file again as CSV UTF-8.")) from None


def is_old(data: bytes) -> bool:
    """Whether the file is read as Latin-1, as it is neither UTF-8 nor UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def separator_of(sample: list[str]) -> str:
    """What divides the heading into known words, or most lines behind their number."""
    return max(SEPARATORS, key=lambda separator: likeliness(sample, separator))


def likeliness(sample: list[str], separator: str) -> tuple[int, int]:
    rows = [[cell.strip(' "') for cell in line.split(separator)] for line in sample]
    rows = [cells for cells in rows if any(cells)]
    fitting = [cells for cells in rows if len(cells) > 1 and looks_like_a_number(cells[0])]
    return known_words(rows[:TOP]), len(fitting)


def known_words(top: list[list[str]]) -> int:
    """In the heading, if the separator divides it."""
    heading = top[heading_at(top)] if top else []
    is_divided = len(heading) > 1 and is_heading(heading)
    return sum(map(bool, map(column_of, heading))) if is_divided else 0
