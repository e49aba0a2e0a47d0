"""Lists in pages, newest first; a cursor is a place in (created_at, id) that only we can write."""

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

from organizations.api.queries import Reader, integer, reading

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLACE = struct.Struct(">q16s")  # microseconds, UUID
SEAL_LENGTH = 8
Place = tuple[datetime, UUID]


def write_cursor(created_at: datetime, row_id: UUID) -> str:
    place = PLACE.pack((created_at - EPOCH) // timedelta(microseconds=1), row_id.bytes)
    return base64.urlsafe_b64encode(place + seal(place)).decode().rstrip("=")


@reading(type="string")
def read_cursor(text: str) -> Place:
    """`next_cursor` of the page before."""
    refused = ValueError(_("This is no cursor of ours: send a next_cursor as you received it."))
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place, sealed = raw[: PLACE.size], raw[PLACE.size :]
        microseconds, row_id = PLACE.unpack(place)
    except (ValueError, struct.error):
        raise refused from None
    if not hmac.compare_digest(sealed, seal(place)):
        raise refused
    found = EPOCH + timedelta(microseconds=microseconds), UUID(bytes=row_id)
    if write_cursor(*found) != text:  # base64's last character has bits that say nothing
        raise refused
    return found


def seal(place: bytes) -> bytes:
    return salted_hmac("organizations.api.pages", place, algorithm="sha256").digest()[:SEAL_LENGTH]


@reading(type="integer", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
def read_limit(text: str) -> int:
    """The size of the page."""
    return integer(1, MAX_LIMIT)(text)


PAGING: dict[str, Reader] = {"limit": read_limit, "cursor": read_cursor}


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
