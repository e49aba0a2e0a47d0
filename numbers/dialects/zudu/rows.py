"""Numbers in Zudu's JSON, from plain values: one number, a page, the unassigned ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    F,
    FilteredRelation,
    Q,
    QuerySet,
    SmallIntegerField,
    When,
)
from django.db.models.functions import Cast, Coalesce, Substr
from django.utils.translation import gettext as _

from numbers.models import PhoneNumber, Placement
from numbers.numbering import e164
from organizations.models import Organization
from organizations.web.api.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers added through another dialect have no stored area code.
AREA_CODE = Coalesce(
    "area_code",
    Case(When(e164__regex=r"^\+1[0-9]{10}$", then=Cast(Substr("e164", 3, 3), SmallIntegerField()))),
)
VOICE_PLACEMENT = Q(placements__role=Placement.Role.VOICE)
COLUMNS = (
    "e164",
    "area",
    "label",
    "phone_number_type",
    "number_provider",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_agent_version",
    "outbound_agent_version",
    "inbound_webhook_url",
    "outbound_trunk_id",
    "created_at",
    "updated_at",
    "status",
    "error_message",
    "voice__refs",
)
NUMBER_TYPES = {"twilio": "zudu-twilio"}  # by the number's provider
CUSTOM_TYPE = "custom"


def undeleted_with_area(organization: Organization) -> QuerySet[PhoneNumber]:
    """Returns the numbers that Zudu's clients see, which are all but deleted ones."""
    numbers = organization.phone_numbers.exclude(status=PhoneNumber.Status.DELETED)
    return numbers.alias(area=AREA_CODE)


def select_number_values(numbers: QuerySet[PhoneNumber]) -> QuerySet:
    voice = FilteredRelation(
        "placements", condition=VOICE_PLACEMENT
    )  # created again, because a query modifies it
    return numbers.alias(voice=voice).annotate(area=AREA_CODE).values(*COLUMNS)


def find_number_by_e164(organization: Organization, number: str) -> PhoneNumber:
    """Returns the number. Raises a 404 problem if it is unknown or belongs to another
    organization."""
    row = undeleted_with_area(organization).filter(e164=number).first() if is_e164(number) else None
    if row is None:
        raise number_not_found()
    return row


def serialize_number_by_e164(organization: Organization, number: str) -> dict[str, Any]:
    """Returns the number as the API shows it. Raises a 404 problem."""
    numbers = undeleted_with_area(organization).filter(e164=number)
    row = select_number_values(numbers).first() if is_e164(number) else None
    if row is None:
        raise number_not_found()
    return serialize_zudu_number(row, organization)


def is_e164(text: str) -> bool:
    """Returns whether the text is an E.164 number. Other texts need no query."""
    return bool(e164.E164_PATTERN.fullmatch(text))


def number_not_found() -> Problem:
    return Problem("not-found", _("Phone number not found"))


def serialize_zudu_number(row: dict[str, Any], organization: Organization) -> dict[str, Any]:
    """Returns a number as the API shows it, from a row of COLUMNS."""
    trunks = row["voice__refs"] or {}
    provider = row["number_provider"] or "sip"  # of a number on a carrier, which uses SIP
    return {
        "phone_number": row["e164"],
        "organization_id": organization.public_id,
        "phone_number_pretty": e164.format_display_number(row["e164"]),
        "area_code": row["area"],
        "nickname": row["label"],
        "phone_number_type": row["phone_number_type"] or NUMBER_TYPES.get(provider, CUSTOM_TYPE),
        "inbound_agent_id": row["inbound_agent_id"],
        "outbound_agent_id": row["outbound_agent_id"],
        "inbound_agent_version": row["inbound_agent_version"],
        "outbound_agent_version": row["outbound_agent_version"],
        "inbound_webhook_url": row["inbound_webhook_url"],
        "number_provider": provider,
        "inbound_trunk_id": trunks.get("inbound_trunk_id"),
        "outbound_trunk_id": row["outbound_trunk_id"] or trunks.get("outbound_trunk_id"),
        "dispatch_rule_id": trunks.get("dispatch_rule_id"),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "last_modification_timestamp": epoch_milliseconds(row["updated_at"]),
        "provisioning_status": row["status"],
        "error_message": row["error_message"],
    }


def epoch_milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


AVAILABLE_FIELDS = (
    "phone_number",
    "nickname",
    "area_code",
    "phone_number_type",
    "number_provider",
    "inbound_agent_id",
    "outbound_agent_id",
    "created_at",
    "provisioning_status",
    "error_message",
)


def serialize_available_number(row: dict[str, Any], organization: Organization) -> dict[str, Any]:
    whole = serialize_zudu_number(row, organization)
    return {name: whole[name] for name in AVAILABLE_FIELDS}


def filter_zudu_numbers(
    numbers: QuerySet[PhoneNumber], filters: dict[str, Any]
) -> QuerySet[PhoneNumber]:
    """Applies `filters`, which are some of nickname, area_code and agent_id."""
    conditions = Q()
    if "nickname" in filters:
        conditions &= Q(label__icontains=filters["nickname"])
    if "area_code" in filters:
        conditions &= Q(area=filters["area_code"])
    if agent := filters.get("agent_id"):
        conditions &= Q(inbound_agent_id=agent) | Q(outbound_agent_id=agent)
    return numbers.filter(conditions)


def sort_zudu_numbers(numbers: QuerySet, name: str, order: str) -> QuerySet:
    """Sorts the numbers, rows without a value last. Equal rows are ordered by id, so that pages are
    stable."""
    column = F({"phone_number": "e164", "nickname": "label", "area_code": "area"}.get(name, name))
    if order == "descending":
        return numbers.order_by(column.desc(nulls_last=True), "-id")
    return numbers.order_by(column.asc(nulls_last=True), "id")
