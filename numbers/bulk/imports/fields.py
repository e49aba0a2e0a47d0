"""What a row of an import may say of its number: one table; and what of it an existing number does
not have yet, so that a file can change numbers too."""

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
from numbers.inventory.reservation import NotPossibleNow
from numbers.models import PhoneNumber, Placement, line
from organizations.access.principals import Principal
from organizations.text.rules import trimmed

Status = PhoneNumber.Status
SHOWN = 200  # characters that a row keeps of a text that is too long, to be shown and mended
WISHES = {
    Status.ACTIVE.value: Status.ACTIVE,
    Status.INACTIVE.value: Status.INACTIVE,
    **dict.fromkeys((Status.PENDING.value, Status.FAILED.value), Status.ACTIVE),
}


@dataclass(frozen=True)
class Field:
    """`column` of PhoneNumber ("" for the carrier, which is found by name or sid), its title for
    people, and what is wrong with a text as its value, or ""."""

    column: str
    title: Promise
    check: Callable[[str], str]
    most: int = SHOWN


def line_complaint(text: str) -> str:
    return options.complaint("label", text)


def sid_complaint(text: str) -> str:
    return options.complaint("application_sid", text)


def wish_complaint(text: str) -> str:
    if text.strip().lower() in WISHES:
        return ""
    if text.strip().lower() == Status.DELETED:
        return _("A deleted number cannot be imported: remove the row.")
    return _("One of these is expected: %(known)s.") % {"known": "active, inactive"}


# By the meaning of a column of a file, which is also the key of a row's values.
FIELDS: dict[str, Field] = {
    "label": Field("label", gettext_lazy("Label"), line_complaint),
    "carrier": Field("", gettext_lazy("Carrier"), lambda _text: ""),
    "agent_id": Field("inbound_agent_id", gettext_lazy("Agent"), line_complaint),
    "outbound_agent_id": Field("outbound_agent_id", gettext_lazy("Outbound agent"), line_complaint),
    "application_sid": Field("application_sid", gettext_lazy("Application"), sid_complaint),
    "inbound_webhook_url": Field(
        "inbound_webhook_url",
        gettext_lazy("Webhook"),
        webhook_url.complaint,
        most=webhook_url.MOST,
    ),
    "outbound_trunk_id": Field("outbound_trunk_id", gettext_lazy("Trunk"), line_complaint),
    "wanted": Field("wanted", gettext_lazy("Status"), wish_complaint),
}
OWN = {name: field for name, field in FIELDS.items() if field.column}  # columns of the number


def read(cells: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Of one row: the values of its cells that are not empty, and what is wrong with them, each a
    sentence behind its column's title. The carrier, which is looked up, is not among them; nor is
    it looked up whom an agent's name means."""
    values, wrong = {}, []
    for name in OWN.keys() & cells.keys():
        field, text = OWN[name], trimmed(cells[name] or "")
        if text and (complaint := field.check(text)):
            wrong.append(f"{field.title}: {complaint}")
            values[name] = text[: field.most]
        elif text:
            values[name] = value_of(name, text)
    return values, wrong


def value_of(name: str, text: str) -> str:
    """As a row keeps it, and as differences() compares it: `text` has no complaint."""
    if name == "wanted":
        return WISHES[text.strip().lower()].value
    return str(UUID(text)) if name == "application_sid" else text


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a number that a row's values give; those that are empty are left out."""
    return {field.column: values[name] for name, field in OWN.items() if values.get(name)}


# --- the numbers that are there already -----------------------------------------------------------
COMPARED = (
    *("id", "organization_id", "e164", "status"),
    *(field.column for field in OWN.values()),
    *("carrier__voip_carrier_sid", "carrier__name"),
)


def compared(numbers: QuerySet[PhoneNumber]) -> QuerySet:
    """What differences() and obstacle() need to know of them: a dict each, all by one query."""
    placed = Placement.objects.filter(phone_number=OuterRef("pk"))
    return numbers.values(*COMPARED, line=line(), is_placed=Exists(placed))


def differences(
    row: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, tuple[str | None, str | None]]:
    """What the values of a file's row would change in an existing number (`row`, of compared()):
    before and after, by the keys of FIELDS. An empty value changes nothing.

    `values` are the row's own: neither what an import says of all its rows nor its default carrier
    is a wish to change what is there. A carrier is reported by name, and never changed by file.
    """
    found = {}
    for name, field in OWN.items():
        if (wished := values.get(name)) and wished != (now := present(row[field.column])):
            found[name] = (now, wished)
    sid = values.get("voip_carrier_sid")
    if sid and sid != present(row["carrier__voip_carrier_sid"]):
        found["carrier"] = (row["carrier__name"], values.get("carrier") or sid)
    return found


def present(value: Any) -> str | None:
    """A column as a row of a batch keeps it; an empty text is none."""
    return str(value) if value else None


def obstacle(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Why the number (`row`, of compared()) cannot become what differences() found, or ""."""
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


def update_number(
    by: Principal, number_id: UUID, values: Mapping[str, Any], before: Mapping[str, Any]
) -> PhoneNumber:
    """Give the number those of the values that `before` names, which says what each replaces.
    Raises NotPossibleNow, also where one of them has been changed since, and DoesNotExist."""

    def look(number: PhoneNumber) -> None:
        for name, was in before.items():
            now = present(getattr(number, OWN[name].column))
            if now != was:
                raise NotPossibleNow(changed_since(name, now))

    wished = {OWN[name].column: values[name] for name in before}
    if "wanted" in wished:
        wished["status"] = wished.pop("wanted")
    if sid := wished.get("application_sid"):
        wished["application_sid"] = UUID(sid)
    return change_number(by, number_id, look=look, **wished)


def changed_since(name: str, now: str | None) -> str:
    if now is None:
        words = _("It was changed since the preview, and is empty now.")
    else:
        words = _("It was changed since the preview, and is “%(now)s” now.") % {"now": now}
    return f"{OWN[name].title}: {words}"
