"""Search by any run of digits or letters, quick at a million rows: what is looked for, and how.

An index holds the grams of each number (four digits) and of each label (three letters); migration
0004 makes the functions that cut them. Every gram begins with a mark of its organization, so that
no other organization's rows slow a search down. Row-level security lets no condition ahead of its
own that could tell of a row, and PostgreSQL counts comparing arrays among these: so two functions
of the owner (migration 0013) look into the index, and tell ids, whose rows the policy then shows or
does not.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, F, Func, Lookup, Q, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Collate, Lower, NullIf
from django.db.models.lookups import Contains

DIGITS, LETTERS = 4, 3  # what a gram holds
AREA = 3  # digits of an area code behind +1
MARK = 8  # the first so many characters of the organization's id
LAST = "\U0010ffff"  # what sorts behind every label
TRUNK_ZERO = re.compile(r"\(0\)")
NATIONAL = re.compile(r"0+(?=[0-9]{7})")
Grams = ArrayField(TextField())
Part = tuple[str, list[Any]]  # a query for ids, and its parameters

TABLE = "numbers_phonenumber"
BY_NUMBER_GRAMS = "SELECT id FROM phone_numbers_with(%s, %s) AS id"
BY_LABEL_GRAMS = "SELECT id FROM phone_labels_with(%s, %s) AS id"
BY_BEGINNING = f"SELECT id FROM {TABLE} WHERE organization_id = %s AND e164 ^@ %s"
BY_LABEL = f"SELECT id FROM {TABLE} WHERE organization_id = %s AND label_key ^@ lower(%s)"


@CharField.register_lookup
@TextField.register_lookup
class Begins(Lookup):
    """As `startswith`, but in an operator that an index answers under row-level security."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, of_left = self.process_lhs(compiler, connection)
        right, of_right = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", [*of_left, *of_right]


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
    if text.startswith("+") and not is_of_letters(text):
        return in_numbers(text)
    found, to_read = in_labels(text), [*labels_to_read(organization_id, text)]
    if not is_of_letters(text):
        found |= in_numbers(text)
        to_read += numbers_to_read(organization_id, text)
    return found & among(to_read) if by_grams else found


def is_of_letters(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text)) or not re.search(r"[0-9]", text)


def among(parts: list[Part]) -> Q:
    """Of all parts together: each by its index, which an OR of conditions would not be."""
    statement = " UNION ".join(query for query, _values in parts)
    values = [value for _query, each in parts for value in each]
    return Q(pk__in=RawSQL(statement, values))  # noqa: S611  the statements are ours


def run_of(text: str) -> str:
    """The digits. What is dialled within a country is no part of E.164: (0), and zeros ahead of a
    long number."""
    digits = re.sub(r"[^0-9]", "", TRUNK_ZERO.sub("", text))
    return NATIONAL.sub("", digits, count=1) if NATIONAL.match(digits) else digits


def in_numbers(text: str) -> Q:
    """Four digits or more are found anywhere, fewer at either end, or as the area code behind +1;
    behind a plus they are the beginning."""
    run = run_of(text)
    if not run:
        return Q(pk__in=[])  # an empty run would begin every number
    beginning = Q(e164__begins=f"+{run}")
    if text.startswith("+"):
        return beginning
    if len(run) >= DIGITS:
        return Q(e164__contains=run)
    area = Q(e164__begins=f"+1{run}") if len(run) == AREA else Q()
    return beginning | Q(e164__endswith=run) | area


def numbers_to_read(organization_id: UUID, text: str) -> Iterator[Part]:
    run = run_of(text)
    if len(run) >= DIGITS:
        yield BY_NUMBER_GRAMS, [organization_id, marked(organization_id, grams_of(run))]
    elif run:
        yield BY_BEGINNING, [organization_id, f"+{run}"]
        yield BY_BEGINNING, [organization_id, f"+1{run}"]
        yield BY_NUMBER_GRAMS, [organization_id, marked(organization_id, [f"${run}"])]


def grams_of(run: str) -> list[str]:
    return [run[place : place + DIGITS] for place in range(len(run) - DIGITS + 1)]


def marked(organization_id: UUID, grams: list[str]) -> list[str]:
    return [str(organization_id)[:MARK] + gram for gram in grams]


def in_labels(text: str) -> Q:
    """Three characters or more are found anywhere, fewer at the beginning of a label."""
    small = Lower(Value(text, output_field=TextField()))
    if len(text) < LETTERS:
        return Q(Begins(F("label_key"), small), label__gt="")
    return Q(Contains(Lower(F("label")), small))


def labels_to_read(organization_id: UUID, text: str) -> Iterator[Part]:
    """PostgreSQL itself makes the letters small, as it did in the index."""
    yield BY_LABEL if len(text) < LETTERS else BY_LABEL_GRAMS, [organization_id, text]
