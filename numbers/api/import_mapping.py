"""The meaning of a file's columns or a row's fields: `mapping` in a body and in a query."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from numbers.bulk.files.mapping import fold_heading_case
from numbers.bulk.files.tables import COLUMN_MEANINGS
from organizations.web.api.query_parameters import parameter_schema

MAX_COLUMNS, MAX_MAPPING_LENGTH = 200, 10_000  # of a mapping in a body, and in a URL
EXPECTED_OBJECT = gettext_lazy("An object from column names to fields is expected.")
SCHEMA = {
    "type": "object",
    "additionalProperties": {"type": "string", "enum": [*COLUMN_MEANINGS, ""]},
    "example": {"DID": "number", "Site": "label", "Notes": ""},
}


@extend_schema_field(SCHEMA)
class MappingField(serializers.Field):
    """Maps columns, by heading or by position from 1, to fields of `rows`, or to "" to ignore
    them."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict) or len(data) > MAX_COLUMNS:
            raise ValidationError([ErrorDetail(EXPECTED_OBJECT, code="invalid")])
        if wrong := mapping_errors(data):
            raise ValidationError(
                {name: [ErrorDetail(text, code="invalid_choice")] for name, text in wrong.items()}
            )
        return data


@parameter_schema(type="string", maxLength=MAX_MAPPING_LENGTH)
def parse_column_mapping(text: str) -> dict[str, str]:
    """What the columns mean, as JSON: `{"DID":"number","Site":"label","Notes":""}`. By heading, or
    by position from 1, each with a field of `rows`, or "" to ignore it. Columns left out mean what
    is recognized."""
    data = parse_json_object(text)
    if data is None or len(data) > MAX_COLUMNS:
        raise ValueError(EXPECTED_OBJECT)
    for name, complaint in mapping_errors(data).items():
        raise ValueError(f"{name}: {complaint}")
    return data


def parse_json_object(text: str) -> dict[str, Any] | None:
    """Parses a JSON object. Returns None for anything else, and for duplicate names."""
    try:
        pairs = json.loads(text[: MAX_MAPPING_LENGTH + 1], object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    is_object = text.lstrip().startswith("{") and isinstance(pairs, list)
    found = dict(pairs) if is_object else {}
    return found if is_object and len(found) == len(pairs) else None


def mapping_errors(given: Mapping[str, Any]) -> dict[str, str]:
    """Returns the errors by column name; only a column's meaning can be invalid."""
    times = Counter(meaning for meaning in given.values() if isinstance(meaning, str) and meaning)
    known = ", ".join(COLUMN_MEANINGS)
    wrong = {}
    for name, meaning in given.items():
        if not isinstance(meaning, str) or (meaning and meaning not in COLUMN_MEANINGS):
            wrong[name] = _("One of these is expected: %(known)s.") % {"known": known}
        elif times[meaning] > 1:
            wrong[name] = _("Only one column can be the %(name)s.") % {"name": meaning}
    return wrong


def fields_by_name(given: Mapping[str, str]) -> dict[str, str]:
    """Returns the meanings of a row's fields by lowercase name."""
    return {fold_heading_case(name): meaning for name, meaning in given.items()}
