"""The list's pages: a place in the URL, and the links to the pages beside it."""

import base64
import json
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from numbers.models import PhoneNumber
from numbers.search.keyset import ORDERS, Order, Place, is_moment, place_of, read_key, window

SIZES, SIZE, SORT = (25, 50, 100), 50, "newest"
PLACE = "page"  # its name in the URL


@dataclass(frozen=True)
class Paged:
    """A page; `newer` and `older` are the query strings of those before and behind it, or ""."""

    rows: list[PhoneNumber]
    newer: str
    older: str
    is_all: bool


def page(numbers: QuerySet[PhoneNumber], query: QueryDict) -> Paged:
    """Nonsense about size, order and place is as if it were not there."""
    order, size = ORDERS[sort_in(query)], size_in(query)
    place, turned = read_place(order, query.get(PLACE, ""))
    found = window(numbers, order, size=size, place=place, turned=turned)
    rows = list(found.rows)
    newer = link(query, order, rows[0], turned=True) if rows and found.ahead else ""
    if found.ahead and not rows:
        newer = with_query(query, **{PLACE: None})
    older = link(query, order, rows[-1], turned=False) if found.behind else ""
    return Paged(rows, newer, older, is_all=not (found.ahead or found.behind))


def sort_in(query: QueryDict) -> str:
    return query["sort"] if query.get("sort") in ORDERS else SORT


def size_in(query: QueryDict) -> int:
    return next((size for size in SIZES if query.get("size") == str(size)), SIZE)


def link(query: QueryDict, order: Order, row: PhoneNumber, *, turned: bool) -> str:
    return with_query(query, **{PLACE: write_place(order, place_of(row), turned=turned)})


def with_query(query: QueryDict, **changes: str | None) -> str:
    """The URL's query with some of it changed; None takes away."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return f"?{changed.urlencode()}"


def write_place(order: Order, place: Place, *, turned: bool) -> str:
    key, row_id = place
    text = key.isoformat() if is_moment(order.field) else key
    raw = json.dumps([int(turned), text, row_id.hex], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_place(order: Order, text: str) -> tuple[Place | None, bool]:
    """The place, and whether what is ahead of it is asked for; none, if it is none of this
    order's."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        turned, key, row_id = json.loads(raw)
        return (read_key(order, key), UUID(row_id)), bool(turned)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None, False
