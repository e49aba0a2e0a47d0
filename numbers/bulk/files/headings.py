"""The meaning of headings by their words."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from numbers.bulk.files.vocabulary import (
    CERTAIN_HEADINGS,
    COLUMN_MEANINGS,
    NON_NUMBER_WORDS,
    OWN_EXPORT_MARKS,
    OWN_EXPORT_MEANINGS,
    PHONE_WORDS,
    PLATFORM_HEADINGS,
    PROPOSED_HEADINGS,
    REPORT_GROUPS,
)

MAX_NUMBER_LENGTH = 100  # characters, including everything around and between the digits
# Possessive, so that the pattern does not try a text again from each of its blanks.
NUMBER_PATTERN = re.compile(r"[\s'\"=]*+\+?[\d\s().\-/]{4,}+")
INVISIBLE_LETTERS = "\u115f\u1160\u3164\uffa0"  # letters that are invisible
IN_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
# Words in parentheses after a heading that do not change its meaning.
NEUTRAL_QUALIFIERS = re.compile(
    r"e164|required|optional|mandatory|text|international|intl|pflichtfeld|optionnel|obligatoire"
    r"|obligatorio|facoltativo|verplicht|optioneel|opcional|withcountrycode|internationalformat"
)
HEADING_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
MAX_HEADING_LENGTH = 100


@dataclass(frozen=True)
class HeadingMeaning:
    """The meaning of a heading, one of COLUMN_MEANINGS or "". Of two columns with one meaning, the
    lower rank wins."""

    meaning: str = ""
    rank: int = 0
    is_certain: bool = False


NO_MEANING = HeadingMeaning()
CERTAINLY_IGNORED = HeadingMeaning(is_certain=True)


def looks_like_number(text: str) -> bool:
    return len(text) <= MAX_NUMBER_LENGTH and bool(NUMBER_PATTERN.fullmatch(text))


def fold_heading_text(text: str) -> str:
    """Returns the text in lower case, without accents, ligatures and invisible characters."""
    if text.isascii():
        return text.lower()
    seen = (c for c in unicodedata.normalize("NFKD", text) if is_visible_character(c))
    return "".join(seen).casefold()


def is_visible_character(character: str) -> bool:
    return (
        unicodedata.category(character) not in ("Mn", "Cf") and character not in INVISIBLE_LETTERS
    )


def normalize_heading(heading: str) -> str:
    """Returns only the letters and digits of the heading, folded."""
    return "".join(c for c in fold_heading_text(heading[:MAX_HEADING_LENGTH]) if c.isalnum())


def split_heading_words(heading: str) -> list[str]:
    """Returns the single words of a heading, also of "PhoneNumber" and "phone_number"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", heading) if is_visible_character(c))
    return [part.lower() for part in HEADING_WORDS.findall(plain.replace("E.164", "e164"))]


def build_heading_vocabulary(
    phrases: Mapping[str, str], first_rank: int
) -> dict[str, HeadingMeaning]:
    found: dict[str, HeadingMeaning] = {}
    for meaning, groups in phrases.items():
        for rank, group in enumerate(groups.split("---"), first_rank):
            reading = HeadingMeaning(meaning, rank, is_certain=first_rank == 0)
            for phrase in filter(str.strip, group.split(",")):
                found.setdefault(normalize_heading(phrase), reading)
    return found


FIRST_PROPOSED_RANK = 10  # ranks of proposed headings start here
FIELD_NAME_MEANINGS = {
    normalize_heading(name): HeadingMeaning(name, 0, is_certain=True)
    for name in COLUMN_MEANINGS
    if name not in ("wanted", "id")
}
KNOWN_HEADINGS = (
    build_heading_vocabulary(PROPOSED_HEADINGS, FIRST_PROPOSED_RANK)
    | build_heading_vocabulary(CERTAIN_HEADINGS, 0)
    | FIELD_NAME_MEANINGS
)


@lru_cache(maxsize=2_000)
def heading_meaning(heading: str) -> HeadingMeaning:
    """Returns the meaning of a heading by itself, regardless of the others in the row."""
    known = KNOWN_HEADINGS.get(normalize_heading(heading))
    return known or meaning_without_parentheses(heading) or meaning_by_words(heading)


def meaning_without_parentheses(heading: str) -> HeadingMeaning | None:
    bare = IN_PARENTHESES.sub(" ", heading[:MAX_HEADING_LENGTH])
    known = KNOWN_HEADINGS.get(normalize_heading(bare))
    if known is None or normalize_heading(bare) == normalize_heading(heading):
        return None
    added = map(normalize_heading, IN_PARENTHESES.findall(heading))
    is_certain = known.is_certain and all(map(NEUTRAL_QUALIFIERS.fullmatch, added))
    return HeadingMeaning(known.meaning, known.rank + 1, is_certain)


def meaning_by_words(heading: str) -> HeadingMeaning:
    parts = set(split_heading_words(heading[:MAX_HEADING_LENGTH]))
    if parts & PHONE_WORDS and not excludes_numbers(heading):
        return HeadingMeaning("number", 2 * FIRST_PROPOSED_RANK)
    return NO_MEANING


def excludes_numbers(heading: str) -> bool:
    """Returns whether a column with this heading cannot hold the numbers, whatever its cells look
    like."""
    known = KNOWN_HEADINGS.get(normalize_heading(heading))
    if known and known.meaning == "number":
        return False
    words = {*split_heading_words(heading[:MAX_HEADING_LENGTH]), normalize_heading(heading)}
    return bool(words & NON_NUMBER_WORDS) or bool(known)


def heading_row_meanings(headings: Iterable[str]) -> list[HeadingMeaning]:
    """Returns the meanings of a heading row. The headings of our own export, of an import report
    and of some platforms mean more together than each by itself."""
    headings = list(headings)
    special = special_heading_meanings(frozenset(map(normalize_heading, headings)) - {""})
    return [
        special.get(normalize_heading(heading)) or heading_meaning(heading) for heading in headings
    ]


def special_heading_meanings(words: frozenset[str]) -> dict[str, HeadingMeaning]:
    found: dict[str, HeadingMeaning] = {}
    for needed, meanings in PLATFORM_HEADINGS:
        if words.issuperset(map(normalize_heading, needed.split(","))):
            found |= {
                normalize_heading(name): platform_heading_meaning(meanings[name])
                for name in meanings
            }
    if is_own_export(words):
        found |= {
            normalize_heading(name): certain_heading_meaning(OWN_EXPORT_MEANINGS[name])
            for name in OWN_EXPORT_MEANINGS
        }
    if is_import_report(words):
        found |= {word: CERTAINLY_IGNORED for group in REPORT_GROUPS for word in group.split()}
    return found


def platform_heading_meaning(meaning: str) -> HeadingMeaning:
    return HeadingMeaning(meaning, FIRST_PROPOSED_RANK) if meaning else NO_MEANING


def certain_heading_meaning(meaning: str) -> HeadingMeaning:
    return HeadingMeaning(meaning, 0, is_certain=True)


def is_own_export(words: frozenset[str]) -> bool:
    return any(words.issuperset(marks.split()) for marks in OWN_EXPORT_MARKS)


def is_import_report(words: frozenset[str]) -> bool:
    return all(words & set(group.split()) for group in REPORT_GROUPS)
