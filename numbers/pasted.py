"""A pasted list of numbers, as people have it: one on a line with its label, or many in a row."""

import re
from collections.abc import Iterator

from numbers.files.headings import looks_like_a_number

SEPARATOR = re.compile(r"[\t;,]")


def rows_of(text: str) -> Iterator[dict[str, str]]:
    """`number` and `label`; what is no number is checked later, with all others."""
    for line in filter(None, map(str.strip, text.splitlines())):
        yield from rows_of_line(line)


def rows_of_line(line: str) -> list[dict[str, str]]:
    """Behind the first separator stands its label, unless all of the parts are numbers."""
    parts = [part.strip() for part in SEPARATOR.split(line) if part.strip()]
    if len(parts) > 1 and all(map(looks_like_a_number, parts)):
        return [{"number": part} for part in parts]
    number, *label = (part.strip(' "') for part in SEPARATOR.split(line, maxsplit=1))
    return [{"number": number, "label": label[0] if label else ""}]
