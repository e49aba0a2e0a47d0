"""Calling codes and the countries that use them."""

from functools import lru_cache

import phonenumbers
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from numbers.numbering import regions

# Codes that several countries share, with all the regions people search for; 029 is the Caribbean.
SHARED_CODE_REGIONS = {
    1: ("US", "CA", "029"),
    7: ("RU", "KZ"),
    262: ("RE", "YT"),
    599: ("CW", "BQ"),
}
NON_GEOGRAPHIC_CODES = {
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
    """Returns the calling code that the digits of an international number begin with, or None. No
    calling code is a prefix of another."""
    for length in (1, 2, 3):
        begin = digits[:length]
        if begin.isdecimal() and int(begin) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(begin)
    return None


def calling_code_country(code: int) -> str:
    """Returns the country of a calling code in the reader's language, or "" for an unassigned
    code."""
    return localized_calling_code_country(get_language() or "en", code)


@lru_cache(maxsize=2_000)
def localized_calling_code_country(language: str, code: int) -> str:
    with override(language):
        return build_calling_code_country(code)


def build_calling_code_country(code: int) -> str:
    if code in NON_GEOGRAPHIC_CODES:
        return str(NON_GEOGRAPHIC_CODES[code])
    main = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())[:1]
    return ", ".join(map(regions.region_name, SHARED_CODE_REGIONS.get(code, main)))


def calling_code_choices() -> list[tuple[int, str]]:
    """Returns the choices of a form field, such as “+49 Germany”, sorted by code."""
    return localized_calling_code_choices(get_language() or "en")


@lru_cache
def localized_calling_code_choices(language: str) -> list[tuple[int, str]]:
    with override(language):
        codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
        return [(code, f"+{code} {calling_code_country(code)}") for code in codes]
