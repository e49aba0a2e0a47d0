"""Numbers as rows of a file: any list, in little memory.

They are walked in pages by an order that no change disturbs, so that no statement is long, and
nothing is left out or told twice.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from numbers.bulk.imports.carrier_names import carrier_again, carriers_by_name
from numbers.inventory.integration_visibility import own_name, told
from numbers.models import PhoneNumber
from numbers.numbering.e164 import SHAPE
from numbers.search.keyset import ORDERS, Order, read_key
from organizations.access.principals import Principal
from organizations.exports.export_kinds import Portion
from organizations.exports.rows import safe_cell
from organizations.models import Organization

AT_ONCE = 2_000
MOST_IN_EXCEL = 100_000
CARRIER = "carrier__name"
FIELDS = {
    "number": "e164",
    "label": "label",
    "status": "status",
    "wanted": "wanted",
    "reason": "error_message",
    "carrier": CARRIER,
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
STEADY = ("newest", "oldest", "number")


def portions(
    by: Principal, numbers: QuerySet[PhoneNumber], *, order: str, after: list[str] | None = None
) -> Iterator[Portion]:
    """One list of texts per number, as FIELDS has them: moments in UTC, a carrier so that an import
    finds it again. `after` is the place of a portion."""
    carriers = carriers_by_name(by)
    steady = ORDERS[order if order in STEADY else "newest"]
    for found in pages(numbers, steady, after):
        names = names_of_integrations(by.organization, [row["id"] for row in found])
        rows = [cells(row, names.get(row["id"], ""), carriers) for row in found]
        yield Portion(rows, place_of(found[-1]))


def cells(row: dict[str, Any], integrations: str, carriers: dict[str, Any]) -> list[str]:
    name, sid = row[CARRIER] or "", text_of(row["carrier__voip_carrier_sid"])
    told = {**row, "": integrations, CARRIER: carrier_again(name, sid, carriers)}
    return [text_of(told[field]) for field in FIELDS.values()]


def place_of(row: dict[str, Any]) -> list[str]:
    key = row["place_key"]
    return [key if isinstance(key, str) else key.isoformat(), str(row["id"])]


def pages(
    numbers: QuerySet[PhoneNumber], order: Order, after: list[str] | None
) -> Iterator[list[dict[str, Any]]]:
    wanted = [*filter(None, FIELDS.values()), "carrier__voip_carrier_sid", "place_key"]
    place = (read_key(order, after[0]), UUID(after[1])) if after else None
    while True:
        found = list(order.rows(numbers, behind=place).values(*wanted)[:AT_ONCE])
        if found:
            yield found
        if len(found) < AT_ONCE:
            return
        place = (found[-1]["place_key"], found[-1]["id"])


def names_of_integrations(organization: Organization, ids: list) -> dict[Any, str]:
    placed = organization.placements.filter(phone_number__in=ids).order_by("role")
    names: dict[Any, list[str]] = {}
    for number_id, own in placed.values_list("phone_number", own_name(organization)):
        name = told(own)
        if name not in names.setdefault(number_id, []):
            names[number_id].append(name)
    return {number_id: ", ".join(found) for number_id, found in names.items()}


def text_of(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def harmless(text: str) -> str:
    """For a spreadsheet; a number in E.164 can be no formula and stays as it is."""
    return text if SHAPE.fullmatch(text) else safe_cell(text)
