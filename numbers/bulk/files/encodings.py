"""Decoding of text files, in every encoding that spreadsheets save, with or without a byte order
mark."""

import codecs
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from numbers.bulk.files.unreadable import UnreadableFile

BYTE_ORDER_MARKS = (  # longest first, because UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_BYTES = 4_000  # bytes, a multiple of four
HIGH_ZERO_SHARE, LOW_ZERO_SHARE = 0.9, 0.2  # shares of bytes that are zero
DAMAGED_CHARACTERS = re.compile("[\ud800-\udfff]")  # invalid UTF-8, half characters


@dataclass(frozen=True)
class DecodedText:
    """The text of a file. `is_guess` says that neither a byte order mark nor the bytes determine
    the encoding. Damaged characters are lone surrogates, matched by DAMAGED_CHARACTERS."""

    text: str
    is_guess: bool = False


def decode_text_file(data: bytes) -> DecodedText:
    """Decodes the bytes of a file. Raises UnreadableFile if the text is cut off within a
    character."""
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
    """Returns UTF-16 or UTF-32, which have many zero bytes, or ""."""
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
    """Decodes as UTF-8, even if a few rows are damaged, or else as Western European."""
    try:
        return DecodedText(data.decode())
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    damaged = len(DAMAGED_CHARACTERS.findall(text))
    if sum(not c.isascii() for c in text) > 2 * damaged:
        return DecodedText(text)
    return DecodedText(data.decode("cp1252" if is_windows_1252(data) else "latin-1"), is_guess=True)


def is_windows_1252(data: bytes) -> bool:
    """Returns whether the bytes are valid in Windows-1252, which leaves five values undefined;
    Latin-1 defines all."""
    return not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data)
