"""Blocks of numbers that stand in one text: +4930123400-99, 0301234-00..99, +49 30 901820/21,
555-0100 to 0199, 01XX."""

import re
from dataclasses import dataclass

MOST_PLACES, MOST_NUMBERS = 4, 10_000  # the digits that differ, and how many numbers that makes
FULL_NUMBER = 7  # digits
# Between two numbers these can mean nothing but a range.
WORDS = "to|through|thru|until|bis|au|à|al|a|tot|t/m|ate|até|hasta"
CERTAIN = rf"\.{{2,}}|…|~|\b(?:{WORDS})\b"
ENDS = re.compile(
    rf"(?P<first>\+?[\d\s().\-/]*\d\)?)\s*(?P<sign>{CERTAIN}|-|/)\s*(?P<last>\+?[\d\s().\-/]*?\d)",
    re.IGNORECASE,
)
PLACES = re.compile(
    r"(?P<first>\+?[\d\s().\-/]*\d[\s.\-]?)(?P<places>[xX]{1,4}|\*{2,4}|#{2,4}|\?{1,4}|_{1,4})"
)


@dataclass(frozen=True)
class Block:
    """Both ends as written, the last one in full where it is written so, else its last digits.
    `is_certain`: the text can mean nothing else; a hyphen may also only separate digits."""

    first: str
    last: str
    is_certain: bool
    is_pair: bool = False  # written with a slash: these two, not those between them


def block_in(text: str) -> Block | None:
    """The block that `text` may mean, None where it is no block. Ends are not checked."""
    if match := PLACES.fullmatch(text):
        places = len(match["places"])
        return Block(match["first"] + "0" * places, "9" * places, is_certain=True)
    match = ENDS.fullmatch(text)
    if match is None:
        return None
    is_certain = match["sign"] not in ("-", "/") or is_whole(match["first"], match["last"])
    if not is_certain and not looks_like_a_block(match["first"], digits(match["last"])):
        return None
    return Block(match["first"].strip(), match["last"], is_certain, is_pair=match["sign"] == "/")


def digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def continues(first: str, last: str) -> bool:
    """Whether `last`, put over the end of `first`, comes after it."""
    places = len(last)
    return places <= MOST_PLACES and places < len(first) and last > first[-places:]


def is_whole(first: str, last: str) -> bool:
    """Whether `last` is written in full, as `first` is, and comes after it."""
    begin, end = digits(first), digits(last)
    is_number = last.startswith("+") or len(end) >= FULL_NUMBER
    return is_number and len(begin) == len(end) and begin < end


def looks_like_a_block(first: str, last: str) -> bool:
    """A hyphen between three or four digits, or not the only one, mostly separates groups of one
    number, unless these begin and end as blocks do."""
    begin = digits(first)
    is_aligned = begin.endswith("0") and last.endswith("9")
    is_short = len(last) < 3 and "-" not in first
    return continues(begin, last) and (is_short or is_aligned)


def last_number(first: str, last: str) -> str | None:
    """The digits of the last number, where `first` is a number in E.164 and `last` its whole digits
    or their end; None where `last` does not come after it."""
    places = len(last)
    if places < len(first) - 1 and continues(first[1:], last):
        return first[:-places] + last
    return None
