"""Numbers as CSV or Excel, row by row: any list, in little memory.

The rows are walked in pages by an order that no change disturbs, so that no statement is long, no
transaction waits for a slow reader, and nothing is left out or told twice.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import IO, Any

import xlsxwriter
from django.db.models import QuerySet

from numbers.carrier_names import carrier_again, carriers_by_name
from numbers.e164 import SHAPE
from numbers.models import PhoneNumber
from numbers.ordering import ORDERS, Order
from numbers.platform_names import own_name, told
from organizations.exports import safe_cell
from organizations.models import Organization
from organizations.principals import Principal

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


def rows(by: Principal, numbers: QuerySet[PhoneNumber], *, order: str) -> Iterator[list[str]]:
    """One list of texts per number, as FIELDS has them: moments in UTC, a carrier so that an import
    finds it again."""
    carriers = carriers_by_name(by)
    for found in pages(numbers, ORDERS[order if order in STEADY else "newest"]):
        names = names_of_integrations(by.organization, [row["id"] for row in found])
        for row in found:
            row[""] = names.get(row["id"], "")
            name, sid = row[CARRIER] or "", text_of(row["carrier__voip_carrier_sid"])
            row[CARRIER] = carrier_again(name, sid, carriers)
            yield [text_of(row[field]) for field in FIELDS.values()]


def pages(numbers: QuerySet[PhoneNumber], order: Order) -> Iterator[list[dict[str, Any]]]:
    wanted = [*filter(None, FIELDS.values()), "carrier__voip_carrier_sid"]
    place = None
    while True:
        found = list(order.rows(numbers, behind=place).values(*wanted, "place_key")[:AT_ONCE])
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


class Line:
    """A file for csv.writer that hands back what was written."""

    def write(self, text: str) -> str:
        return text


def as_csv(table: Iterable[list[str]]) -> Iterator[bytes]:
    """With a heading, and a mark by which Excel knows UTF-8. A text that a spreadsheet would take
    for a formula gets an apostrophe in front; a number in E.164 can be none and stays as it is."""
    writer = csv.writer(Line())
    yield b"\xef\xbb\xbf" + writer.writerow(FIELDS).encode()
    lines: list[str] = []
    for row in table:
        lines.append(writer.writerow([harmless(text) for text in row]))
        if len(lines) == AT_ONCE // 4:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def harmless(text: str) -> str:
    return text if SHAPE.fullmatch(text) else safe_cell(text)


def as_excel(table: Iterable[list[str]], file: IO[bytes]) -> None:
    """Every cell is a text, which no spreadsheet calculates."""
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet("numbers")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(FIELDS), 18)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(FIELDS):
        sheet.write_string(0, column, name, bold)
    for line, row in enumerate(table, 1):
        for column, text in enumerate(row):
            sheet.write_string(line, column, text)
    book.close()
