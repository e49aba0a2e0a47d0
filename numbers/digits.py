"""Search by any run of digits or letters, quick at a million rows: what is looked for, and how.

Two indexes hold the grams of each number (four digits) and of each label (three letters); the
migration 0004 makes the functions that cut them. Every gram begins with a mark of its organization,
so that no other organization's rows slow a search down.
"""

import re
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.lookups import DataContains
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Coalesce, Collate, Lower, NullIf
from django.db.models.lookups import Contains, StartsWith

DIGITS, LETTERS = 4, 3  # what a gram holds
AREA = 3  # digits of an area code behind +1
MARK = 8  # the first so many characters of the organization's id
LAST = "\U0010ffff"  # what sorts behind every label
TRUNK_ZERO = re.compile(r"\(0\)")
NATIONAL = re.compile(r"0+(?=[0-9]{7})")
Grams = ArrayField(TextField())


class NumberGrams(Func):
    """Every four digits in a row, and the last one, two and three behind a `$`."""

    function = "phone_number_grams"
    arity = 2
    output_field = Grams


class LabelGrams(Func):
    """Every three characters in a row, in small letters."""

    function = "phone_label_grams"
    arity = 2
    output_field = Grams


def label_key() -> Collate:
    """What labels are sorted by, numbers without one last; an index holds it."""
    return Collate(Coalesce(Lower(NullIf("label", Value(""))), Value(LAST)), "C")


def search(organization_id: UUID, text: str, *, by_grams: bool = True) -> Q:
    """Letters look into labels, digits into numbers, in people's spelling, and into labels as they
    are written, unless a plus says that a number is meant.

    Without `by_grams` the same rows are found by reading row after row: quicker for the first few
    of very many, which the database cannot know, as it takes the grams of a word for independent.
    """
    text = text.strip()
    if re.search(r"[^\W\d_]", text) or not re.search(r"[0-9]", text):
        return in_labels(organization_id, text, by_grams)
    numbers = in_numbers(organization_id, text, by_grams)
    return numbers if text.startswith("+") else numbers | in_labels(organization_id, text, by_grams)


def run_of(text: str) -> str:
    """The digits. What is dialled within a country is no part of E.164: (0), and zeros ahead of a
    long number."""
    digits = re.sub(r"[^0-9]", "", TRUNK_ZERO.sub("", text))
    return NATIONAL.sub("", digits, count=1) if NATIONAL.match(digits) else digits


def in_numbers(organization_id: UUID, text: str, by_grams: bool) -> Q:
    """Four digits or more are found anywhere, fewer at either end, or as the area code behind +1;
    behind a plus they are the beginning."""
    run = run_of(text)
    if not run:
        return Q(pk__in=[])  # an empty run would begin every number
    beginning = Q(e164__startswith=f"+{run}")
    if text.startswith("+"):
        return beginning
    if len(run) < DIGITS:
        ending = Q(held(organization_id, [f"${run}"])) if by_grams else Q(e164__endswith=run)
        area = Q(e164__startswith=f"+1{run}") if len(run) == AREA else Q()
        return beginning | ending | area
    found = Q(e164__contains=run)
    return found & Q(held(organization_id, grams_of(run))) if by_grams else found


def grams_of(run: str) -> list[str]:
    return [run[place : place + DIGITS] for place in range(len(run) - DIGITS + 1)]


def held(organization_id: UUID, grams: list[str]) -> DataContains:
    mark = str(organization_id)[:MARK]
    wanted = Value([mark + gram for gram in grams], output_field=Grams)
    return DataContains(NumberGrams(F("organization"), F("e164")), wanted)


def in_labels(organization_id: UUID, text: str, by_grams: bool) -> Q:
    """Three characters or more are found anywhere, fewer at the beginning of a label."""
    small = Lower(Value(text, output_field=TextField()))
    if len(text) < LETTERS:
        return Q(StartsWith(label_key(), small), label__gt="")
    found = Q(Contains(Lower(F("label")), small))
    if not by_grams:
        return found
    grams = LabelGrams(Value(organization_id), small)
    return found & Q(DataContains(LabelGrams(F("organization"), F("label")), grams))
