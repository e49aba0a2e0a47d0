"""What stands before the lines of a pasted list: bullets, check boxes, quoting marks, numbering."""

import re
from dataclasses import dataclass

from organizations.text.rules import trimmed

DASHES = r"\-‐‑‒–—―−"  # within brackets of a pattern
BULLET = re.compile(
    r"(?:[•‣⁃◦●○▪▫■□►▶➢➤✓✔☐☑✗∙·*>§\uf0a7\uf0b7]|[①-⒛⓪❶-➓]|\d\ufe0f?\u20e3"
    rf"|[{DASHES}](?=[\s\[+])|o(?=\s+[+\d(])|\+(?=\s+\+)|\[[ xX✓✔]?\])\s*"
)
WRAPPED = re.compile(r"(\*\*|__|~~|`)(?P<text>.+)\1(?P<rest>.*)")  # as Markdown stresses a text
MOST_BULLETS = 10
NOTHING = re.compile(r"[\W_]*")  # a rule between rows, an empty item
PLUS = r"(?=[\"'(<\[]*(?:\+|00[1-9]|(?:tel|callto):))"
LETTER = r"(?=[\"'(\[]*[^\W\d_])"
CERTAIN = re.compile(
    rf"(?:\d{{1,5}}\.?\)|#\d{{1,5}}[.):]?\s|[A-Za-z]{{1,4}}\)|(?:\d{{1,5}}[.:]|[A-Za-z]\.)\s+{PLUS}"
    rf"|\(\d{{1,5}}\)\s*{PLUS})\s*"
)
DOTTED = re.compile(r"(?:(?P<n>\d{1,5})[.:]\s+|\((?P<m>\d{1,5})\)\s*)(?=\S)")
DOTS = re.compile(r"\d\.\s+\d")  # 1. 415. 555. 0100
BARE = re.compile(rf"(?P<n>\d{{1,5}})(?:\s*[\t;,|]\s*|\s+[{DASHES}]\s+|\s+(?:{PLUS}|{LETTER}))")


@dataclass(frozen=True)
class Numbering:
    """What may be the place of a line in its list. `value` is None where it can be nothing else."""

    kind: str
    value: int | None
    rest: str

    def follows(self, other: "Numbering | None") -> bool:
        same = other is not None and other.kind == self.kind and self.value is not None
        return same and other.value is not None and self.value == other.value + 1


def without_marks(lines: list[str]) -> list[str]:
    """The lines without what stands before them, which can leave nothing of one."""
    plain = [without_bullets(line) for line in lines]
    found = [numbering_of(line) for line in plain]
    first = 0  # value with which the present run of places began
    kept = []
    for place, (line, numbering) in enumerate(zip(plain, found, strict=True)):
        before = found[place - 1] if place else None
        after = found[place + 1] if place + 1 < len(found) else None
        is_next = numbering is not None and numbering.follows(before)
        if numbering and not is_next:
            first = numbering.value or 0
        goes_on = is_next or (after is not None and after.follows(numbering))
        kept.append(numbering.rest if numbering and is_place(numbering, first, goes_on) else line)
    return kept


def is_place(numbering: Numbering, first: int, goes_on: bool) -> bool:
    """`1. 030 901820` begins a list by itself; `7. 812 123-45-67` may be a number."""
    if numbering.kind == "bare":  # as room numbers are, which do not begin with 1
        return goes_on and first <= 1
    is_first = numbering.kind == "dotted" and numbering.value == 1
    return numbering.value is None or goes_on or (is_first and not DOTS.search(numbering.rest))


def without_bullets(line: str) -> str:
    line = trimmed(line)
    for _bullet in range(MOST_BULLETS):
        found = BULLET.match(line)
        if not found or WRAPPED.fullmatch(line):
            break
        line = line[found.end() :]
    if stressed := WRAPPED.fullmatch(line):
        line = f"{stressed['text']}{stressed['rest']}"
    return trimmed(line)


def numbering_of(line: str) -> Numbering | None:
    if found := CERTAIN.match(line):
        return Numbering("certain", None, line[found.end() :])
    if found := DOTTED.match(line):
        kind = "dotted" if found["n"] else "bracketed"
        return Numbering(kind, int(found["n"] or found["m"]), line[found.end() :])
    found = BARE.match(line)
    return Numbering("bare", int(found["n"]), line[found.end() :]) if found else None
