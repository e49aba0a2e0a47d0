"""Fields of an imported row in one table, and the comparison of a row with an existing number,
which lets a file change numbers too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from numbers.bulk.imports import options
from numbers.inventory import webhook_url
from numbers.inventory.operations import change_number
from numbers.inventory.reservation import NumberStateConflict
from numbers.models import PhoneNumber, Placement, canonical_e164_expression
from organizations.access.principals import Principal
from organizations.text.rules import trim_text

Status = PhoneNumber.Status
MAX_INVALID_TEXT_LENGTH = (
    200  # characters stored of a text that is too long, to be shown and corrected
)
DESIRED_STATUSES = {
    Status.ACTIVE.value: Status.ACTIVE,
    Status.INACTIVE.value: Status.INACTIVE,
    **dict.fromkeys((Status.PENDING.value, Status.FAILED.value), Status.ACTIVE),
}


@dataclass(frozen=True)
class ImportField:
    """One field: `column` of PhoneNumber ("" for the carrier, which is found by name or sid), its
    title for people, and a check that returns what is wrong with a text, or ""."""

    column: str
    title: Promise
    check: Callable[[str], str]
    most: int = MAX_INVALID_TEXT_LENGTH


def single_line_error(text: str) -> str:
    return options.import_text_error("label", text)


def application_sid_error(text: str) -> str:
    return options.import_text_error("application_sid", text)


def desired_status_error(text: str) -> str:
    if text.strip().lower() in DESIRED_STATUSES:
        return ""
    if text.strip().lower() == Status.DELETED:
        return _("A deleted number cannot be imported: remove the row.")
    return _("One of these is expected: %(known)s.") % {"known": "active, inactive"}


# By the meaning of a file's column, which is also the key in the row's values.
IMPORT_FIELDS: dict[str, ImportField] = {
    "label": ImportField("label", gettext_lazy("Label"), single_line_error),
    "carrier": ImportField("", gettext_lazy("Carrier"), lambda _text: ""),
    "agent_id": ImportField("inbound_agent_id", gettext_lazy("Agent"), single_line_error),
    "outbound_agent_id": ImportField(
        "outbound_agent_id", gettext_lazy("Outbound agent"), single_line_error
    ),
    "application_sid": ImportField(
        "application_sid", gettext_lazy("Application"), application_sid_error
    ),
    "inbound_webhook_url": ImportField(
        "inbound_webhook_url",
        gettext_lazy("Webhook"),
        webhook_url.webhook_url_error,
        most=webhook_url.MAX_URL_LENGTH,
    ),
    "outbound_trunk_id": ImportField("outbound_trunk_id", gettext_lazy("Trunk"), single_line_error),
    "wanted": ImportField("wanted", gettext_lazy("Status"), desired_status_error),
}
NUMBER_FIELDS = {
    name: field for name, field in IMPORT_FIELDS.items() if field.column
}  # fields that are columns of the number


def parse_row_fields(cells: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Returns the values of a row's cells that are not empty, and what is wrong with them, with the
    title of the column before each sentence. The carrier and the names of agents are looked up
    elsewhere."""
    values, wrong = {}, []
    for name in NUMBER_FIELDS.keys() & cells.keys():
        field, text = NUMBER_FIELDS[name], trim_text(cells[name] or "")
        if text and (complaint := field.check(text)):
            wrong.append(f"{field.title}: {complaint}")
            values[name] = text[: field.most]
        elif text:
            values[name] = normalize_field_value(name, text)
    return values, wrong


def normalize_field_value(name: str, text: str) -> str:
    """Returns a valid text as a row stores it and find_differences() compares it."""
    if name == "wanted":
        return DESIRED_STATUSES[text.strip().lower()].value
    return str(UUID(text)) if name == "application_sid" else text


def map_values_to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of a number that the values set, without empty ones."""
    return {field.column: values[name] for name, field in NUMBER_FIELDS.items() if values.get(name)}


# --- existing numbers -----------------------------------------------------------------------------
COMPARED_COLUMNS = (
    *("id", "organization_id", "e164", "status"),
    *(field.column for field in NUMBER_FIELDS.values()),
    *("carrier__voip_carrier_sid", "carrier__name"),
)


def select_comparison_values(numbers: QuerySet[PhoneNumber]) -> QuerySet:
    """Selects what find_differences() and update_rejection_reason() need, as one dict per number,
    with one query."""
    placed = Placement.objects.filter(phone_number=OuterRef("pk"))
    return numbers.values(
        *COMPARED_COLUMNS, line=canonical_e164_expression(), is_placed=Exists(placed)
    )


def find_differences(
    row: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, tuple[str | None, str | None]]:
    """Returns what the values of a row would change in an existing number (`row`, from
    select_comparison_values()), as previous and new values by the keys of IMPORT_FIELDS. An empty
    value changes nothing.

    `values` must be the row's own, because the options that an import sets for all rows, and its
    default carrier, do not request a change. A carrier is reported by name, and a file never
    changes it.
    """
    found = {}
    for name, field in NUMBER_FIELDS.items():
        if (wished := values.get(name)) and wished != (now := text_or_none(row[field.column])):
            found[name] = (now, wished)
    sid = values.get("voip_carrier_sid")
    if sid and sid != text_or_none(row["carrier__voip_carrier_sid"]):
        found["carrier"] = (row["carrier__name"], values.get("carrier") or sid)
    return found


def text_or_none(value: Any) -> str | None:
    """Returns a column as a row of a job stores it, with None for an empty text."""
    return str(value) if value else None


def update_rejection_reason(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Returns why the number (`row`, from select_comparison_values()) cannot get the changes that
    find_differences() found, or ""."""
    if row["status"] == Status.DELETED:
        return _("The number is deleted.")
    if "carrier" in found:
        return _("A file cannot move a number to another carrier: delete it and add it again.")
    if "wanted" not in found:
        return ""
    if not row["is_placed"]:
        return _("It is recorded only: there is nothing on any platform to switch.")
    if row["status"] not in (Status.ACTIVE, Status.INACTIVE):
        words = _("Only an active or inactive number can be switched; this one is %(status)s.")
        return words % {"status": row["status"]}
    return ""


def update_imported_number(
    by: Principal, number_id: UUID, values: Mapping[str, Any], before: Mapping[str, Any]
) -> PhoneNumber:
    """Sets those values that `before` names with the values they replace. Returns the number.
    Raises NumberStateConflict, also if one was changed since the preview, and DoesNotExist."""

    def look(number: PhoneNumber) -> None:
        for name, was in before.items():
            now = text_or_none(getattr(number, NUMBER_FIELDS[name].column))
            if now != was:
                raise NumberStateConflict(changed_since_message(name, now))

    wished = {NUMBER_FIELDS[name].column: values[name] for name in before}
    if "wanted" in wished:
        wished["status"] = wished.pop("wanted")
    if sid := wished.get("application_sid"):
        wished["application_sid"] = UUID(sid)
    return change_number(by, number_id, look=look, **wished)


def changed_since_message(name: str, now: str | None) -> str:
    if now is None:
        words = _("It was changed since the preview, and is empty now.")
    else:
        words = _("It was changed since the preview, and is “%(now)s” now.") % {"now": now}
    return f"{NUMBER_FIELDS[name].title}: {words}"
