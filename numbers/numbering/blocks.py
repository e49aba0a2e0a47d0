"""Parsing of number ranges written in one text, such as +4930123400-99, 0301234-00..99, +49 30
901820/21, 555-0100 to 0199 and 01XX."""

import re
from dataclasses import dataclass

MAX_VARYING_DIGITS, MAX_RANGE_NUMBERS = (
    4,
    10_000,
)  # how many digits may vary, and how many numbers a range may have
MIN_FULL_NUMBER_DIGITS = 7  # digits
# Between two numbers, these words can only mean a range.
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
    """The first and last number of a range as written. `last` may be only the last digits.
    `is_certain` says that the text cannot mean anything else, whereas a hyphen may also separate
    groups of digits."""

    first: str
    last: str
    is_certain: bool
    is_pair: bool = False  # written with a slash, which means these two numbers only


def parse_number_range(text: str) -> NumberRange | None:
    """Returns the range that `text` may mean, or None if the text is not a range. The two numbers
    are not validated."""
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
    """Returns whether `last`, replacing the last digits of `first`, gives a higher number."""
    places = len(last)
    return places <= MAX_VARYING_DIGITS and places < len(first) and last > first[-places:]


def is_full_range_end(first: str, last: str) -> bool:
    """Returns whether `last` is written in full, with as many digits as `first`, and is higher."""
    begin, end = extract_digits(first), extract_digits(last)
    is_number = last.startswith("+") or len(end) >= MIN_FULL_NUMBER_DIGITS
    return is_number and len(begin) == len(end) and begin < end


def looks_like_number_range(first: str, last: str) -> bool:
    """Returns whether a hyphen or slash between `first` and `last` may mean a range. A hyphen
    before three or four digits, or one of several hyphens, usually separates groups of one number,
    unless the first number ends in 0 and the last in 9, as blocks do."""
    begin = extract_digits(first)
    is_aligned = begin.endswith("0") and last.endswith("9")
    is_short = len(last) < 3 and "-" not in first
    return is_range_continuation(begin, last) and (is_short or is_aligned)


def expand_last_number(first: str, last: str) -> str | None:
    """Returns the last number in E.164, where `first` is in E.164 and `last` holds its last digits.
    Returns None if `last` has too many digits for that or is not higher."""
    places = len(last)
    if places < len(first) - 1 and is_range_continuation(first[1:], last):
        return first[:-places] + last
    return None
