"""Rows as CSV: written while they are read, and harmless in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone, translation

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
AT_ONCE = 2_000


def safe_cell(text: object) -> str:
    """As text that no spreadsheet takes for a formula: what begins like one gets an apostrophe, and
    what has one there already gets another, by which to tell whose it was."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.lstrip("'").startswith(FORMULA_STARTS) else plain


class Echo:
    """A file that keeps nothing: what is written is the answer."""

    def write(self, value: str) -> str:
        return value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def portions(rows: QuerySet, order: str) -> Iterator[Any]:
    """Row after row by a column that no two share, `-` for backwards. Asked for in portions: a
    cursor outside a transaction reads all of them in its first statement, which may be too long."""
    name, beyond = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    ahead = rows.order_by(order)
    while found := list(ahead[:AT_ONCE]):
        yield from found
        ahead = rows.order_by(order).filter(**{f"{name}__{beyond}": getattr(found[-1], name)})


def as_now(lines: Iterable[Any]) -> Iterator[Any]:
    """In the language and the zone of this moment: an answer is streamed when its request is over,
    and the thread speaks another reader's."""
    return spoken(iter(lines), translation.get_language(), timezone.get_current_timezone())


def spoken(lines: Iterator[Any], language: str | None, zone: Any) -> Iterator[Any]:
    done = object()
    while True:
        with translation.override(language), timezone.override(zone):
            line = next(lines, done)
        if line is done:
            return
        yield line


def csv_answer(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """A download, streamed: no list is too long for it. It begins with the mark by which Excel
    knows UTF-8."""
    lines = as_now(chain("\ufeff", csv_lines(header, rows)))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
