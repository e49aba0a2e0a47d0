"""Splitting of the parts of a line into numbers and labels, guided by what certainly is a
number."""

import re
from dataclasses import dataclass

import phonenumbers

from numbers.bulk.files.headings import heading_meaning, looks_like_number
from numbers.bulk.imports.pasted_marks import DASHES
from organizations.text.rules import trim_text

DATE = re.compile(r"[0-3]?\d([./])[01]?\d\1(19|20)?\d\d|(19|20)\d\d-[01]?\d-[0-3]?\d")
MAX_PART_LENGTH = 300  # characters of a part in which a number without a plus is searched
MIN_DIGITS_WITH_PLUS = 5  # digits of a number with a plus
MAX_NUMBER_CHARACTERS = 40  # of a number with a plus
MIN_DIGITS = 7  # digits of a number without a plus; room and desk numbers have fewer
MIN_DIGITS_BESIDE_PLUS = 10  # digits of a number without a plus beside one with a plus
NUMBER_PUNCTUATION = rf"()./·{DASHES}"
TEL_URI = r"(?:tel|callto):(?=[+\d(])[^\s,|<>\"')\]]+"
# A plus begins a number anywhere; 00 does so only at the start of a part.
NUMBER_START = re.compile(rf"\b{TEL_URI}|(?:(?<=[\s(<\[\"'/&:])|^)\(?\+[\s(]*\d", re.IGNORECASE)
DOUBLE_ZERO_START = re.compile(r"\(?00[\s-]*[1-9]")
DIGIT = re.compile(r"\d")
TOKEN = re.compile(r"[^\s:=]+|[:=]+")
NUMBER_TOKEN = re.compile(rf"[\d+{NUMBER_PUNCTUATION}]+")
ORDINAL = re.compile(r"\s*\(?\d+(?:st|nd|rd|th|er|e|ème|º|ª|\.)\b", re.IGNORECASE)
LABEL_START = re.compile(rf"\s*[(\[:|=]\s*[^\W\d]|\s+[{DASHES}]\s+[^\W\d]")
RANGE_WORDS = rf"[{DASHES}~…]|\.\.+|to|bis|through|thru|until|till|à|al|tot|até|hasta"
RANGE_SEPARATOR = re.compile(rf"\s*(?:{RANGE_WORDS})\s*", re.IGNORECASE)
# What belongs to the number before it, such as an extension or the end of a range.
NUMBER_CONTINUATION = re.compile(
    r"\s*\(?(?:(?:ext|extn|extension|x|durchwahl|dw|poste|int|interno|anexo|#)[\s.:]*"
    rf"|(?:{RANGE_WORDS})\s*)\d",
    re.IGNORECASE,
)
PLURAL_ENDINGS = ("", "s", "n", "es", "en")
JOINING_CHARACTERS = " \t:=|" + DASHES.replace("\\", "")
CONJUNCTIONS = frozenset(
    {*("and", "or", "und", "oder", "et", "ou", "y", "o", "e", "ed", "en", "of"), "&", "/"}
)
LABEL_COLON_NUMBER = re.compile(r"(?P<label>.*[^\W\d_][^:=]*?)\s*[:=]\s*(?P<number>\(?\d.*)")
LABEL_THEN_NUMBER = re.compile(r"(?P<label>[^\d+]*[^\W\d_][^\d+]*?)\s+(?P<number>\(?\d.*)")


@dataclass(frozen=True)
class PastedPiece:
    is_number: bool
    text: str


def classify_pieces(parts: list[str]) -> list[PastedPiece]:
    """Returns the pieces in order. If no number begins with a plus, parts with enough digits are
    numbers; otherwise the first part that looks like a number, or the first part, is."""
    parts = join_country_code(parts)
    found = [split_certain_numbers(part) for part in parts]
    if any(piece.is_number for pieces in found for piece in pieces):
        for place, part in enumerate(parts):
            if found[place] == [PastedPiece(False, part)] and is_probable_companion_number(part):
                found[place] = [PastedPiece(True, part)]
        return [piece for pieces in found for piece in pieces]
    weak = [piece for part in parts for piece in split_probable_numbers(part)]
    if any(piece.is_number for piece in weak):
        return weak
    likely = next((place for place, part in enumerate(parts) if looks_like_number(part)), 0)
    return [PastedPiece(place == likely, part) for place, part in enumerate(parts)]


def join_country_code(parts: list[str]) -> list[str]:
    """Joins a country code in a column of its own with the number after it."""
    for place, part in enumerate(parts[:-1]):
        if re.fullmatch(r"\(?\+\d{1,3}\)?", part) and re.match(r"\(?\d", parts[place + 1]):
            return [*parts[:place], f"{part} {parts[place + 1]}", *parts[place + 2 :]]
    return parts


def contains_certain_number(text: str) -> bool:
    """Returns whether the text contains a number that begins with a plus or an equivalent."""
    return any(piece.is_number for piece in split_certain_numbers(text))


def split_certain_numbers(part: str) -> list[PastedPiece]:
    """Splits the part at the numbers that are certain; without any, the whole part is a label."""
    if "+" not in part and ":" not in part and "00" not in part[:3]:
        return [PastedPiece(False, part)]
    starts = [found.start() for found in NUMBER_START.finditer(part)]
    starts = [
        start
        for start in starts
        if count_digits(part[start : start + MAX_NUMBER_CHARACTERS]) >= MIN_DIGITS_WITH_PLUS
    ]
    if not starts and DOUBLE_ZERO_START.match(part) and count_digits(part) >= MIN_DIGITS:
        starts = [0]
    if not starts:
        return [PastedPiece(False, part)]
    found, range_so_far = parse_label_pieces(part[: starts[0]]), ""
    for start, end in zip(starts, [*starts[1:], len(part)], strict=True):
        text = part[start:end]
        close = find_number_end(text)
        if end < len(part) and RANGE_SEPARATOR.fullmatch(text[close:]):
            range_so_far += text
            continue
        found += [
            PastedPiece(True, strip_number_brackets(range_so_far + text[:close])),
            *parse_label_pieces(text[close:]),
        ]
        range_so_far = ""
    return found


def split_probable_numbers(part: str) -> list[PastedPiece]:
    """Splits a part of a line in which no number has a plus."""
    if len(part) > MAX_PART_LENGTH or count_digits(part) < MIN_DIGITS:
        return [PastedPiece(False, part)]
    for pattern in (LABEL_COLON_NUMBER, LABEL_THEN_NUMBER):
        found = pattern.fullmatch(part)
        if found and is_long_number(found["number"]):
            return [
                *parse_label_pieces(found["label"]),
                PastedPiece(True, strip_number_brackets(found["number"])),
            ]
    if re.match(r"\(?\d", part) and is_long_number(part[: (end := find_number_end(part))]):
        return [
            PastedPiece(True, strip_number_brackets(part[:end])),
            *parse_label_pieces(part[end:]),
        ]
    return [PastedPiece(False, part)]


def find_number_end(text: str) -> int:
    """Returns where the number at the beginning of `text` ends. What cannot be separated from it,
    such as an extension, the end of a range or letters among its digits, stays part of it and is
    rejected with it."""
    if url := re.match(TEL_URI, text, re.IGNORECASE):
        return url.end()
    start, end = 0, 0  # of the last group of digits
    for token in TOKEN.finditer(text):
        if not NUMBER_TOKEN.fullmatch(token[0]):
            return (
                end if is_separate_label(text[:start], text[start:end], text[end:]) else len(text)
            )
        if re.search(r"\d", token[0]):
            start, end = token.span()
    return end


def is_separate_label(groups: str, last: str, rest: str) -> bool:
    """Returns whether `rest` is a label after the number whose last group is `last`. Examples
    without a label are 01XX, (24 h), 24/7 hotline, 12 desks and 0100 to 0199."""
    inner = f"{groups}{last}".removeprefix("(")
    if not last or inner.count("(") > inner.count(")") or NUMBER_CONTINUATION.match(rest):
        return False
    if ORDINAL.match(rest) or LABEL_START.match(rest):
        return True
    if re.match(r"\s*\(?[\d+]", rest) or "/" in last:
        return False
    return count_digits(last) > 2 or not can_number_end(groups)


def can_number_end(groups: str) -> bool:
    """Returns whether the number may end before a short group of digits, which is then part of a
    label."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(groups, None))
    except phonenumbers.NumberParseException:
        return True


def count_digits(text: str) -> int:
    return len(DIGIT.findall(text))


def is_long_number(text: str) -> bool:
    is_number = looks_like_number(text) and not DATE.fullmatch(text)
    return is_number and count_digits(text) >= MIN_DIGITS


def is_probable_companion_number(part: str) -> bool:
    """Returns whether the part, beside a number with a plus, is a number in national format rather
    than a label of digits."""
    return is_long_number(part) and (
        part[0] in "0(" or count_digits(part) >= MIN_DIGITS_BESIDE_PLUS
    )


def parse_label_pieces(text: str) -> list[PastedPiece]:
    """Returns the text as a label. Returns no piece if it only joins numbers, and an empty label if
    it announces a number, such as “Tel.:”."""
    text = trim_text(text).lstrip(JOINING_CHARACTERS + ">])").rstrip(JOINING_CHARACTERS + "<[(")
    if (text[:1], text[-1:]) in (("(", ")"), ("[", "]")):
        text = text[1:-1]
    elif text.endswith(")") and "(" not in text:
        text = text[:-1]
    if not re.search(r"\w", text) or text.casefold() in CONJUNCTIONS:
        return []
    return [PastedPiece(False, "" if plural_heading_meaning(text) == "number" else text)]


def plural_heading_meaning(heading: str) -> str:
    """Returns the meaning of a heading, which in a list is often a plural such as Numbers or
    Rufnummern."""
    endings = (
        heading.removesuffix(ending) for ending in PLURAL_ENDINGS if heading.endswith(ending)
    )
    return next(filter(None, (heading_meaning(each).meaning for each in endings)), "")


def strip_number_brackets(text: str) -> str:
    text = text.strip(" \t\"'<>[]")
    if text.count("(") > text.count(")"):
        return text.replace("(", "", 1)
    return text.rstrip(")") if text.count(")") > text.count("(") else text


def strip_label_quotes(text: str) -> str:
    text = trim_text(text)
    if '"' not in text:
        return text
    if len(text) > 1 and text[0] == text[-1] == '"':
        return trim_text(text[1:-1].replace('""', '"'))
    is_cut = text.count('"') % 2  # cut at a comma within its quotes
    return trim_text(text.strip('"')) if is_cut else text
