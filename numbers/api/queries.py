"""The filters of GET /v1/phone-numbers."""

import re
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from numbers.models import PhoneNumber
from organizations.api.queries import choice, moment, text, uuid


def number_prefix(given: str) -> str:
    """`+1555`, `%2B1555` or `1555`: a raw plus in a query string arrives as a blank."""
    digits = given.strip().removeprefix("+")
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise ValueError(_("The first digits of a number are expected, for example +1555."))
    return f"+{digits}"


FILTERS = {
    "status": choice(PhoneNumber.Status.values),
    "source": choice(PhoneNumber.Source.values),
    "voip_carrier_sid": uuid,
    "number_prefix": number_prefix,
    "label": text(100),
    "created_after": moment,
    "created_before": moment,
}

LOOKUPS = {
    "status": "status",
    "source": "source",
    "voip_carrier_sid": "carrier__voip_carrier_sid",
    "number_prefix": "e164__startswith",
    "label": "label__icontains",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
}


def filtered(numbers: QuerySet[PhoneNumber], query: dict[str, Any]) -> QuerySet[PhoneNumber]:
    """Deleted numbers are tombstones: listed only when asked for by status."""
    conditions = Q(**{LOOKUPS[name]: query[name] for name in LOOKUPS if name in query})
    rows = numbers.filter(conditions)
    return rows if "status" in query else rows.exclude(status=PhoneNumber.Status.DELETED)
