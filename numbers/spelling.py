"""Numbers as people and spreadsheets write them, read as E.164; what is unclear is refused."""

import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext as _

from numbers import e164
from numbers.e164 import NotANumber

LONGEST = 100  # characters
SEPARATORS = re.compile(r"[\s().\-/‐‑‒–—−·\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
FORMULA_OF_TEXT = re.compile(r'="(.*)"')  # how some keep Excel from making it a number
ROUNDED = re.compile(r"\+?[0-9][0-9,]*e\+?[0-9]{1,2}", re.IGNORECASE)


def understood(text: str, *, country: str | None = None) -> str:
    """E.164. `country` (two letters) is whose national numbers may stand there without a plus.
    Raises NotANumber with the way to mend it."""
    plain = undressed(text)
    refuse_what_is_none(plain)
    if plain.startswith(("+", "00")):
        return international(plain)
    if country is None:
        raise NotANumber(
            _(
                "The country is missing: write the number with a plus and the country code, like "
                "+18005551234, or choose a country for numbers without them."
            )
        )
    return national(plain, country)


def undressed(text: str) -> str:
    """Without blanks, dashes, brackets, and what wraps it; all digits as 0 to 9. Text of any length
    is cut beforehand: to normalize it takes time by the square of its length."""
    text = text.strip()[: LONGEST + 1]
    if len(text) > LONGEST:
        raise NotANumber(_("At most %(max)d characters are allowed.") % {"max": LONGEST})
    text = unicodedata.normalize("NFKC", text).strip().removeprefix("'").removeprefix("tel:")
    if wrapped := FORMULA_OF_TEXT.fullmatch(text):
        text = wrapped[1]
    return SEPARATORS.sub("", text)


def refuse_what_is_none(plain: str) -> None:
    if not plain:
        raise NotANumber(_("The number is missing."))
    if ROUNDED.fullmatch(plain):
        raise NotANumber(
            _(
                "The spreadsheet has rounded this number: make the column text and enter the "
                "number again."
            )
        )
    if not re.fullmatch(r"\+?[0-9]+", plain):
        raise NotANumber(
            _("Only digits, and a plus before them, make a number: no letters, no extension.")
        )


def international(plain: str) -> str:
    """Some write the zero of home behind the country code: +44 (0)20 …"""
    text = plain if plain.startswith("+") else f"+{plain[2:]}"
    number = parsed(text, None)
    return written(number) if number else e164.checked(text)


def national(plain: str, country: str) -> str:
    """As the country dials it; else, if its plus was merely lost, as that number."""
    here, lost = parsed(plain, country), parsed(f"+{plain}", None)
    for number in (here, lost):
        if number and phonenumbers.is_valid_number(number):
            return written(number)
    for number in (here, lost):
        if number and phonenumbers.is_possible_number(number):
            return written(number)
    if here is None:
        raise NotANumber(_("This cannot be a phone number of its country."))
    reason = phonenumbers.is_possible_number_with_reason(here)
    raise NotANumber(e164.REASONS.get(reason, _("This cannot be a phone number of its country.")))


def parsed(text: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def written(number: phonenumbers.PhoneNumber) -> str:
    return e164.checked(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
