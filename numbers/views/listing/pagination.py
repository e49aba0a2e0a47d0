"""Pages of the list: the cursor in the URL, and the links to the pages beside it."""

import base64
import json
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from numbers.models import PhoneNumber
from numbers.search.keyset import (
    SORT_ORDERS,
    KeysetPosition,
    SortOrder,
    fetch_keyset_page,
    is_timestamp_field,
    keyset_position,
    parse_keyset_key,
)

PAGE_SIZES, DEFAULT_PAGE_SIZE, DEFAULT_SORT = (25, 50, 100), 50, "newest"
CURSOR_PARAMETER = "page"  # name of the URL parameter


@dataclass(frozen=True)
class NumberPage:
    """A page. `newer` and `older` are the query strings of the pages before and after it, or ""."""

    rows: list[PhoneNumber]
    newer: str
    older: str
    is_all: bool


def number_page(numbers: QuerySet[PhoneNumber], query: QueryDict) -> NumberPage:
    """Returns the page that the query names. Invalid values for size, order and cursor are
    ignored."""
    order, size = SORT_ORDERS[selected_sort(query)], selected_page_size(query)
    place, turned = decode_page_cursor(order, query.get(CURSOR_PARAMETER, ""))
    found = fetch_keyset_page(numbers, order, size=size, place=place, turned=turned)
    rows = list(found.rows)
    newer = page_link(query, order, rows[0], turned=True) if rows and found.ahead else ""
    if found.ahead and not rows:
        newer = changed_query_string(query, **{CURSOR_PARAMETER: None})
    older = page_link(query, order, rows[-1], turned=False) if found.behind else ""
    return NumberPage(rows, newer, older, is_all=not (found.ahead or found.behind))


def selected_sort(query: QueryDict) -> str:
    return query["sort"] if query.get("sort") in SORT_ORDERS else DEFAULT_SORT


def selected_page_size(query: QueryDict) -> int:
    return next((size for size in PAGE_SIZES if query.get("size") == str(size)), DEFAULT_PAGE_SIZE)


def page_link(query: QueryDict, order: SortOrder, row: PhoneNumber, *, turned: bool) -> str:
    return changed_query_string(
        query, **{CURSOR_PARAMETER: encode_page_cursor(order, keyset_position(row), turned=turned)}
    )


def changed_query_string(query: QueryDict, **changes: str | None) -> str:
    """Returns the query string with the changes applied. None removes a parameter."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return f"?{changed.urlencode()}"


def encode_page_cursor(order: SortOrder, place: KeysetPosition, *, turned: bool) -> str:
    key, row_id = place
    text = key.isoformat() if is_timestamp_field(order.field) else key
    raw = json.dumps([int(turned), text, row_id.hex], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_page_cursor(order: SortOrder, text: str) -> tuple[KeysetPosition | None, bool]:
    """Returns the position, and whether the page before it is requested. Returns (None, False) if
    the cursor is invalid or of another sort order."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        turned, key, row_id = json.loads(raw)
        return (parse_keyset_key(order, key), UUID(row_id)), bool(turned)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None, False
