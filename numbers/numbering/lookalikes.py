"""Texts with digits that are not one phone number, such as dates, decimals, amounts rounded by a
spreadsheet, footnotes and extensions. Each is rejected with its reason and what to do."""

import re
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from numbers.numbering.e164 import InvalidPhoneNumber


class Lookalike(NamedTuple):
    code: str
    pattern: re.Pattern
    text: object


def build_lookalike(code: str, pattern: str, text: object) -> Lookalike:
    return Lookalike(code, re.compile(pattern, re.IGNORECASE), text)


DAY, MONTH, YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
NAME = r"[^\W\d_]{3,9}"  # of a month, in any language
TIME = r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[ap]m)?(?:Z| ?[+-]\d\d:?\d\d)?)?"
DATE = "|".join(
    (
        rf"{YEAR}[-/.]{MONTH}[-/.]{DAY}",
        rf"{DAY}[-/.]{MONTH}[-/.]{YEAR}",
        rf"{MONTH}[-/.]{DAY}[-/.]{YEAR}",
        rf"{DAY}\.?[ -]{NAME}\.?[ -](?:{YEAR}|\d\d)",
        rf"{NAME}\.? {DAY},? {YEAR}",
    )
)
CONJUNCTION = r"(?:,|;|&|\||\bor\b|\boder\b|\bund\b|\band\b|\bou\b|\bet\b|\by\b)"
EXTENSION = r"(?:ext(?:ension|n)?\b\.?|;ext=|durchwahl|\bdw\b|\bposte\b|\bramal\b|\banexo\b|x|#|,,)"

# Checked in this order, each against a text of at most 100 characters.
AMOUNT_LOOKALIKES = (
    build_lookalike(
        "too_narrow",
        r"^#{2,}$",
        _(
            "The spreadsheet showed #### instead of the number: widen the column and export the "
            "file again."
        ),
    ),
    build_lookalike(
        "rounded",
        r"^[+-]?\d[\d.,]*\s?e\s?[+-]?\s?\d{1,3}$",
        _(
            "The spreadsheet has rounded this number (scientific notation): make the column text "
            "and enter the number again."
        ),
    ),
    build_lookalike(
        "date",
        rf"^(?:{DATE}){TIME}$",
        _(
            "This is a date, not a phone number: format the column as text and enter the number "
            "again."
        ),
    ),
    build_lookalike(
        "time",
        r"^\d{1,2}:\d\d(:\d\d)?( ?[ap]m)?$",
        _("This is a time of day, not a phone number."),
    ),
    build_lookalike(
        "decimal",
        r"^-\d{5,}$|^[+-]?(?:\d{5,}[.,]\d{1,3}|\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,},\d+)$",
        _(
            "This is a decimal number or an amount, not a phone number: format the column as text "
            "and enter the number again."
        ),
    ),
)
EXTRA_TEXT_LOOKALIKES = (
    build_lookalike(
        "sip_address", r"^sips?:|@", _("This is a SIP or e-mail address, not a phone number.")
    ),
    build_lookalike(
        "extension",
        rf"\d[\s,;(]{{0,4}}{EXTENSION}[\s.:=]{{0,3}}\d{{1,7}}[#)]?$",
        _("Remove the extension: it is not part of a phone number."),
    ),
    build_lookalike(
        "several",
        rf"\d[^\d+]{{0,20}}\+\D{{0,3}}\d|\d\s?{CONJUNCTION}\s?[+(0-9][\d\s().-]{{4,}}$"
        r"|[\d).-][\d\s().-]{6,}\s/\s[(0][\d\s().-]{6,}$",
        _("There is more than one number here: put each in a row of its own."),
    ),
    build_lookalike(
        "footnote",
        r"\d\s?(?:[*†‡§¶°^]{1,3}|\[\w{1,3}\]|\([1-9]\d?\)|\^\d{1,2})$",
        _("A footnote mark follows the number: remove it."),
    ),
)
SHORT_DATE = re.compile(rf"(?:{DAY}[-/.]{MONTH}|{MONTH}[-/.]{DAY})[-/.]\d\d{TIME}", re.IGNORECASE)
PLAIN_DIGITS = re.compile(r"\+?[0-9]+")


def is_short_date(text: str) -> bool:
    """Returns whether the text is a date like 31.12.24, which some countries also use as a number
    format."""
    return bool(SHORT_DATE.fullmatch(text))


def date_error() -> InvalidPhoneNumber:
    return InvalidPhoneNumber(
        next(each.text for each in AMOUNT_LOOKALIKES if each.code == "date"), code="date"
    )


def several_numbers_error() -> InvalidPhoneNumber:
    text = next(each.text for each in EXTRA_TEXT_LOOKALIKES if each.code == "several")
    return InvalidPhoneNumber(text, code="several")


def ensure_not_amount(text: str) -> None:
    """Raises InvalidPhoneNumber if the text is a date, an amount or similar. `text` must be the
    result of numbers.numbering.characters.normalize_number_text."""
    ensure_matches_no_lookalike(text, AMOUNT_LOOKALIKES)


def ensure_no_extra_text(text: str) -> None:
    """Raises InvalidPhoneNumber if the text is a number with more than the number, such as an
    extension, a footnote mark or a second number."""
    ensure_matches_no_lookalike(text, EXTRA_TEXT_LOOKALIKES)


def ensure_matches_no_lookalike(text: str, kinds: tuple[Lookalike, ...]) -> None:
    if PLAIN_DIGITS.fullmatch(text):
        return
    for code, pattern, sentence in kinds:
        if pattern.search(text):
            raise InvalidPhoneNumber(sentence, code=code)
