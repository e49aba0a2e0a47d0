"""What a heading means, by its words."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from numbers.bulk.files.vocabulary import (
    CERTAIN,
    MEANINGS,
    NO_NUMBER,
    OWN_EXPORT,
    OWN_EXPORT_MARKS,
    PHONE_WORDS,
    PLATFORM_HEADINGS,
    PROPOSED,
    REPORT_GROUPS,
)

LONGEST_NUMBER = 100  # characters, with all that people put around and between the digits
# Possessive: what is no number is not tried again from each of its blanks.
NUMBER = re.compile(r"[\s'\"=]*+\+?[\d\s().\-/]{4,}+")
FILLERS = "\u115f\u1160\u3164\uffa0"  # letters that are not seen
IN_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
# What may stand in parentheses behind a heading, or after it, without another meaning.
HARMLESS = re.compile(
    r"e164|required|optional|mandatory|text|international|intl|pflichtfeld|optionnel|obligatoire"
    r"|obligatorio|facoltativo|verplicht|optioneel|opcional|withcountrycode|internationalformat"
)
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
LONGEST_HEADING = 100


@dataclass(frozen=True)
class Reading:
    """`meaning` is one of MEANINGS or "". Of two columns with one meaning, the lower rank wins."""

    meaning: str = ""
    rank: int = 0
    is_certain: bool = False


NOTHING = Reading()
IGNORED_FOR_SURE = Reading(is_certain=True)


def looks_like_a_number(text: str) -> bool:
    return len(text) <= LONGEST_NUMBER and bool(NUMBER.fullmatch(text))


def fold(text: str) -> str:
    """Lower case without accents, ligatures and characters that are not seen."""
    if text.isascii():
        return text.lower()
    seen = (c for c in unicodedata.normalize("NFKD", text) if is_seen(c))
    return "".join(seen).casefold()


def is_seen(character: str) -> bool:
    return unicodedata.category(character) not in ("Mn", "Cf") and character not in FILLERS


def word_of(heading: str) -> str:
    """The letters and digits alone."""
    return "".join(c for c in fold(heading[:LONGEST_HEADING]) if c.isalnum())


def parts_of(heading: str) -> list[str]:
    """The single words of a heading, also of "PhoneNumber" and "phone_number"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", heading) if is_seen(c))
    return [part.lower() for part in PARTS.findall(plain.replace("E.164", "e164"))]


def vocabulary(phrases: Mapping[str, str], first_rank: int) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for meaning, groups in phrases.items():
        for rank, group in enumerate(groups.split("---"), first_rank):
            reading = Reading(meaning, rank, is_certain=first_rank == 0)
            for phrase in filter(str.strip, group.split(",")):
                found.setdefault(word_of(phrase), reading)
    return found


BEHIND = 10  # ranks of what is only proposed begin here
OWN_NAMES = {
    word_of(name): Reading(name, 0, is_certain=True)
    for name in MEANINGS
    if name not in ("wanted", "id")
}
KNOWN = vocabulary(PROPOSED, BEHIND) | vocabulary(CERTAIN, 0) | OWN_NAMES


@lru_cache(maxsize=2_000)
def reading_of(heading: str) -> Reading:
    """By the heading alone, whatever stands beside it."""
    known = KNOWN.get(word_of(heading))
    return known or reading_without_parentheses(heading) or reading_by_parts(heading)


def reading_without_parentheses(heading: str) -> Reading | None:
    bare = IN_PARENTHESES.sub(" ", heading[:LONGEST_HEADING])
    known = KNOWN.get(word_of(bare))
    if known is None or word_of(bare) == word_of(heading):
        return None
    added = map(word_of, IN_PARENTHESES.findall(heading))
    is_certain = known.is_certain and all(map(HARMLESS.fullmatch, added))
    return Reading(known.meaning, known.rank + 1, is_certain)


def reading_by_parts(heading: str) -> Reading:
    parts = set(parts_of(heading[:LONGEST_HEADING]))
    if parts & PHONE_WORDS and not excludes_numbers(heading):
        return Reading("number", 2 * BEHIND)
    return NOTHING


def excludes_numbers(heading: str) -> bool:
    """Whether no column of this heading holds the numbers, however its cells look."""
    known = KNOWN.get(word_of(heading))
    if known and known.meaning == "number":
        return False
    words = {*parts_of(heading[:LONGEST_HEADING]), word_of(heading)}
    return bool(words & NO_NUMBER) or bool(known)


def readings_of(headings: Iterable[str]) -> list[Reading]:
    """Of a whole heading row: our own export and report, and some platforms, say more together than
    their single words do."""
    headings = list(headings)
    special = special_readings(frozenset(map(word_of, headings)) - {""})
    return [special.get(word_of(heading)) or reading_of(heading) for heading in headings]


def special_readings(words: frozenset[str]) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for needed, meanings in PLATFORM_HEADINGS:
        if words.issuperset(map(word_of, needed.split(","))):
            found |= {word_of(name): platform_reading(meanings[name]) for name in meanings}
    if is_own_export(words):
        found |= {word_of(name): certain(OWN_EXPORT[name]) for name in OWN_EXPORT}
    if is_report(words):
        found |= {word: IGNORED_FOR_SURE for group in REPORT_GROUPS for word in group.split()}
    return found


def platform_reading(meaning: str) -> Reading:
    return Reading(meaning, BEHIND) if meaning else NOTHING


def certain(meaning: str) -> Reading:
    return Reading(meaning, 0, is_certain=True)


def is_own_export(words: frozenset[str]) -> bool:
    return any(words.issuperset(marks.split()) for marks in OWN_EXPORT_MARKS)


def is_report(words: frozenset[str]) -> bool:
    return all(words & set(group.split()) for group in REPORT_GROUPS)
