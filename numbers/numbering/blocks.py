"""Blocks of numbers that stand in one text: +4930123400-99, 0301234-00..99, +49 30 901820/21,
555-0100 to 0199, 01XX."""

import re
from dataclasses import dataclass

MAX_VARYING_DIGITS, MAX_RANGE_NUMBERS = (
    4,
    10_000,
)  # the digits that differ, and how many numbers that makes
MIN_FULL_NUMBER_DIGITS = 7  # digits
# Between two numbers these can mean nothing but a range.
RANGE_WORDS = "to|through|thru|until|bis|au|à|al|a|tot|t/m|ate|até|hasta"
CERTAIN_SEPARATORS = rf"\.{{2,}}|…|~|\b(?:{RANGE_WORDS})\b"
RANGE_PATTERN = re.compile(
    rf"(?P<first>\+?[\d\s().\-/]*\d\)?)\s*(?P<sign>{CERTAIN_SEPARATORS}|-|/)\s*(?P<last>\+?[\d\s().\-/]*?\d)",
    re.IGNORECASE,
)
WILDCARD_PATTERN = re.compile(
    r"(?P<first>\+?[\d\s().\-/]*\d[\s.\-]?)(?P<places>[xX]{1,4}|\*{2,4}|#{2,4}|\?{1,4}|_{1,4})"
)


@dataclass(frozen=True)
class NumberRange:
    """Both ends as written, the last one in full where it is written so, else its last digits.
    `is_certain`: the text can mean nothing else; a hyphen may also only separate digits."""

    first: str
    last: str
    is_certain: bool
    is_pair: bool = False  # written with a slash: these two, not those between them


def parse_number_range(text: str) -> NumberRange | None:
    """The block that `text` may mean, None where it is no block. Ends are not checked."""
    if match := WILDCARD_PATTERN.fullmatch(text):
        places = len(match["places"])
        return NumberRange(match["first"] + "0" * places, "9" * places, is_certain=True)
    match = RANGE_PATTERN.fullmatch(text)
    if match is None:
        return None
    is_certain = match["sign"] not in ("-", "/") or is_full_range_end(match["first"], match["last"])
    if not is_certain and not looks_like_number_range(
        match["first"], extract_digits(match["last"])
    ):
        return None
    return NumberRange(
        match["first"].strip(), match["last"], is_certain, is_pair=match["sign"] == "/"
    )


def extract_digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def is_range_continuation(first: str, last: str) -> bool:
    """Whether `last`, put over the end of `first`, comes after it."""
    places = len(last)
    return places <= MAX_VARYING_DIGITS and places < len(first) and last > first[-places:]


def is_full_range_end(first: str, last: str) -> bool:
    """Whether `last` is written in full, as `first` is, and comes after it."""
    begin, end = extract_digits(first), extract_digits(last)
    is_number = last.startswith("+") or len(end) >= MIN_FULL_NUMBER_DIGITS
    return is_number and len(begin) == len(end) and begin < end


def looks_like_number_range(first: str, last: str) -> bool:
    """A hyphen between three or four digits, or not the only one, mostly separates groups of one
    number, unless these begin and end as blocks do."""
    begin = extract_digits(first)
    is_aligned = begin.endswith("0") and last.endswith("9")
    is_short = len(last) < 3 and "-" not in first
    return is_range_continuation(begin, last) and (is_short or is_aligned)


def expand_last_number(first: str, last: str) -> str | None:
    """The digits of the last number, where `first` is a number in E.164 and `last` its whole digits
    or their end; None where `last` does not come after it."""
    places = len(last)
    if places < len(first) - 1 and is_range_continuation(first[1:], last):
        return first[:-places] + last
    return None
