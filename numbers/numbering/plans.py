"""Numbering-plan facts that libphonenumber does not provide: old formats still in use after a
renumbering, and hints on why a possible number is not valid."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import PhoneMetadata, PhoneNumber

from numbers.numbering import countries, e164

LEADING_ZERO_COUNTRY_CODES = (
    39,
    378,
    379,
)  # countries whose landline numbers start with a 0 that is always dialled


@dataclass(frozen=True)
class Renumbering:
    """A renumbering of one country, which turns old national digits into new ones."""

    begins: tuple[str, ...]  # old prefixes to remove
    length: int  # number of digits after the prefix
    why: object


RENUMBERINGS = {
    52: Renumbering(("1", "044", "045", "01"), 10, gettext_lazy("Mexico dropped the 1 in 2019.")),
}


def apply_renumbering(country_code: int, national: str) -> tuple[PhoneNumber, str] | None:
    """Returns the valid number that replaced these old national digits, with the reason, or
    None."""
    plan = RENUMBERINGS.get(country_code)
    for begin in plan.begins if plan else ():
        rest = national.removeprefix(begin)
        if rest != national and len(rest) == plan.length:
            number = PhoneNumber(country_code=country_code, national_number=int(rest))
            if phonenumbers.is_valid_number(number):
                return number, str(plan.why)
    return None


def international_prefix(country: str) -> str:
    """Returns the international prefix of a country, as shown to people: “011”."""
    plan = PhoneMetadata.metadata_for_region(country)
    return (plan.preferred_international_prefix or plan.international_prefix or "").split("(")[0]


def matching_international_prefixes(digits: str, country: str) -> list[str]:
    """Returns the international prefixes of `country` that `digits` may begin with, which are the
    usual one and one that selects a carrier."""
    plan = PhoneMetadata.metadata_for_region(country)
    found = re.match(plan.international_prefix or "(?!)", digits)
    usual = (plan.preferred_international_prefix or "").replace("~", "")
    prefixes = [found[0]] if found else []
    if usual and usual not in prefixes and digits.startswith(usual):
        prefixes.append(usual)
    return prefixes


def keeps_leading_zero(country_code: int) -> bool:
    return country_code in LEADING_ZERO_COUNTRY_CODES


def invalid_number_note(number: PhoneNumber) -> str:
    """Returns why a possible number is not valid, as far as known, with one sentence per line."""
    country = countries.calling_code_country(number.country_code)
    text = _("Possible, but not valid in the numbering plan of %(country)s.") % {"country": country}
    hint = COUNTRY_HINTS.get(number.country_code, default_hint)(number)
    return f"{text}\n{hint}".strip()


def default_hint(number: PhoneNumber) -> str:
    """Returns a suggestion without the leading zero, if that is valid, or "". Most invalid numbers
    kept a trunk zero or lack their area code."""
    national = phonenumbers.national_significant_number(number)
    if not national.startswith("0"):
        return ""
    without = f"+{number.country_code}{national[1:]}"
    return suggest_number(without)


def suggest_number(text: str) -> str:
    number = e164.parse_e164(text)
    if number is None or not phonenumbers.is_valid_number(number):
        return ""
    return _("Is it %(number)s?") % {"number": e164.format_display_number(e164.format_e164(number))}


def italian_hint(number: PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    lost = suggest_number(f"+{number.country_code}0{national}")
    return f"{_('Italian fixed lines keep their zero.')}\n{lost}" if lost else ""


def beninese_hint(number: PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    if len(national) != 8:
        return ""
    text = _("Benin has put 01 before its eight digits on 30 November 2024.")
    return f"{text}\n{suggest_number(f'+22901{national}')}".strip()


def brazilian_hint(number: PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    if len(national) != 10:
        return ""
    nine = suggest_number(f"+55{national[:2]}9{national[2:]}")
    why = _("Brazilian mobile numbers have nine digits behind the area code.")
    return f"{why}\n{nine}" if nine else ""


COUNTRY_HINTS: dict[int, Callable[[PhoneNumber], str]] = {
    39: italian_hint,
    229: beninese_hint,
    55: brazilian_hint,
}
