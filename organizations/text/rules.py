"""The rule for every text that people and programs enter: labels, names, descriptions, URLs.

White space and invisible characters around a text are trimmed. Line breaks, other control
characters and unpaired surrogates are refused. Everything else is kept unchanged.
organizations/text/fields.py and organizations/web/api/fields.py apply the rule in fields.
"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Unicode's Default_Ignorable_Code_Point, and blanks that Unicode does not count as white space.
INVISIBLE_RANGES = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0001, 0xE0001), (0xE0020, 0xE007F)),
    (0xE0100, 0xE01EF),
)
WHITESPACE = "".join(c for c in map(chr, range(0x3001)) if c.isspace())
TRIMMED_CHARACTERS = WHITESPACE + "".join(
    chr(code) for low, high in INVISIBLE_RANGES for code in range(low, high + 1)
)
# They belong to the visible character before them: emoji, flags, Mongolian and Han characters.
VARIATION_SELECTORS = re.compile(
    "[\u180b-\u180d\u180f\ufe00-\ufe02\ufe0e\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef]*"
)
LINE_BREAK_OR_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL_MESSAGE = _("Line breaks and control characters are not allowed.")
SURROGATE_MESSAGE = _("This is not valid Unicode text.")


def trim_text(text: str) -> str:
    """Returns `text` without surrounding white space and invisible characters."""
    text = text.lstrip(TRIMMED_CHARACTERS)
    end = len(text.rstrip(TRIMMED_CHARACTERS))
    return text[: VARIATION_SELECTORS.match(text, end).end()] if end else ""


def text_error(text: str) -> str:
    """Returns what is wrong with a trimmed text, or ""."""
    if LINE_BREAK_OR_CONTROL.search(text):
        return str(CONTROL_MESSAGE)
    return str(SURROGATE_MESSAGE) if SURROGATE.search(text) else ""


def sanitize_line(text: str) -> str:
    """Returns a text from another system with blanks in place of refused characters."""
    return trim_text(SURROGATE.sub(" ", LINE_BREAK_OR_CONTROL.sub(" ", text)))


def validate_text(text: str) -> None:
    """Validates a model or form field. Raises ValidationError."""
    if wrong := text_error(text):
        raise ValidationError(wrong, code="control")
