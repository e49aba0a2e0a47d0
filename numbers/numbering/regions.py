"""Countries whose national numbers can be parsed, by two-letter code, with their names in the
reader's language from Unicode CLDR (by way of Babel)."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from babel import Locale
from babel.core import get_global
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

INTERNATIONAL = "001"  # UN M49 code of the world: digits without a plus begin with a country code
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
ALTERNATIVE_COUNTRY_NAMES = {
    "Great Britain": "GB",
    "Großbritannien": "GB",
    "Grande-Bretagne": "GB",
    "Gran Bretaña": "GB",
    "Gran Bretagna": "GB",
    "Groot-Brittannië": "GB",
    "Grã-Bretanha": "GB",
    "Inglaterra": "GB",
    "England": "GB",
    "Scotland": "GB",
    "Wales": "GB",
    "United States of America": "US",
    "Holland": "NL",
    "Czech Republic": "CZ",
    "Russian Federation": "RU",
    "Korea": "KR",
    "South Korea": "KR",
    "Hong Kong": "HK",
    "Macau": "MO",
    "Turkey": "TR",
    "Ivory Coast": "CI",
    "UAE": "AE",
    "Viet Nam": "VN",
}
REGION_CODES = frozenset(phonenumbers.SUPPORTED_REGIONS)


def region_name(code: str) -> str:
    """Returns the name of a two-letter country code or of a three-digit UN M49 area code."""
    return localized_region_names(get_language() or "en")[code]


def region_choices() -> list[tuple[str, str]]:
    """Returns the choices of a form field, such as “Germany (+49)”, sorted by name."""
    return localized_region_choices(get_language() or "en")


def find_region(text: str) -> str | None:
    """Returns the code of the country that `text` names by two or three letters, a name in one of
    LANGUAGES, or a calling code like +44. Returns INTERNATIONAL for “international”, and None if
    the text names no country."""
    named = normalize_country_name(text)
    if named in (INTERNATIONAL, "international"):
        return INTERNATIONAL
    calling = re.fullmatch(r"(?:\+|00)?([1-9][0-9]{0,2})", named)
    if calling:
        code = phonenumbers.region_code_for_country_code(int(calling[1]))
        return code if code in REGION_CODES else None
    return region_codes_by_name().get(named)


@lru_cache(maxsize=1)
def region_codes_by_name() -> dict[str, str]:
    found = {normalize_country_name(code): code for code in REGION_CODES}
    for alias, codes in get_global("territory_aliases").items():  # such as UK, USA, DEU, 276
        if alias.isalpha() and codes[0] in REGION_CODES:
            found.setdefault(normalize_country_name(alias), codes[0])
    for language in LANGUAGES:
        for code, name in localized_region_names(language).items():
            if code in REGION_CODES:
                found.setdefault(normalize_country_name(name), code)
    return found | {
        normalize_country_name(name): code for name, code in ALTERNATIVE_COUNTRY_NAMES.items()
    }


def default_region_choices(nothing: str) -> list[tuple[str, str]]:
    """Returns the choices of a form field for how numbers without a plus are read: `nothing`, as
    international, or as national numbers of a country."""
    return [("", nothing), (INTERNATIONAL, _("International, without +")), *region_choices()]


@lru_cache
def localized_region_choices(language: str) -> list[tuple[str, str]]:
    names = localized_region_names(language)
    by_name = sorted(REGION_CODES, key=lambda code: normalize_country_name(names[code]))
    return [
        (code, f"{names[code]} (+{phonenumbers.country_code_for_region(code)})") for code in by_name
    ]


@lru_cache
def localized_region_names(language: str) -> dict[str, str]:
    return dict(Locale.parse(to_locale(language)).territories)


def normalize_country_name(text: str) -> str:
    """Returns the name in lower-case ASCII without punctuation, for comparing and sorting, so that
    Österreich sorts under O."""
    text = (
        unicodedata.normalize("NFKD", text)
        .replace("ß", "ss")
        .encode("ascii", "ignore")
        .decode()
        .casefold()
    )
    return " ".join(re.sub(r"[.']", "", text).replace("&", "and").split())
