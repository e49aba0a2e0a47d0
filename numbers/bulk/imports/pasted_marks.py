"""Bullets, check boxes, quote marks and numbering at the start of lines of a pasted list."""

import re
from dataclasses import dataclass

from organizations.text.rules import trim_text

DASHES = r"\-‐‑‒–—―−"  # for a character class
BULLET_PATTERN = re.compile(
    r"(?:[•‣⁃◦●○▪▫■□►▶➢➤✓✔☐☑✗∙·*>§\uf0a7\uf0b7]|[①-⒛⓪❶-➓]|\d\ufe0f?\u20e3"
    rf"|[{DASHES}](?=[\s\[+])|o(?=\s+[+\d(])|\+(?=\s+\+)|\[[ xX✓✔]?\])\s*"
)
EMPHASIS_PATTERN = re.compile(r"(\*\*|__|~~|`)(?P<text>.+)\1(?P<rest>.*)")  # Markdown emphasis
MAX_BULLETS = 10
BLANK_LINE_PATTERN = re.compile(r"[\W_]*")  # a line between rows, an empty item
BEFORE_PLUS = r"(?=[\"'(<\[]*(?:\+|00[1-9]|(?:tel|callto):))"
BEFORE_LETTER = r"(?=[\"'(\[]*[^\W\d_])"
CERTAIN_NUMBERING = re.compile(
    rf"(?:\d{{1,5}}\.?\)|#\d{{1,5}}[.):]?\s|[A-Za-z]{{1,4}}\)|(?:\d{{1,5}}[.:]|[A-Za-z]\.)\s+{BEFORE_PLUS}"
    rf"|\(\d{{1,5}}\)\s*{BEFORE_PLUS})\s*"
)
DOTTED_NUMBERING = re.compile(r"(?:(?P<n>\d{1,5})[.:]\s+|\((?P<m>\d{1,5})\)\s*)(?=\S)")
DOTTED_DIGITS = re.compile(r"\d\.\s+\d")  # 1. 415. 555. 0100
BARE_NUMBERING = re.compile(
    rf"(?P<n>\d{{1,5}})(?:\s*[\t;,|]\s*|\s+[{DASHES}]\s+|\s+(?:{BEFORE_PLUS}|{BEFORE_LETTER}))"
)


@dataclass(frozen=True)
class ListNumbering:
    """What may be the number of a line in its list. `value` is None if it cannot be anything
    else."""

    kind: str
    value: int | None
    rest: str

    def follows(self, other: "ListNumbering | None") -> bool:
        same = other is not None and other.kind == self.kind and self.value is not None
        return same and other.value is not None and self.value == other.value + 1


def strip_list_marks(lines: list[str]) -> list[str]:
    """Returns the lines without their list marks, which may leave an empty line."""
    plain = [strip_bullets(line) for line in lines]
    found = [parse_list_numbering(line) for line in plain]
    first = 0  # the value that the current sequence began with
    kept = []
    for place, (line, numbering) in enumerate(zip(plain, found, strict=True)):
        before = found[place - 1] if place else None
        after = found[place + 1] if place + 1 < len(found) else None
        is_next = numbering is not None and numbering.follows(before)
        if numbering and not is_next:
            first = numbering.value or 0
        goes_on = is_next or (after is not None and after.follows(numbering))
        kept.append(
            numbering.rest if numbering and is_list_numbering(numbering, first, goes_on) else line
        )
    return kept


def is_list_numbering(numbering: ListNumbering, first: int, goes_on: bool) -> bool:
    """Returns whether the number is list numbering: `1. 030 901820` begins a list by itself, but
    `7. 812 123-45-67` may be a phone number."""
    if numbering.kind == "bare":  # room numbers look like this, but do not begin with 1
        return goes_on and first <= 1
    is_first = numbering.kind == "dotted" and numbering.value == 1
    return (
        numbering.value is None
        or goes_on
        or (is_first and not DOTTED_DIGITS.search(numbering.rest))
    )


def strip_bullets(line: str) -> str:
    line = trim_text(line)
    for _bullet in range(MAX_BULLETS):
        found = BULLET_PATTERN.match(line)
        if not found or EMPHASIS_PATTERN.fullmatch(line):
            break
        line = line[found.end() :]
    if stressed := EMPHASIS_PATTERN.fullmatch(line):
        line = f"{stressed['text']}{stressed['rest']}"
    return trim_text(line)


def parse_list_numbering(line: str) -> ListNumbering | None:
    if found := CERTAIN_NUMBERING.match(line):
        return ListNumbering("certain", None, line[found.end() :])
    if found := DOTTED_NUMBERING.match(line):
        kind = "dotted" if found["n"] else "bracketed"
        return ListNumbering(kind, int(found["n"] or found["m"]), line[found.end() :])
    found = BARE_NUMBERING.match(line)
    return ListNumbering("bare", int(found["n"]), line[found.end() :]) if found else None
