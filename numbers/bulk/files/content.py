"""The likelihood that a cell holds a phone number, by which the number column is found."""

import re
import unicodedata

MAX_CELL_LENGTH = 100  # characters
NO, WEAK, LIKELY, SURE = range(4)  # how much a cell looks like a phone number

SCHEME_PREFIX = re.compile(
    r"(?:tel|callto|sip|phone|telephone|telefon|fon|call)\s*[.:]+\s*", re.IGNORECASE
)
SURROUNDING_CHARACTERS = " \t'\"`´‘’‚‛“”„‟«»‹›=*"
DATE = re.compile(
    r"(?:[0-3]?\d([./-])[01]?\d\1(?:19|20)?\d\d|[01]?\d/[0-3]?\d/(?:19|20)?\d\d"
    r"|(?:19|20)\d\d([./-])[01]?\d\2[0-3]?\d)"
    r"(?:[T ,]+[\d:.]+ ?(?:Z|[AaPp]\.?[Mm]\.?|[+-]\d\d:?\d\d)?)?"
)
COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?")
IPV4_ADDRESS = re.compile(
    r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}"
)
DECIMAL = re.compile(r"-?(\d+|\d{1,3}(?:[.,' ]\d{3})+)[.,]\d{1,4}")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+|[1-9]\d?(?:\.\d{3})+")
ROUNDED = re.compile(r"\+?\d[.,]\d+[Ee]\+?\d\d")
# Words between the digits: extensions, ranges, placeholders.
NUMBER_WORDS = re.compile(
    r"(?:;ext=|\b(?:ext|extension|x|to|bis|until)\b\.?|(?<=\d)[xX]+(?=\d|$)|\.\.+|…)"
)
NUMBER_SHAPE = re.compile(r"[+\d\s().,\-/#*~_]+")
MAX_DIGITS = 30


def phone_number_likelihood(text: str) -> int:
    """Returns NO, WEAK, LIKELY or SURE. Dates, prices, addresses and short numbers are not phone
    numbers, nor is a text with a number among other words."""
    if not text or len(text) > MAX_CELL_LENGTH:
        return NO
    plain = text if text.isascii() else normalize_characters(text)
    plain = plain.strip(SURROUNDING_CHARACTERS)
    bare = SCHEME_PREFIX.sub("", plain, count=1) if plain[:1].isalpha() else plain
    return (
        SURE
        if bare != plain and plain_text_likelihood(bare) >= WEAK
        else plain_text_likelihood(bare.strip(SURROUNDING_CHARACTERS))
    )


def normalize_characters(text: str) -> str:
    """Returns the text with ASCII digits, signs and blanks, and without invisible characters."""
    return "".join(map(normalize_character, text))


def normalize_character(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    category = unicodedata.category(character)
    if category in ("Cf", "Mn") or category in ("Pi", "Pf"):
        return ""
    if category == "Pd":
        return "-"
    return " " if category == "Zs" else unicodedata.normalize("NFKC", character)


def plain_text_likelihood(text: str) -> int:
    digits = sum(map(str.isdigit, text))
    if digits < 5 or digits > MAX_DIGITS:
        return NO
    if text.startswith(("+", "(+")):
        return SURE if has_number_shape(text) or ROUNDED.fullmatch(text) else NO
    return likelihood_without_plus(text, digits)


def likelihood_without_plus(text: str, digits: int) -> int:
    if text.isdigit():
        is_date = bool(COMPACT_DATE.fullmatch(text))
        return LIKELY if 7 <= digits <= 15 and not is_date else WEAK
    if ROUNDED.fullmatch(text):
        return LIKELY
    if decimal := DECIMAL.fullmatch(text):
        return LIKELY if decimal[1].isdigit() and len(decimal[1]) >= 8 else NO
    if DATE.fullmatch(text) or TIME.fullmatch(text) or IPV4_ADDRESS.fullmatch(text):
        return NO
    if not has_number_shape(text):
        return NO
    return WEAK if digits < 6 or GROUPED.fullmatch(text) else LIKELY


def has_number_shape(text: str) -> bool:
    return bool(NUMBER_SHAPE.fullmatch(NUMBER_WORDS.sub(" ", text)))
