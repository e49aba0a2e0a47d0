"""Search by any sequence of digits or letters, fast with a million rows.

An index holds the n-grams of each number (four digits) and of each label (three letters), built by
functions of migration 0004. Every n-gram begins with a mark of its organization, so that rows of
other organizations do not slow a search down. Row-level security evaluates no condition before its
own that could leak rows, and PostgreSQL counts array comparison among these. Therefore two
functions of the owner (migration 0013) read the index and return ids, and the policy then decides
which of those rows are visible.
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

DIGITS_PER_NGRAM, LETTERS_PER_NGRAM = 4, 3  # per n-gram
AREA_CODE_DIGITS = 3  # of a +1 number
ORGANIZATION_MARK_LENGTH = 8  # characters of the organization's id
SORTS_LAST = "\U0010ffff"  # sorts after every label
TRUNK_ZERO = re.compile(r"\(0\)")
NATIONAL_PREFIX_ZEROS = re.compile(r"0+(?=[0-9]{7})")
NgramArray = ArrayField(TextField())
IdQuery = tuple[str, list[Any]]  # a query for ids, and its parameters

PHONE_NUMBER_TABLE = "numbers_phonenumber"
NUMBER_NGRAM_SQL = "SELECT id FROM phone_numbers_with(%s, %s) AS id"
LABEL_NGRAM_SQL = "SELECT id FROM phone_labels_with(%s, %s) AS id"
NUMBER_PREFIX_SQL = f"SELECT id FROM {PHONE_NUMBER_TABLE} WHERE organization_id = %s AND e164 ^@ %s"
LABEL_PREFIX_SQL = (
    f"SELECT id FROM {PHONE_NUMBER_TABLE} WHERE organization_id = %s AND label_key ^@ lower(%s)"
)


@CharField.register_lookup
@TextField.register_lookup
class BeginsLookup(Lookup):
    """A prefix lookup like `startswith`, with an operator that uses an index under row-level
    security."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, of_left = self.process_lhs(compiler, connection)
        right, of_right = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", [*of_left, *of_right]


class NumberGrams(Func):
    """The n-grams of a number: every four consecutive digits, and the last one, two and three after
    `$`."""

    function = "phone_number_grams"
    arity = 2
    output_field = NgramArray


class LabelGrams(Func):
    """The n-grams of a label: every three consecutive characters, in lower case."""

    function = "phone_label_grams"
    arity = 2
    output_field = NgramArray


def label_key() -> Collate:
    """Returns the sort key of labels, which is in an index. Numbers without a label sort last."""
    return Collate(Coalesce(Lower(NullIf("label", Value(""))), Value(SORTS_LAST)), "C")


def build_search_condition(organization_id: UUID, text: str, *, by_grams: bool = True) -> Q:
    """Returns the condition for a search. Letters match labels. Digits match numbers, as people
    write them, and labels as written, unless a plus says that a number is meant.

    Without `by_grams`, the same rows are found by scanning, which is faster for the first few of
    very many rows. The planner cannot know that, as it assumes the n-grams of a word to be
    independent.
    """
    text = text.strip()
    if text.startswith("+") and not is_text_query(text):
        return match_numbers(text)
    found, to_read = match_labels(text), [*label_id_queries(organization_id, text)]
    if not is_text_query(text):
        found |= match_numbers(text)
        to_read += number_id_queries(organization_id, text)
    return found & match_any_query(to_read) if by_grams else found


def is_text_query(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text)) or not re.search(r"[0-9]", text)


def match_any_query(parts: list[IdQuery]) -> Q:
    """Returns the condition that any of the queries matches. Each uses its index, which an OR of
    conditions would not."""
    statement = " UNION ".join(query for query, _values in parts)
    values = [value for _query, each in parts for value in each]
    return Q(pk__in=RawSQL(statement, values))  # noqa: S611  the statements are ours


def extract_search_digits(text: str) -> str:
    """Returns the digits of the text, without what is dialled only within a country: (0), and zeros
    before a long number."""
    digits = re.sub(r"[^0-9]", "", TRUNK_ZERO.sub("", text))
    return (
        NATIONAL_PREFIX_ZEROS.sub("", digits, count=1)
        if NATIONAL_PREFIX_ZEROS.match(digits)
        else digits
    )


def match_numbers(text: str) -> Q:
    """Returns the condition on numbers. Four or more digits match anywhere; fewer match the
    beginning, the end, or the area code of a +1 number. Digits after a plus match the beginning
    only."""
    run = extract_search_digits(text)
    if not run:
        return Q(pk__in=[])  # no digits would match every number
    beginning = Q(e164__begins=f"+{run}")
    if text.startswith("+"):
        return beginning
    if len(run) >= DIGITS_PER_NGRAM:
        return Q(e164__contains=run)
    area = Q(e164__begins=f"+1{run}") if len(run) == AREA_CODE_DIGITS else Q()
    return beginning | Q(e164__endswith=run) | area


def number_id_queries(organization_id: UUID, text: str) -> Iterator[IdQuery]:
    run = extract_search_digits(text)
    if len(run) >= DIGITS_PER_NGRAM:
        yield (
            NUMBER_NGRAM_SQL,
            [organization_id, add_organization_mark(organization_id, split_number_ngrams(run))],
        )
    elif run:
        yield NUMBER_PREFIX_SQL, [organization_id, f"+{run}"]
        yield NUMBER_PREFIX_SQL, [organization_id, f"+1{run}"]
        yield (
            NUMBER_NGRAM_SQL,
            [organization_id, add_organization_mark(organization_id, [f"${run}"])],
        )


def split_number_ngrams(run: str) -> list[str]:
    return [
        run[place : place + DIGITS_PER_NGRAM] for place in range(len(run) - DIGITS_PER_NGRAM + 1)
    ]


def add_organization_mark(organization_id: UUID, grams: list[str]) -> list[str]:
    return [str(organization_id)[:ORGANIZATION_MARK_LENGTH] + gram for gram in grams]


def match_labels(text: str) -> Q:
    """Returns the condition on labels. Three or more characters match anywhere, fewer at the
    beginning."""
    small = Lower(Value(text, output_field=TextField()))
    if len(text) < LETTERS_PER_NGRAM:
        return Q(BeginsLookup(F("label_key"), small), label__gt="")
    return Q(Contains(Lower(F("label")), small))


def label_id_queries(organization_id: UUID, text: str) -> Iterator[IdQuery]:
    """Yields the query for labels. PostgreSQL converts the text to lower case, as it did for the
    index."""
    yield (
        LABEL_PREFIX_SQL if len(text) < LETTERS_PER_NGRAM else LABEL_NGRAM_SQL,
        [organization_id, text],
    )
