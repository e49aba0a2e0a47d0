"""Serializers of /v1/imports, and JSON representations of imports."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from numbers.api.import_mapping import MappingField, fields_by_name
from numbers.api.import_mapping import mapping_errors as mapping_complaints
from numbers.bulk.files.mapping import fold_heading_case
from numbers.bulk.files.tables import COLUMN_MEANINGS
from numbers.bulk.imports.options import DESTINATIONS, NUMBER_FORMATS
from numbers.bulk.jobs import MAX_ROWS
from numbers.models import Batch, BatchRow
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    OptionalChar,
    OptionalChoice,
    OptionalId,
    StrictList,
    StrictSerializer,
    Uuid,
)

FIELDS = frozenset(COLUMN_MEANINGS)
MAX_ROW_ERRORS = 100


class ImportRowSerializer(StrictSerializer):
    """For the schema; 100,000 of them are looked through by Rows."""

    number = Char(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="As people write it; E.164 is always understood.",
    )
    country = Char(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Of a number without a plus: `US`, `Germany`, `49`.",
    )
    last_number = Char(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Of a range that `number` begins.",
    )
    range_size = Char(
        required=False, allow_null=True, allow_blank=True, help_text="Instead: how many numbers."
    )
    label = Char(required=False, allow_null=True, allow_blank=True)
    carrier = Char(
        required=False, allow_null=True, allow_blank=True, help_text="Its name or its sid."
    )
    agent_id = Char(
        required=False, allow_null=True, allow_blank=True, help_text="Who answers its calls."
    )
    outbound_agent_id = Char(
        required=False, allow_null=True, allow_blank=True, help_text="Who calls from it."
    )
    application_sid = Char(required=False, allow_null=True, allow_blank=True)
    inbound_webhook_url = Char(required=False, allow_null=True, allow_blank=True)
    outbound_trunk_id = Char(required=False, allow_null=True, allow_blank=True)
    wanted = Char(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="`active` or `inactive`, as exports have it.",
    )
    id = Char(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Of a number that is here, from an export.",
    )


@extend_schema_field(
    serializers.ListField(child=ImportRowSerializer(), min_length=1, max_length=MAX_ROWS)
)
class ImportRowsField(serializers.Field):
    """Checks only the structure of the rows. Their values are checked by the job, row by row."""

    default_error_messages = {"required": _("This field is required.")}

    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        if not isinstance(data, list) or not data:
            raise ValidationError([_("A list that is not empty is expected.")])
        if len(data) > MAX_ROWS:
            raise ValidationError([_("At most 100,000 rows are taken in at once.")])
        names = self.names()
        wrong: dict[int, Any] = {}
        for index, row in enumerate(data):
            if complaints := import_row_errors(row, names):
                wrong[index] = complaints
                if len(wrong) == MAX_ROW_ERRORS:
                    break
        if wrong:
            raise ValidationError(wrong)
        return [normalize_import_row(row, names) for row in data]

    def names(self) -> dict[str, str]:
        """Returns the names from the body's `mapping`, or none if the mapping is invalid."""
        mapping = self.parent.initial_data.get("mapping")
        is_sound = isinstance(mapping, dict) and not mapping_complaints(mapping)
        return fields_by_name(mapping) if is_sound else {}


def field_meaning(name: str, names: dict[str, str]) -> str | None:
    """Returns the meaning of a field, or None for an unknown one."""
    known = name if name in FIELDS else None
    return names.get(fold_heading_case(name), known) if names else known


def normalize_import_row(row: dict[str, str | None], names: dict[str, str]) -> dict[str, str]:
    found = {field_meaning(name, names): cell for name, cell in row.items() if cell}
    return {meaning: cell for meaning, cell in found.items() if meaning}


def import_row_errors(
    row: Any, names: dict[str, str]
) -> dict[str, list[ErrorDetail]] | list[ErrorDetail]:
    if not isinstance(row, dict):
        return [ErrorDetail(_("An object is expected."), code="invalid")]
    found: dict[str, list[ErrorDetail]] = {}
    taken: set[str] = set()
    for name, cell in row.items():
        meaning = field_meaning(name, names)
        if meaning is None:
            found[name] = [ErrorDetail(_("This field is not known here."), code="unknown")]
        elif meaning and not isinstance(cell, str | None):
            found[name] = [ErrorDetail(_("A string is expected."), code="invalid")]
        elif meaning in taken:
            words = _("Another field of this row means the same.")
            found[name] = [ErrorDetail(words, code="invalid")]
        elif meaning:
            taken.add(meaning)
    return found


class ImportOptionsSerializer(StrictSerializer):
    destination = Choice(
        DESTINATIONS,
        required=False,
        help_text="On a `carrier` (if left out), in an `account` that owns the numbers, or "
        "`record`: kept here only, on no platform.",
    )
    carrier = Uuid(
        required=False,
        help_text="A `voip_carrier_sid`; the default carrier if left out. Rows may name others.",
    )
    integration_id = OptionalId(
        max_length=36,
        help_text="The account: `intg_…` or its UUID; the default one if left out.",
    )
    voice_integration_id = OptionalId(
        max_length=36,
        help_text="Where the calls of an account's numbers land: an integration with SIP.",
    )
    country = OptionalChar(
        max_length=60,
        help_text="Whose numbers are those without a plus: `US`, `Germany`, `49`.",
    )
    without_plus = OptionalChoice(
        NUMBER_FORMATS,
        help_text="How digits without a plus are read where they can mean more than one number; "
        "if left out the other rows decide, or the row is `ambiguous`.",
    )
    update = Boolean(
        required=False,
        help_text="Change numbers that exist to what their rows say; if left out they are `held`. "
        "An empty cell changes nothing.",
    )
    label = OptionalChar(max_length=100, help_text="Of rows that have none.")
    agent_id = OptionalId(max_length=100, help_text="Likewise.")
    application_sid = Uuid(required=False, help_text="Likewise.")


class ImportJobSerializer(StrictSerializer):
    title = OptionalChar(max_length=200)
    options = ImportOptionsSerializer(required=False)
    mapping = MappingField(
        required=False,
        help_text='What the fields of the rows mean, where they have names of their own; `""` '
        "ignores a field.",
    )
    rows = ImportRowsField()
    start = Boolean(required=False, help_text="Go on without being looked at.")


class ImportCountsShape(StrictSerializer):
    total = Integer()
    done = Integer()
    failed = Integer()
    skipped = Integer(help_text="Rows that were left out: wrong, repeated, or held already.")
    left = Integer(help_text="Rows that are still to be done.")


class ImportColumnShape(StrictSerializer):
    position = Integer(help_text="From 1.")
    heading = Char(allow_blank=True)
    meaning = Char(allow_blank=True, help_text="A field of `rows`; empty for an ignored column.")
    samples = StrictList(child=Char(), help_text="Its first values.")


class ImportLayoutShape(StrictSerializer):
    sheets = StrictList(child=Char(), help_text="Of a workbook; empty for text.")
    sheet = Char(allow_blank=True, help_text="The one that is read.")
    heading_line = Integer(allow_null=True, help_text="From 1; null where there is no heading.")
    columns = ImportColumnShape(many=True)


class ImportJobShape(StrictSerializer):
    id = Uuid()
    title = Char()
    state = Choice(Batch.State.choices)
    reason = Char(
        allow_null=True,
        help_text="Why it was refused or stopped, or had nothing to add; while it is ready, what "
        "to look at before the start.",
    )
    notices = StrictList(
        child=Char(), help_text="What to look at before the start: ignored columns, for example."
    )
    options = serializers.DictField(help_text="As they were understood.")
    layout = ImportLayoutShape(
        allow_null=True, help_text="The columns of a file, once they are read; null for rows."
    )
    counts = ImportCountsShape()
    fates = serializers.DictField(
        child=Integer(), help_text="Rows by fate; not in the list of imports.", required=False
    )
    noted = Integer(
        required=False, help_text="Rows that can be added, or were, with a message to look at."
    )
    asked_by = Char()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class ImportJobPageShape(StrictSerializer):
    data = ImportJobShape(many=True)
    next_cursor = Char(allow_null=True)


class ImportRowShape(StrictSerializer):
    line = Integer(help_text="Of the file, from 1, its heading counted; of JSON rows, from 1.")
    text = Char(help_text="The number as it was given.")
    values = serializers.DictField(help_text="What was understood; `number` in E.164.")
    fate = Choice(BatchRow.Fate.choices)
    message = Char(allow_null=True, help_text="Why, and what to do.")
    phone_number_id = Uuid(allow_null=True, help_text="The number that was added, or was here.")


class ImportRowPageShape(StrictSerializer):
    data = ImportRowShape(many=True)
    next_cursor = Char(allow_null=True)


INTERNAL_OPTIONS = (
    "given",
    "repeats",
    "ask",
    "confirm",
    "notices",
    "choices",
)  # options that clients cannot set
LAYOUT_OPTIONS = ("mapping", "sheet")


def serialize_layout(layout: dict[str, Any]) -> dict[str, Any] | None:
    if "columns" not in layout:
        return None
    columns = [
        {"position": c["index"] + 1, **{n: c[n] for n in ("heading", "meaning", "samples")}}
        for c in layout["columns"]
    ]
    return {**{n: layout[n] for n in ("sheets", "sheet", "heading_line")}, "columns": columns}


def serialize_import_job(
    batch: Batch, fates: dict[str, int] | None = None, noted: int = 0
) -> dict[str, Any]:
    counts = {name: getattr(batch, name) for name in ("total", "done", "failed", "skipped", "left")}
    return {
        "id": batch.id,
        "title": batch.title,
        "state": batch.state,
        "reason": batch.reason or None,
        "notices": batch.layout.get("notices", []),
        "options": {
            n: value
            for n, value in batch.options.items()
            if n not in INTERNAL_OPTIONS + LAYOUT_OPTIONS
        },
        "layout": serialize_layout(batch.layout),
        "counts": counts,
        **({} if fates is None else {"fates": fates, "noted": noted}),
        "asked_by": batch.actor_label,
        "created_at": batch.created_at,
        "started_at": batch.started_at,
        "settled_at": batch.settled_at,
    }


def serialize_import_row(row: BatchRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "text": row.text,
        "values": row.values,
        "fate": row.fate,
        "message": row.message or None,
        "phone_number_id": row.phone_number_id,
    }
