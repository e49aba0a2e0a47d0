"""Calling codes and the countries they are of."""

from functools import lru_cache

import phonenumbers
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from numbers.numbering import regions

# Codes whose first country is not all that people look for under them; 029 is the Caribbean.
SHARED = {1: ("US", "CA", "029"), 7: ("RU", "KZ"), 262: ("RE", "YT"), 599: ("CW", "BQ")}
OF_NO_COUNTRY = {
    800: _("International freephone"),
    808: _("International shared cost"),
    870: "Inmarsat",
    878: _("Personal numbers"),
    881: _("Satellite phones"),
    882: _("International networks"),
    883: _("International networks"),
    888: _("Relief operations"),
    979: _("International premium rate"),
}


def calling_code(digits: str) -> int | None:
    """The calling code that an international number's digits begin with; no code begins another."""
    for length in (1, 2, 3):
        begin = digits[:length]
        if begin.isdecimal() and int(begin) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(begin)
    return None


def country(code: int) -> str:
    """In the reader's language; empty for a code that nobody has."""
    return country_in(get_language() or "en", code)


@lru_cache(maxsize=2_000)
def country_in(language: str, code: int) -> str:
    with override(language):
        return named(code)


def named(code: int) -> str:
    if code in OF_NO_COUNTRY:
        return str(OF_NO_COUNTRY[code])
    main = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())[:1]
    return ", ".join(map(regions.name, SHARED.get(code, main)))


def choices() -> list[tuple[int, str]]:
    """For a form: “+49 Germany” by code."""
    return choices_in(get_language() or "en")


@lru_cache
def choices_in(language: str) -> list[tuple[int, str]]:
    with override(language):
        codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
        return [(code, f"+{code} {country(code)}") for code in codes]
