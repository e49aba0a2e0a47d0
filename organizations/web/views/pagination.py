"""Keyset pagination of rows with `created_at` and `id`, newest first, forward and back."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from organizations.web.api.pagination import CursorPosition, decode_cursor, row_cursor

PAGE_SIZE = 50
OLDER, NEWER = "older_than", "newer_than"  # query parameters, whose value is a cursor


@dataclass(frozen=True)
class Pager:
    """The rows of one page. `newer` and `older` are the query strings of the neighbouring pages."""

    rows: list[Any]
    newer: str = ""
    older: str = ""


def paginate_keyset(rows: QuerySet, query: QueryDict, *, size: int = PAGE_SIZE) -> Pager:
    """Returns the page that the query string selects, or the first page if its cursor is
    invalid."""
    older, newer = read_page_cursor(query, OLDER), read_page_cursor(query, NEWER)
    if newer and not older:
        found = list(
            rows.filter(keyset_condition("gt", newer)).order_by("created_at", "id")[: size + 1]
        )
        return build_pager(query, found[:size][::-1], has_newer=len(found) > size, has_older=True)
    if older:
        rows = rows.filter(keyset_condition("lt", older))
    found = list(rows.order_by("-created_at", "-id")[: size + 1])
    return build_pager(query, found[:size], has_newer=bool(older), has_older=len(found) > size)


def build_pager(query: QueryDict, shown: list[Any], *, has_newer: bool, has_older: bool) -> Pager:
    if not shown:
        return Pager(shown)
    newer = page_query_string(query, NEWER, shown[0]) if has_newer else ""
    older = page_query_string(query, OLDER, shown[-1]) if has_older else ""
    return Pager(shown, newer, older)


def keyset_condition(direction: str, place: CursorPosition) -> Q:
    created_at, row_id = place
    same = Q(created_at=created_at, **{f"id__{direction}": row_id})
    return Q(**{f"created_at__{direction}": created_at}) | same


def read_page_cursor(query: QueryDict, name: str) -> CursorPosition | None:
    try:
        return decode_cursor(query[name]) if query.get(name) else None
    except ValueError:
        return None


def page_query_string(query: QueryDict, name: str, row: Any) -> str:
    kept = query.copy()
    for parameter in (OLDER, NEWER):
        kept.pop(parameter, None)
    kept[name] = row_cursor(row)
    return f"?{kept.urlencode()}"
