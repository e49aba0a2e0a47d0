"""Lists in pages, newest first; a cursor is a place in (created_at, id), or in ids that count up,
that only we can write."""

import base64
import hmac
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from organizations.web.api.query_parameters import Reader, integer, reading

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLACE = struct.Struct(">q16s")  # microseconds, UUID
ID_PLACE = struct.Struct(">q")
SEAL_LENGTH = 8
Place = tuple[datetime, UUID]


def write_cursor(created_at: datetime, row_id: UUID) -> str:
    microseconds = (created_at - EPOCH) // timedelta(microseconds=1)
    return sealed(PLACE.pack(microseconds, row_id.bytes))


@reading(type="string")
def read_cursor(text: str) -> Place:
    """`next_cursor` of the page before."""
    microseconds, row_id = unsealed(text, PLACE)
    return EPOCH + timedelta(microseconds=microseconds), UUID(bytes=row_id)


@reading(type="string")
def read_id_cursor(text: str) -> int:
    """`next_cursor` of the page before."""
    return unsealed(text, ID_PLACE)[0]


def sealed(place: bytes) -> str:
    return base64.urlsafe_b64encode(place + seal(place)).decode().rstrip("=")


def unsealed(text: str, shape: struct.Struct) -> tuple[Any, ...]:
    refused = ValueError(_("This is no cursor of ours: send a next_cursor as you received it."))
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise refused from None
    place, found = raw[: shape.size], raw[shape.size :]
    if len(place) != shape.size or not hmac.compare_digest(found, seal(place)):
        raise refused
    if sealed(place) != text:  # base64's last character has bits that say nothing
        raise refused
    return shape.unpack(place)


def seal(place: bytes) -> bytes:
    return salted_hmac("organizations.web.api.pagination", place, algorithm="sha256").digest()[
        :SEAL_LENGTH
    ]


@reading(type="integer", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
def read_limit(text: str) -> int:
    """The size of the page."""
    return integer(1, MAX_LIMIT)(text)


PAGING: dict[str, Reader] = {"limit": read_limit, "cursor": read_cursor}
ID_PAGING: dict[str, Reader] = {"limit": read_limit, "cursor": read_id_cursor}


def window(rows: QuerySet, query: dict[str, Any]) -> list[Any]:
    """The rows of the page that `query` (with PAGING) asks for, and one more if there is one."""
    return list(paged(rows, query))


def paged(rows: QuerySet, query: dict[str, Any]) -> QuerySet:
    if place := query.get("cursor"):
        created_at, row_id = place
        rows = rows.filter(created_at__lte=created_at)
        rows = rows.exclude(created_at=created_at, id__gte=row_id)
    return rows.order_by("-created_at", "-id")[: query.get("limit", DEFAULT_LIMIT) + 1]


def page_of(
    rows: Sequence[Any], limit: int = DEFAULT_LIMIT, represent: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """The envelope around at most `limit` rows; one row more says that there is a next page."""
    shown = rows[:limit]
    data = [represent(row) for row in shown] if represent else list(shown)
    return {"data": data, "next_cursor": place_of(shown[-1]) if len(rows) > limit else None}


def place_of(row: Any) -> str:
    if isinstance(row, dict):
        return write_cursor(row["created_at"], row["id"])
    return write_cursor(row.created_at, row.id)


def page(
    rows: QuerySet, query: dict[str, Any], represent: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """`window` and `page_of` in one, as most lists want it."""
    return page_of(window(rows, query), query.get("limit", DEFAULT_LIMIT), represent)


def page_by_id(
    rows: QuerySet, query: dict[str, Any], represent: Callable[[Any], Any]
) -> dict[str, Any]:
    """`page` for rows whose ids count up; `query` is read with ID_PAGING."""
    limit = query.get("limit", DEFAULT_LIMIT)
    if "cursor" in query:
        rows = rows.filter(pk__lt=query["cursor"])
    found = list(rows.order_by("-pk")[: limit + 1])
    last = sealed(ID_PLACE.pack(found[limit - 1].pk)) if len(found) > limit else None
    return {"data": [represent(row) for row in found[:limit]], "next_cursor": last}
