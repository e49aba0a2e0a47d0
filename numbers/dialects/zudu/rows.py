"""Numbers as Zudu's JSON, from plain values: one, a page, the free ones."""

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
# Numbers that came in by another dialect have stored none.
AREA = Coalesce(
    "area_code",
    Case(When(e164__regex=r"^\+1[0-9]{10}$", then=Cast(Substr("e164", 3, 3), SmallIntegerField()))),
)
VOICE = Q(placements__role=Placement.Role.VOICE)
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
TYPES = {"twilio": "zudu-twilio"}  # by the number's provider
CUSTOM = "custom"


def living(organization: Organization) -> QuerySet[PhoneNumber]:
    """Deleted numbers are gone for Zudu's clients."""
    numbers = organization.phone_numbers.exclude(status=PhoneNumber.Status.DELETED)
    return numbers.alias(area=AREA)


def values(numbers: QuerySet[PhoneNumber]) -> QuerySet:
    voice = FilteredRelation("placements", condition=VOICE)  # made anew: a query changes it
    return numbers.alias(voice=voice).annotate(area=AREA).values(*COLUMNS)


def found(organization: Organization, number: str) -> PhoneNumber:
    """Raises a 404, for a stranger's number as for one that never was."""
    row = living(organization).filter(e164=number).first() if is_number(number) else None
    if row is None:
        raise missing()
    return row


def one(organization: Organization, number: str) -> dict[str, Any]:
    """As the API shows it. Raises a 404."""
    numbers = living(organization).filter(e164=number)
    row = values(numbers).first() if is_number(number) else None
    if row is None:
        raise missing()
    return represent(row, organization)


def is_number(text: str) -> bool:
    """What cannot be stored, PostgreSQL need not be asked for."""
    return bool(e164.SHAPE.fullmatch(text))


def missing() -> Problem:
    return Problem("not-found", _("Phone number not found"))


def represent(row: dict[str, Any], organization: Organization) -> dict[str, Any]:
    """A number as the API shows it, from a row of COLUMNS."""
    trunks = row["voice__refs"] or {}
    provider = row["number_provider"] or "sip"  # a carrier's, which speaks it
    return {
        "phone_number": row["e164"],
        "organization_id": organization.public_id,
        "phone_number_pretty": e164.written(row["e164"]),
        "area_code": row["area"],
        "nickname": row["label"],
        "phone_number_type": row["phone_number_type"] or TYPES.get(provider, CUSTOM),
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
        "last_modification_timestamp": milliseconds(row["updated_at"]),
        "provisioning_status": row["status"],
        "error_message": row["error_message"],
    }


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


AVAILABLE = (
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


def represent_available(row: dict[str, Any], organization: Organization) -> dict[str, Any]:
    whole = represent(row, organization)
    return {name: whole[name] for name in AVAILABLE}


def filtered(numbers: QuerySet[PhoneNumber], filters: dict[str, Any]) -> QuerySet[PhoneNumber]:
    """`filters` are some of nickname, area_code and agent_id."""
    conditions = Q()
    if "nickname" in filters:
        conditions &= Q(label__icontains=filters["nickname"])
    if "area_code" in filters:
        conditions &= Q(area=filters["area_code"])
    if agent := filters.get("agent_id"):
        conditions &= Q(inbound_agent_id=agent) | Q(outbound_agent_id=agent)
    return numbers.filter(conditions)


def sorted_by(numbers: QuerySet, name: str, order: str) -> QuerySet:
    """What has no value comes last; equal ones stand in the order of their ids, page after page."""
    column = F({"phone_number": "e164", "nickname": "label", "area_code": "area"}.get(name, name))
    if order == "descending":
        return numbers.order_by(column.desc(nulls_last=True), "-id")
    return numbers.order_by(column.asc(nulls_last=True), "id")
