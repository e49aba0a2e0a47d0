"""Countries by their two letters, whose national numbers we can read, in the reader's language; the
names are the Unicode CLDR's, by Babel."""

import unicodedata
from functools import lru_cache

import phonenumbers
from babel import Locale
from django.utils.translation import get_language, to_locale

CODES = frozenset(phonenumbers.SUPPORTED_REGIONS)


def name(code: str) -> str:
    """Of two letters, or of a part of the world by its three digits (UN M49)."""
    return names_in(get_language() or "en")[code]


def choices() -> list[tuple[str, str]]:
    """For a form: “Germany (+49)” by name."""
    return choices_in(get_language() or "en")


@lru_cache
def choices_in(language: str) -> list[tuple[str, str]]:
    names = names_in(language)
    by_name = sorted(CODES, key=lambda code: plain(names[code]))
    return [
        (code, f"{names[code]} (+{phonenumbers.country_code_for_region(code)})") for code in by_name
    ]


@lru_cache
def names_in(language: str) -> dict[str, str]:
    return dict(Locale.parse(to_locale(language)).territories)


def plain(text: str) -> str:
    """So that Österreich stands among the O."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
