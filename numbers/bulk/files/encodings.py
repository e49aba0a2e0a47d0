"""Bytes of a text file to text: every encoding that spreadsheets save, with its mark or without."""

import codecs
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from numbers.bulk.files.unreadable import Unreadable

MARKS = (  # the longer first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE = 4_000  # bytes, a multiple of four
MOSTLY, SELDOM = 0.9, 0.2  # shares of bytes that are zero
DAMAGED = re.compile("[\ud800-\udfff]")  # bytes that are no UTF-8, and halves of characters


@dataclass(frozen=True)
class Decoded:
    """`is_guess` tells that no mark and no rule says how the bytes are meant. Damaged characters
    are lone surrogates, found by DAMAGED."""

    text: str
    is_guess: bool = False


def decoded(data: bytes) -> Decoded:
    """Raises Unreadable for a text that was cut off within a character."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return Decoded(strictly(data[len(mark) :], encoding))
    if encoding := unmarked_encoding(data[:SAMPLE]):
        return Decoded(strictly(data, encoding))
    return utf8_or_latin(data)


def strictly(data: bytes, encoding: str) -> str:
    try:
        errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
        return data.decode(encoding, errors)
    except UnicodeDecodeError:
        raise Unreadable(_("The text is damaged: save the file again as CSV UTF-8.")) from None


def unmarked_encoding(sample: bytes) -> str:
    """UTF-16 or UTF-32 by its many zero bytes, or ""."""
    length = len(sample) // 4
    if not length or b"\0" not in sample:
        return ""
    first, second, third, fourth = (
        sample[place : length * 4 : 4].count(0) / length for place in range(4)
    )
    if min(third, fourth) > MOSTLY and first < SELDOM:
        return "utf-32-le"
    if min(first, second) > MOSTLY and fourth < SELDOM:
        return "utf-32-be"
    even, odd = (first + third) / 2, (second + fourth) / 2
    if odd > 2 * SELDOM and even < SELDOM / 2:
        return "utf-16-le"
    return "utf-16-be" if even > 2 * SELDOM and odd < SELDOM / 2 else ""


def utf8_or_latin(data: bytes) -> Decoded:
    """UTF-8 also where single rows are damaged; else what Western European Windows writes."""
    try:
        return Decoded(data.decode())
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    damaged = len(DAMAGED.findall(text))
    if sum(not c.isascii() for c in text) > 2 * damaged:
        return Decoded(text)
    return Decoded(data.decode("cp1252" if is_windows(data) else "latin-1"), is_guess=True)


def is_windows(data: bytes) -> bool:
    """Windows' Latin leaves five bytes out; Latin-1 has a meaning for each."""
    return not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data)
