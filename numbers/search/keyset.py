"""Sort orders of the number list, each supported by an index, and keyset pagination in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    DateTimeField,
    F,
    Field,
    Func,
    OrderBy,
    QuerySet,
    TextField,
    UUIDField,
    Value,
)
from django.utils.translation import gettext_lazy as _

from numbers.models import PhoneNumber

KeysetPosition = tuple[Any, UUID]  # the sort key and the id of a row


class BytewiseOrder(OrderBy):
    """An order by bytes, whatever the collation, as in the index that finds numbers by prefix."""

    template = "%(expression)s USING %(ordering)s"

    def as_sql(self, compiler, connection, template=None, **extra):
        # Django looks for the words in the comments in every order.
        ordering = "~>~ /* DESC */" if self.descending else "~<~ /* ASC */"
        return super().as_sql(compiler, connection, template, ordering=ordering, **extra)


class KeysetComparison(Func):
    """A comparison that a row's key and id, taken as a pair, come after a position. An index finds
    the position directly."""

    arity = 4
    output_field = BooleanField()
    sign = ">"

    def as_sql(self, compiler, connection, **extra):
        compiled = [compiler.compile(each) for each in self.source_expressions]
        (key, id_, place, place_id), params = zip(*compiled, strict=True)
        sql = f"(({key}, {id_}) {self.extra['sign']} ({place}, {place_id}))"
        return sql, [value for each in params for value in each]


class BytewiseKeysetComparison(Func):
    """The same comparison in bytewise order, which is not defined for ids, so that key and id are
    compared one after the other. Equal keys are rare."""

    arity = 4
    output_field = BooleanField()

    def as_sql(self, compiler, connection, **extra):
        compiled = [compiler.compile(each) for each in self.source_expressions]
        (key, k), (id_, i), (place, p), (place_id, pi) = compiled
        sign = self.extra["sign"]
        sql = f"({key} ~{sign}=~ {place} AND ({key} ~{sign}~ {place} OR {id_} {sign} {place_id}))"
        return sql, [*k, *p, *k, *p, *i, *pi]


@dataclass(frozen=True)
class SortOrder:
    """One order of the number list. `key` is in an index between the organization and the id."""

    title: Any
    key: Callable[[], Any]
    field: Field
    descending: bool = False
    order: type[OrderBy] = OrderBy
    beyond: type[Func] = KeysetComparison

    def rows(
        self,
        numbers: QuerySet[PhoneNumber],
        *,
        behind: KeysetPosition | None = None,
        turned: bool = False,
    ) -> QuerySet[PhoneNumber]:
        """Returns the rows after a position, or from the start; with `turned`, in reverse order.
        Each row has its sort key as `place_key`."""
        descending = self.descending != turned
        if behind:
            key, row_id = behind
            place = (Value(key, self.field), Value(row_id, UUIDField()))
            sign = "<" if descending else ">"
            numbers = numbers.filter(self.beyond(self.key(), F("pk"), *place, sign=sign))
        orders = [self.order(self.key(), descending=descending), OrderBy(F("pk"), descending)]
        return numbers.annotate(place_key=self.key()).order_by(*orders)


def keyset_position(row: PhoneNumber) -> KeysetPosition:
    return row.place_key, row.pk


TIMESTAMP_FIELD, TEXT_FIELD = DateTimeField(), TextField()
SORT_ORDERS = {
    "newest": SortOrder(
        _("newest first"), lambda: F("created_at"), TIMESTAMP_FIELD, descending=True
    ),
    "oldest": SortOrder(_("oldest first"), lambda: F("created_at"), TIMESTAMP_FIELD),
    "number": SortOrder(
        _("by number"),
        lambda: F("e164"),
        TEXT_FIELD,
        order=BytewiseOrder,
        beyond=BytewiseKeysetComparison,
    ),
    "label": SortOrder(_("by label"), lambda: F("label_key"), TEXT_FIELD),
    "changed": SortOrder(
        _("last changed first"), lambda: F("updated_at"), TIMESTAMP_FIELD, descending=True
    ),
}


@dataclass(frozen=True)
class KeysetPage:
    """Consecutive rows, and whether there are others before (`ahead`) and after (`behind`) them."""

    rows: Sequence[PhoneNumber]
    ahead: bool = False
    behind: bool = False


def fetch_keyset_page(
    numbers: QuerySet[PhoneNumber],
    order: SortOrder,
    *,
    size: int,
    place: KeysetPosition | None = None,
    turned: bool = False,
) -> KeysetPage:
    """Returns at most `size` rows after `place` or, with `turned`, just before it. The first page
    is a full one from either direction."""
    found = list(order.rows(numbers, behind=place, turned=turned)[: size + 1])
    more, shown = len(found) > size, found[:size]
    if not turned:
        return KeysetPage(shown, ahead=place is not None, behind=more)
    if not more:
        return fetch_keyset_page(numbers, order, size=size)
    return KeysetPage(shown[::-1], ahead=True, behind=True)


def is_timestamp_field(field: Field) -> bool:
    return isinstance(field, DateTimeField)


def parse_keyset_key(order: SortOrder, text: str) -> datetime | str:
    """Parses the sort key of a position. Raises ValueError."""
    if "\0" in text or len(text) > 200:
        raise ValueError(text)
    text.encode()
    if not is_timestamp_field(order.field):
        return text
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
