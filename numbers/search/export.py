"""Export of any number list as rows of a file, in little memory.

The list is read in pages, in an order that changes do not affect, so that no statement runs long
and no number is missing or repeated.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from numbers.bulk.imports.carrier_names import carriers_by_name, reimportable_carrier_name
from numbers.inventory.integration_visibility import (
    integration_name_or_placeholder,
    own_integration_name,
)
from numbers.models import PhoneNumber
from numbers.numbering.e164 import E164_PATTERN
from numbers.search.keyset import SORT_ORDERS, SortOrder, parse_keyset_key
from organizations.access.principals import Principal
from organizations.exports.export_kinds import ExportChunk
from organizations.exports.rows import escape_formula
from organizations.models import Organization

EXPORT_PAGE_SIZE = 2_000
MAX_EXCEL_ROWS = 100_000
CARRIER_NAME_FIELD = "carrier__name"
EXPORT_FIELDS = {
    "number": "e164",
    "label": "label",
    "status": "status",
    "wanted": "wanted",
    "reason": "error_message",
    "carrier": CARRIER_NAME_FIELD,
    "integration": "",
    "agent": "inbound_agent_id",
    "outbound_agent": "outbound_agent_id",
    "application": "application_sid",
    "webhook": "inbound_webhook_url",
    "trunk": "outbound_trunk_id",
    "source": "source",
    "added": "created_at",
    "changed": "updated_at",
    "id": "id",
}
STABLE_ORDERS = ("newest", "oldest", "number")


def iterate_export_chunks(
    by: Principal, numbers: QuerySet[PhoneNumber], *, order: str, after: list[str] | None = None
) -> Iterator[ExportChunk]:
    """Yields chunks with one list of texts per number, in the order of EXPORT_FIELDS. Times are in
    UTC, and a carrier is named so that an import finds it again. `after` is the cursor of the last
    chunk."""
    carriers = carriers_by_name(by)
    steady = SORT_ORDERS[order if order in STABLE_ORDERS else "newest"]
    for found in iterate_number_pages(numbers, steady, after):
        names = integration_names_by_number(by.organization, [row["id"] for row in found])
        rows = [build_export_cells(row, names.get(row["id"], ""), carriers) for row in found]
        yield ExportChunk(rows, export_cursor(found[-1]))


def build_export_cells(
    row: dict[str, Any], integrations: str, carriers: dict[str, Any]
) -> list[str]:
    name, sid = row[CARRIER_NAME_FIELD] or "", format_export_value(row["carrier__voip_carrier_sid"])
    told = {
        **row,
        "": integrations,
        CARRIER_NAME_FIELD: reimportable_carrier_name(name, sid, carriers),
    }
    return [format_export_value(told[field]) for field in EXPORT_FIELDS.values()]


def export_cursor(row: dict[str, Any]) -> list[str]:
    key = row["place_key"]
    return [key if isinstance(key, str) else key.isoformat(), str(row["id"])]


def iterate_number_pages(
    numbers: QuerySet[PhoneNumber], order: SortOrder, after: list[str] | None
) -> Iterator[list[dict[str, Any]]]:
    wanted = [*filter(None, EXPORT_FIELDS.values()), "carrier__voip_carrier_sid", "place_key"]
    place = (parse_keyset_key(order, after[0]), UUID(after[1])) if after else None
    while True:
        found = list(order.rows(numbers, behind=place).values(*wanted)[:EXPORT_PAGE_SIZE])
        if found:
            yield found
        if len(found) < EXPORT_PAGE_SIZE:
            return
        place = (found[-1]["place_key"], found[-1]["id"])


def integration_names_by_number(organization: Organization, ids: list) -> dict[Any, str]:
    placed = organization.placements.filter(phone_number__in=ids).order_by("role")
    names: dict[Any, list[str]] = {}
    for number_id, own in placed.values_list("phone_number", own_integration_name(organization)):
        name = integration_name_or_placeholder(own)
        if name not in names.setdefault(number_id, []):
            names[number_id].append(name)
    return {number_id: ", ".join(found) for number_id, found in names.items()}


def format_export_value(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def escape_spreadsheet_cell(text: str) -> str:
    """Returns the text escaped for a spreadsheet. A number in E.164 cannot be a formula and stays
    unchanged."""
    return text if E164_PATTERN.fullmatch(text) else escape_formula(text)
