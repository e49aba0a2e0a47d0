"""Helpers for every exported list: cells that are harmless in a spreadsheet, and rows in chunks."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")
CHUNK_SIZE = 2_000


def escape_formula(text: object) -> str:
    """Returns the value as text that no spreadsheet treats as a formula. Text that begins like a
    formula gets an apostrophe, and text that already has one there gets another, so that the
    original can be recovered."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.lstrip("'").startswith(FORMULA_PREFIXES) else plain


def iterate_row_chunks(rows: QuerySet, order: str, after: Any = None) -> Iterator[list[Any]]:
    """Yields lists of rows in the order of a unique column (`-` for descending), after the value
    `after`. Each list is a query of its own, because a cursor outside a transaction reads all rows
    in its first statement, which may take too long."""
    name, beyond = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    while True:
        ahead = rows.order_by(order)
        if after is not None:
            ahead = ahead.filter(**{f"{name}__{beyond}": after})
        found = list(ahead[:CHUNK_SIZE])
        if not found:
            return
        yield found
        after = getattr(found[-1], name)
