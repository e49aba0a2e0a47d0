"""Characters of phone numbers as people, word processors and spreadsheets write them, converted to
plain ASCII where that is safe and rejected with a reason where it is not."""

import re
import unicodedata

from django.utils.translation import gettext as _

from numbers.numbering.e164 import InvalidPhoneNumber
from organizations.text.rules import INVISIBLE_RANGES

MAX_NUMBER_TEXT_LENGTH = 100  # characters, including everything around and between the digits
INVISIBLE_CHARACTERS = frozenset(
    chr(code) for low, high in INVISIBLE_RANGES for code in range(low, high + 1)
)
PLUSES = {"\u207a", "\ufb29", "\u2795", "\ufe62", "\uff0b"}
DASHES = {"\u2212", "\u02d7", "\u2043", "\u30fc", "\uff70"}
PHONE_SIGNS = "☎☏✆📞📱📲🖀"
QUOTES = "'\"`´‘’‚‛“”„‟«»‹›′″＇＂"
TEXT_FORMULA_PATTERN = re.compile(r'="?(.*?)"?')  # Excel's formula for a number as text
# The captions that precede a number in an address book, with their colon or full stop.
CAPTION_PATTERN = re.compile(
    r"(?:tel|tél|telefon|telefono|teléfono|telefone|telephone|téléphone|phone|ph|mobile|mobil|mob"
    r"|cell|handy|fax|did|number|nummer|t|m|p|f)\.?\s*[:.]\s*|callto:\s*",
    re.IGNORECASE,
)


def normalize_number_text(text: str) -> str:
    """Returns `text` with ASCII digits, plus and dashes, without invisible characters, quotation
    marks, and captions such as “Tel:”. Raises InvalidPhoneNumber if a character would turn into
    another digit or the text is longer than MAX_NUMBER_TEXT_LENGTH."""
    text = text.strip()[: MAX_NUMBER_TEXT_LENGTH + 1]
    if len(text) > MAX_NUMBER_TEXT_LENGTH:
        raise InvalidPhoneNumber(
            _("At most %(max)d characters are allowed.") % {"max": MAX_NUMBER_TEXT_LENGTH},
            code="max_length",
        )
    if not text.isascii():
        text = "".join(map(convert_to_ascii, text))
    return strip_number_wrapping(text)


def convert_to_ascii(char: str) -> str:
    """Returns the ASCII equivalent of one character, which is "" for an invisible one. Raises
    InvalidPhoneNumber for a raised digit."""
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "No":
        raise InvalidPhoneNumber(
            _(
                "“%(char)s” is a footnote mark or a raised digit, not a digit of the number: "
                "remove it."
            )
            % {"char": char},
            code="footnote",
        )
    if is_invisible(char):
        return ""
    if category in ("Zs", "Zl", "Zp") or char in PHONE_SIGNS:
        return " "
    if char in PLUSES:
        return "+"
    if category == "Pd" or char in DASHES:
        return "-"
    return unicodedata.normalize("NFKC", char)


def is_invisible(char: str) -> bool:
    """Returns whether the character is a format character, bidirectional mark, variation selector
    or filler."""
    return char in INVISIBLE_CHARACTERS or unicodedata.category(char) == "Cf"


def strip_number_wrapping(text: str) -> str:
    text = text.strip()
    if text.startswith("=") and (formula := TEXT_FORMULA_PATTERN.fullmatch(text)):
        text = formula[1]
    text = text.strip(QUOTES + " \t\r\n")
    return CAPTION_PATTERN.sub("", text, count=1) if CAPTION_PATTERN.match(text) else text
