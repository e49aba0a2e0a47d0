"""What every exported list needs: cells that are harmless in a spreadsheet, rows in portions."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")
CHUNK_SIZE = 2_000


def escape_formula(text: object) -> str:
    """As text that no spreadsheet takes for a formula: what begins like one gets an apostrophe, and
    what has one there already gets another, by which to tell whose it was."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.lstrip("'").startswith(FORMULA_PREFIXES) else plain


def iterate_row_chunks(rows: QuerySet, order: str, after: Any = None) -> Iterator[list[Any]]:
    """Lists of rows by a column that no two share, `-` for backwards, behind the value `after`.
    Each is asked for by itself: a cursor outside a transaction reads all of them in its first
    statement, which may be too long."""
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
