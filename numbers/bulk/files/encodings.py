"""Bytes of a text file to text: every encoding that spreadsheets save, with its mark or without."""

import codecs
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from numbers.bulk.files.unreadable import UnreadableFile

BYTE_ORDER_MARKS = (  # the longer first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_BYTES = 4_000  # bytes, a multiple of four
HIGH_ZERO_SHARE, LOW_ZERO_SHARE = 0.9, 0.2  # shares of bytes that are zero
DAMAGED_CHARACTERS = re.compile(
    "[\ud800-\udfff]"
)  # bytes that are no UTF-8, and halves of characters


@dataclass(frozen=True)
class DecodedText:
    """`is_guess` tells that no mark and no rule says how the bytes are meant. Damaged characters
    are lone surrogates, found by DAMAGED."""

    text: str
    is_guess: bool = False


def decode_text_file(data: bytes) -> DecodedText:
    """Raises Unreadable for a text that was cut off within a character."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return DecodedText(decode_with_encoding(data[len(mark) :], encoding))
    if encoding := detect_unmarked_encoding(data[:SAMPLE_BYTES]):
        return DecodedText(decode_with_encoding(data, encoding))
    return decode_utf8_or_latin(data)


def decode_with_encoding(data: bytes, encoding: str) -> str:
    try:
        errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
        return data.decode(encoding, errors)
    except UnicodeDecodeError:
        raise UnreadableFile(_("The text is damaged: save the file again as CSV UTF-8.")) from None


def detect_unmarked_encoding(sample: bytes) -> str:
    """UTF-16 or UTF-32 by its many zero bytes, or ""."""
    length = len(sample) // 4
    if not length or b"\0" not in sample:
        return ""
    first, second, third, fourth = (
        sample[place : length * 4 : 4].count(0) / length for place in range(4)
    )
    if min(third, fourth) > HIGH_ZERO_SHARE and first < LOW_ZERO_SHARE:
        return "utf-32-le"
    if min(first, second) > HIGH_ZERO_SHARE and fourth < LOW_ZERO_SHARE:
        return "utf-32-be"
    even, odd = (first + third) / 2, (second + fourth) / 2
    if odd > 2 * LOW_ZERO_SHARE and even < LOW_ZERO_SHARE / 2:
        return "utf-16-le"
    return "utf-16-be" if even > 2 * LOW_ZERO_SHARE and odd < LOW_ZERO_SHARE / 2 else ""


def decode_utf8_or_latin(data: bytes) -> DecodedText:
    """UTF-8 also where single rows are damaged; else what Western European Windows writes."""
    try:
        return DecodedText(data.decode())
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    damaged = len(DAMAGED_CHARACTERS.findall(text))
    if sum(not c.isascii() for c in text) > 2 * damaged:
        return DecodedText(text)
    return DecodedText(data.decode("cp1252" if is_windows_1252(data) else "latin-1"), is_guess=True)


def is_windows_1252(data: bytes) -> bool:
    """Windows' Latin leaves five bytes out; Latin-1 has a meaning for each."""
    return not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data)
