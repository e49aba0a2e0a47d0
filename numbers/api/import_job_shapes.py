"""Imports as JSON in /v1: what is taken, and what is shown."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from numbers.batches import MOST_ROWS
from numbers.import_options import DESTINATIONS
from numbers.models import Batch, BatchRow
from organizations.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    OptionalChar,
    OptionalId,
    StrictSerializer,
    Uuid,
)

COLUMNS = ("number", "label", "carrier", "agent_id", "application_sid")
MOST_COMPLAINTS = 100


class ImportRowSerializer(StrictSerializer):
    """For the schema; 100,000 of them are looked through by Rows."""

    number = Char(required=False, help_text="As people write it; E.164 is always understood.")
    label = Char(required=False, allow_null=True)
    carrier = Char(required=False, allow_null=True, help_text="Its name or its sid.")
    agent_id = Char(required=False, allow_null=True, help_text="Who answers its calls.")
    application_sid = Char(required=False, allow_null=True)


@extend_schema_field(
    serializers.ListField(child=ImportRowSerializer(), min_length=1, max_length=MOST_ROWS)
)
class Rows(serializers.Field):
    """Only their form is checked here: what stands in them decides each row's fate."""

    default_error_messages = {"required": _("This field is required.")}

    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        if not isinstance(data, list) or not data:
            raise ValidationError([_("A list that is not empty is expected.")])
        if len(data) > MOST_ROWS:
            raise ValidationError([_("At most 100,000 rows are taken in at once.")])
        wrong: dict[int, Any] = {}
        for index, row in enumerate(data):
            if complaints := complaints_of(row):
                wrong[index] = complaints
                if len(wrong) == MOST_COMPLAINTS:
                    break
        if wrong:
            raise ValidationError(wrong)
        return [{name: cell for name, cell in row.items() if cell} for row in data]


def complaints_of(row: Any) -> dict[str, list[ErrorDetail]] | list[ErrorDetail]:
    if not isinstance(row, dict):
        return [ErrorDetail(_("An object is expected."), code="invalid")]
    unknown = ErrorDetail(_("This field is not known here."), code="unknown")
    no_text = ErrorDetail(_("A string is expected."), code="invalid")
    found = {name: [unknown] for name in row if name not in COLUMNS}
    wrong = [n for n in COLUMNS if not isinstance(row.get(n), str | None)]
    return {**found, **{name: [no_text] for name in wrong}}


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
        max_length=2,
        help_text="Whose numbers are those without a plus: US, GB, DE.",
    )
    label = OptionalChar(max_length=100, help_text="Of rows that have none.")
    agent_id = OptionalId(max_length=100, help_text="Likewise.")
    application_sid = Uuid(required=False, help_text="Likewise.")


class ImportJobSerializer(StrictSerializer):
    title = OptionalChar(max_length=200)
    options = ImportOptionsSerializer(required=False)
    rows = Rows()
    start = Boolean(required=False, help_text="Go on without being looked at.")


class ImportCountsShape(StrictSerializer):
    total = Integer()
    done = Integer()
    failed = Integer()
    skipped = Integer(help_text="Rows that were left out: wrong, repeated, or held already.")
    left = Integer(help_text="Rows that are still to be done.")


class ImportJobShape(StrictSerializer):
    id = Uuid()
    title = Char()
    state = Choice(Batch.State.choices)
    reason = Char(
        allow_null=True,
        help_text="Why it was refused or stopped, or had nothing to add; while it is ready, what "
        "to look at before the start.",
    )
    options = serializers.DictField(help_text="As they were understood.")
    counts = ImportCountsShape()
    fates = serializers.DictField(
        child=Integer(), help_text="Rows by fate; not in the list of imports.", required=False
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


OURS = ("given", "repeats")  # options that only the engine knows


def represent(batch: Batch, fates: dict[str, int] | None = None) -> dict[str, Any]:
    counts = {name: getattr(batch, name) for name in ("total", "done", "failed", "skipped", "left")}
    return {
        "id": batch.id,
        "title": batch.title,
        "state": batch.state,
        "reason": batch.reason or None,
        "options": {name: value for name, value in batch.options.items() if name not in OURS},
        "counts": counts,
        **({} if fates is None else {"fates": fates}),
        "asked_by": batch.actor_label,
        "created_at": batch.created_at,
        "started_at": batch.started_at,
        "settled_at": batch.settled_at,
    }


def represent_row(row: BatchRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "text": row.text,
        "values": row.values,
        "fate": row.fate,
        "message": row.message or None,
        "phone_number_id": row.phone_number_id,
    }
