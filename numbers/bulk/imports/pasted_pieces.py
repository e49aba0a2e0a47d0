"""The numbers and the labels in the parts of a line, told apart by what surely is a number."""

import re
from dataclasses import dataclass

import phonenumbers

from numbers.bulk.files.headings import looks_like_a_number, reading_of
from numbers.bulk.imports.pasted_marks import DASHES
from organizations.text.rules import trimmed

DATE = re.compile(r"[0-3]?\d([./])[01]?\d\1(19|20)?\d\d|(19|20)\d\d-[01]?\d-[0-3]?\d")
MOST = 300  # characters of a part in which a number without a plus is looked for
LEAST = 5  # digits of a number with a plus
MOST_SIGNS = 40  # of a number with a plus
SHORTEST = 7  # digits of a number without a plus, so that a room's or a desk's number is none
LONG = 10  # digits of a number without a plus beside one with a plus
SIGNS = rf"()./·{DASHES}"
URL = r"(?:tel|callto):(?=[+\d(])[^\s,|<>\"')\]]+"
# A plus begins a number wherever it stands; 00 does at the beginning of a part.
BEGINS = re.compile(rf"\b{URL}|(?:(?<=[\s(<\[\"'/&:])|^)\(?\+[\s(]*\d", re.IGNORECASE)
ZEROS = re.compile(r"\(?00[\s-]*[1-9]")
DIGIT = re.compile(r"\d")
TOKEN = re.compile(r"[^\s:=]+|[:=]+")
OF_A_NUMBER = re.compile(rf"[\d+{SIGNS}]+")
ORDINAL = re.compile(r"\s*\(?\d+(?:st|nd|rd|th|er|e|ème|º|ª|\.)\b", re.IGNORECASE)
OPENS = re.compile(rf"\s*[(\[:|=]\s*[^\W\d]|\s+[{DASHES}]\s+[^\W\d]")
WORDS_OF_A_RANGE = rf"[{DASHES}~…]|\.\.+|to|bis|through|thru|until|till|à|al|tot|até|hasta"
RANGE = re.compile(rf"\s*(?:{WORDS_OF_A_RANGE})\s*", re.IGNORECASE)
# What belongs to the number before it: an extension, the end of a range.
BELONGS = re.compile(
    r"\s*\(?(?:(?:ext|extn|extension|x|durchwahl|dw|poste|int|interno|anexo|#)[\s.:]*"
    rf"|(?:{WORDS_OF_A_RANGE})\s*)\d",
    re.IGNORECASE,
)
PLURALS = ("", "s", "n", "es", "en")
JOINTS = " \t:=|" + DASHES.replace("\\", "")
AND = frozenset(
    {*("and", "or", "und", "oder", "et", "ou", "y", "o", "e", "ed", "en", "of"), "&", "/"}
)
NAMED = re.compile(r"(?P<label>.*[^\W\d_][^:=]*?)\s*[:=]\s*(?P<number>\(?\d.*)")
BEHIND = re.compile(r"(?P<label>[^\d+]*[^\W\d_][^\d+]*?)\s+(?P<number>\(?\d.*)")


@dataclass(frozen=True)
class Piece:
    is_number: bool
    text: str


def pieces_of(parts: list[str]) -> list[Piece]:
    """In their order. Where nothing begins with a plus, the parts that are long enough are numbers;
    failing that, the first that looks like one, or the first."""
    parts = with_country_code(parts)
    found = [strong_pieces(part) for part in parts]
    if any(piece.is_number for pieces in found for piece in pieces):
        for place, part in enumerate(parts):
            if found[place] == [Piece(False, part)] and is_number_beside(part):
                found[place] = [Piece(True, part)]
        return [piece for pieces in found for piece in pieces]
    weak = [piece for part in parts for piece in weak_pieces(part)]
    if any(piece.is_number for piece in weak):
        return weak
    likely = next((place for place, part in enumerate(parts) if looks_like_a_number(part)), 0)
    return [Piece(place == likely, part) for place, part in enumerate(parts)]


def with_country_code(parts: list[str]) -> list[str]:
    """A table may have the country code in a column of its own."""
    for place, part in enumerate(parts[:-1]):
        if re.fullmatch(r"\(?\+\d{1,3}\)?", part) and re.match(r"\(?\d", parts[place + 1]):
            return [*parts[:place], f"{part} {parts[place + 1]}", *parts[place + 2 :]]
    return parts


def holds_a_number(text: str) -> bool:
    """Whether something in it begins with a plus, or what stands for one."""
    return any(piece.is_number for piece in strong_pieces(text))


def strong_pieces(part: str) -> list[Piece]:
    """The part as a label, if nothing in it is surely a number."""
    if "+" not in part and ":" not in part and "00" not in part[:3]:
        return [Piece(False, part)]
    starts = [found.start() for found in BEGINS.finditer(part)]
    starts = [start for start in starts if digits(part[start : start + MOST_SIGNS]) >= LEAST]
    if not starts and ZEROS.match(part) and digits(part) >= SHORTEST:
        starts = [0]
    if not starts:
        return [Piece(False, part)]
    found, range_so_far = label(part[: starts[0]]), ""
    for start, end in zip(starts, [*starts[1:], len(part)], strict=True):
        text = part[start:end]
        close = number_end(text)
        if end < len(part) and RANGE.fullmatch(text[close:]):
            range_so_far += text
            continue
        found += [Piece(True, unwrapped(range_so_far + text[:close])), *label(text[close:])]
        range_so_far = ""
    return found


def weak_pieces(part: str) -> list[Piece]:
    """Of a line in which no number has its plus."""
    if len(part) > MOST or digits(part) < SHORTEST:
        return [Piece(False, part)]
    for pattern in (NAMED, BEHIND):
        found = pattern.fullmatch(part)
        if found and is_long(found["number"]):
            return [*label(found["label"]), Piece(True, unwrapped(found["number"]))]
    if re.match(r"\(?\d", part) and is_long(part[: (end := number_end(part))]):
        return [Piece(True, unwrapped(part[:end])), *label(part[end:])]
    return [Piece(False, part)]


def number_end(text: str) -> int:
    """Where the number at the beginning of `text` ends. What cannot be told from it belongs to it,
    and is refused with it: an extension, the end of a range, letters among its digits."""
    if url := re.match(URL, text, re.IGNORECASE):
        return url.end()
    start, end = 0, 0  # of its last group of digits
    for token in TOKEN.finditer(text):
        if not OF_A_NUMBER.fullmatch(token[0]):
            return end if is_apart(text[:start], text[start:end], text[end:]) else len(text)
        if re.search(r"\d", token[0]):
            start, end = token.span()
    return end


def is_apart(groups: str, last: str, rest: str) -> bool:
    """Whether `rest` is a label behind the number that ends in the group `last`: not of 01XX,
    (24 h), 24/7 hotline, 12 desks, 0100 to 0199."""
    inner = f"{groups}{last}".removeprefix("(")
    if not last or inner.count("(") > inner.count(")") or BELONGS.match(rest):
        return False
    if ORDINAL.match(rest) or OPENS.match(rest):
        return True
    if re.match(r"\s*\(?[\d+]", rest) or "/" in last:
        return False
    return digits(last) > 2 or not may_end_before(groups)


def may_end_before(groups: str) -> bool:
    """Whether a short group of digits behind `groups` may be the beginning of a label."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(groups, None))
    except phonenumbers.NumberParseException:
        return True


def digits(text: str) -> int:
    return len(DIGIT.findall(text))


def is_long(text: str) -> bool:
    is_number = looks_like_a_number(text) and not DATE.fullmatch(text)
    return is_number and digits(text) >= SHORTEST


def is_number_beside(part: str) -> bool:
    """A number as its country dials it, or a label of digits, beside one with its plus?"""
    return is_long(part) and (part[0] in "0(" or digits(part) >= LONG)


def label(text: str) -> list[Piece]:
    """None for what only joins numbers; without a text where it says that one follows: “Tel.:”."""
    text = trimmed(text).lstrip(JOINTS + ">])").rstrip(JOINTS + "<[(")
    if (text[:1], text[-1:]) in (("(", ")"), ("[", "]")):
        text = text[1:-1]
    elif text.endswith(")") and "(" not in text:
        text = text[:-1]
    if not re.search(r"\w", text) or text.casefold() in AND:
        return []
    return [Piece(False, "" if singular(text) == "number" else text)]


def singular(heading: str) -> str:
    """Its column. In a list a heading is often a plural: Numbers, Rufnummern."""
    endings = (heading.removesuffix(ending) for ending in PLURALS if heading.endswith(ending))
    return next(filter(None, (reading_of(each).meaning for each in endings)), "")


def unwrapped(text: str) -> str:
    text = text.strip(" \t\"'<>[]")
    if text.count("(") > text.count(")"):
        return text.replace("(", "", 1)
    return text.rstrip(")") if text.count(")") > text.count("(") else text


def unquoted(text: str) -> str:
    text = trimmed(text)
    if '"' not in text:
        return text
    if len(text) > 1 and text[0] == text[-1] == '"':
        return trimmed(text[1:-1].replace('""', '"'))
    is_cut = text.count('"') % 2  # at a comma within its quotes
    return trimmed(text.strip('"')) if is_cut else text
