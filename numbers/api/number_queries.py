"""Database queries of the reads of /v1/phone-numbers: filters, one number, a page."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from numbers.api.serializers import COLUMNS
from numbers.models import PhoneNumber
from organizations.models import Organization
from organizations.web.api.pagination import fetch_page_rows, page_queryset
from organizations.web.api.prepared_queries import PreparedQuery
from organizations.web.api.query_parameters import (
    choice_parser,
    parameter_schema,
    parse_boolean,
    parse_timestamp,
    parse_uuid_parameter,
    text_parser,
)


@parameter_schema(type="string", pattern=r"^ *\+?[0-9]{1,15} *$")
def parse_number_prefix(given: str) -> str:
    """`+1555`, `%2B1555` or `1555`: a raw plus in a query string arrives as a blank."""
    digits = given.strip(" ").removeprefix("+")
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise ValueError(_("The first digits of a number are expected, for example +1555."))
    return f"+{digits}"


FILTERS = {
    "status": choice_parser(PhoneNumber.Status.values),
    "source": choice_parser(PhoneNumber.Source.values),
    "voip_carrier_sid": parse_uuid_parameter,
    "number_prefix": parse_number_prefix,
    "label": text_parser(100),
    "inbound_agent_id": text_parser(100),
    "number_provider": text_parser(20),
    "supports_inbound": parse_boolean,
    "supports_outbound": parse_boolean,
    "created_after": parse_timestamp,
    "created_before": parse_timestamp,
}

LOOKUPS = {
    "status": "status",
    "source": "source",
    "voip_carrier_sid": "carrier__voip_carrier_sid",
    "number_prefix": "e164__begins",
    "label": "label__icontains",
    "inbound_agent_id": "inbound_agent_id",
    "number_provider": "number_provider",
    "supports_inbound": "supports_inbound",
    "supports_outbound": "supports_outbound",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
}


def filter_numbers(numbers: QuerySet[PhoneNumber], query: dict[str, Any]) -> QuerySet[PhoneNumber]:
    """Applies the filters. Deleted numbers are included only if the query has a status."""
    conditions = Q(**{LOOKUPS[name]: query[name] for name in LOOKUPS if name in query})
    rows = numbers.filter(conditions)
    return rows if "status" in query else rows.exclude(status=PhoneNumber.Status.DELETED)


def organization_numbers(organization_id: UUID) -> QuerySet[PhoneNumber]:
    return Organization(id=organization_id).phone_numbers.all()


NUMBER_QUERY = PreparedQuery(
    lambda organization_id, number_id: (
        organization_numbers(organization_id).filter(pk=number_id).values_list(*COLUMNS)
    )
)
FIRST_PAGE_QUERY = PreparedQuery(
    lambda organization_id: page_queryset(
        filter_numbers(organization_numbers(organization_id), {}), {}
    ).values_list(*COLUMNS)
)


def find_number_row(organization_id: UUID, number_id: UUID) -> dict[str, Any] | None:
    """Returns the columns of one number, or None if it is unknown or belongs to another
    organization."""
    rows = NUMBER_QUERY.rows(organization_id, number_id)
    return dict(zip(COLUMNS, rows[0], strict=True)) if rows else None


def number_rows_by_id(organization: Organization, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Returns the rows in the order of `ids`, without those of other organizations."""
    rows = organization.phone_numbers.filter(pk__in=ids).values(*COLUMNS)
    found = {row["id"]: row for row in rows}
    return [found[number_id] for number_id in ids if number_id in found]


def list_number_rows(organization: Organization, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the columns of a page's numbers, and of one more if there is one. The first page has
    a prepared query, because most requests are for it."""
    if query:
        return fetch_page_rows(
            filter_numbers(organization.phone_numbers, query).values(*COLUMNS), query
        )
    return [dict(zip(COLUMNS, row, strict=True)) for row in FIRST_PAGE_QUERY.rows(organization.id)]
