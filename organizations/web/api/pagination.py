"""Pagination of lists, newest first. A cursor is a signed position in (created_at, id), or in ids
that count up."""

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

from organizations.web.api.query_parameters import ParameterParser, integer_parser, parameter_schema

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR_STRUCT = struct.Struct(">q16s")  # microseconds, UUID
ID_CURSOR_STRUCT = struct.Struct(">q")
SIGNATURE_LENGTH = 8
CursorPosition = tuple[datetime, UUID]


def encode_cursor(created_at: datetime, row_id: UUID) -> str:
    microseconds = (created_at - EPOCH) // timedelta(microseconds=1)
    return sign_cursor(CURSOR_STRUCT.pack(microseconds, row_id.bytes))


@parameter_schema(type="string")
def decode_cursor(text: str) -> CursorPosition:
    """`next_cursor` of the page before."""
    microseconds, row_id = verify_cursor(text, CURSOR_STRUCT)
    return EPOCH + timedelta(microseconds=microseconds), UUID(bytes=row_id)


@parameter_schema(type="string")
def decode_id_cursor(text: str) -> int:
    """`next_cursor` of the page before."""
    return verify_cursor(text, ID_CURSOR_STRUCT)[0]


def sign_cursor(place: bytes) -> str:
    return base64.urlsafe_b64encode(place + cursor_signature(place)).decode().rstrip("=")


def verify_cursor(text: str, shape: struct.Struct) -> tuple[Any, ...]:
    refused = ValueError(_("This is no cursor of ours: send a next_cursor as you received it."))
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise refused from None
    place, found = raw[: shape.size], raw[shape.size :]
    if len(place) != shape.size or not hmac.compare_digest(found, cursor_signature(place)):
        raise refused
    if sign_cursor(place) != text:  # base64's last character has unused bits
        raise refused
    return shape.unpack(place)


def cursor_signature(place: bytes) -> bytes:
    return salted_hmac("organizations.web.api.pagination", place, algorithm="sha256").digest()[
        :SIGNATURE_LENGTH
    ]


@parameter_schema(type="integer", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
def parse_limit(text: str) -> int:
    """The size of the page."""
    return integer_parser(1, MAX_LIMIT)(text)


PAGE_PARAMETERS: dict[str, ParameterParser] = {"limit": parse_limit, "cursor": decode_cursor}
ID_PAGE_PARAMETERS: dict[str, ParameterParser] = {"limit": parse_limit, "cursor": decode_id_cursor}


def fetch_page_rows(rows: QuerySet, query: dict[str, Any]) -> list[Any]:
    """Returns the rows of the page that `query` (parsed by PAGE_PARAMETERS) selects, and one more
    row if there is a next page."""
    return list(page_queryset(rows, query))


def page_queryset(rows: QuerySet, query: dict[str, Any]) -> QuerySet:
    if place := query.get("cursor"):
        created_at, row_id = place
        rows = rows.filter(created_at__lte=created_at)
        rows = rows.exclude(created_at=created_at, id__gte=row_id)
    return rows.order_by("-created_at", "-id")[: query.get("limit", DEFAULT_LIMIT) + 1]


def page_envelope(
    rows: Sequence[Any], limit: int = DEFAULT_LIMIT, represent: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """Returns the envelope around at most `limit` rows. One more row means that there is a next
    page."""
    shown = rows[:limit]
    data = [represent(row) for row in shown] if represent else list(shown)
    return {"data": data, "next_cursor": row_cursor(shown[-1]) if len(rows) > limit else None}


def row_cursor(row: Any) -> str:
    if isinstance(row, dict):
        return encode_cursor(row["created_at"], row["id"])
    return encode_cursor(row.created_at, row.id)


def paginate_rows(
    rows: QuerySet, query: dict[str, Any], represent: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """Returns a page of rows, by fetch_page_rows and page_envelope. Most lists use this."""
    return page_envelope(fetch_page_rows(rows, query), query.get("limit", DEFAULT_LIMIT), represent)


def paginate_by_id(
    rows: QuerySet, query: dict[str, Any], represent: Callable[[Any], Any]
) -> dict[str, Any]:
    """Does the same as paginate_rows for rows whose ids count up. `query` is parsed by
    ID_PAGE_PARAMETERS."""
    limit = query.get("limit", DEFAULT_LIMIT)
    if "cursor" in query:
        rows = rows.filter(pk__lt=query["cursor"])
    found = list(rows.order_by("-pk")[: limit + 1])
    last = sign_cursor(ID_CURSOR_STRUCT.pack(found[limit - 1].pk)) if len(found) > limit else None
    return {"data": [represent(row) for row in found[:limit]], "next_cursor": last}
