"""Calling codes and the countries they are of."""

import phonenumbers

from numbers import regions

# Codes of several countries, of none, and of those that the list does not name.
SHARED = {
    1: "United States, Canada, Caribbean",
    7: "Russia, Kazakhstan",
    247: "Ascension Island",
    262: "Réunion, Mayotte",
    383: "Kosovo",
    599: "Curaçao, Caribbean Netherlands",
    800: "International freephone",
    808: "International shared cost",
    870: "Inmarsat",
    878: "Personal numbers",
    881: "Satellite phones",
    882: "International networks",
    883: "International networks",
    888: "Relief operations",
    979: "International premium rate",
}
NAMES = {
    code: SHARED.get(code) or regions.NAMES.get(main[0], "")
    for code, main in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items())
}


def calling_code(digits: str) -> int | None:
    """The calling code that an international number's digits begin with; no code begins another."""
    for length in (1, 2, 3):
        begin = digits[:length]
        if begin.isdecimal() and int(begin) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(begin)
    return None


def country(code: int) -> str:
    return NAMES.get(code, "")
