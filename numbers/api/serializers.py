"""Numbers as JSON in /v1: what is taken, and what is shown."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from numbers import e164
from numbers.models import PhoneNumber
from organizations.api.fields import Char, Choice, StrictSerializer, Uuid

# Read as plain values, not as models: the list and the single number are the hot reads.
COLUMNS = (
    "id",
    "organization_id",
    "e164",
    "source",
    "status",
    "wanted",
    "phone_number_sid",
    "carrier__voip_carrier_sid",
    "carrier__name",
    "label",
    "application_sid",
    "error_message",
    "created_by_id",
    "created_at",
    "updated_at",
    "version",
)


def represent(row: dict[str, Any]) -> dict[str, Any]:
    """A number as the API shows it, from a row of COLUMNS."""
    return {
        "id": row["id"],
        "account_id": row["organization_id"],
        "number": row["e164"],
        "source": row["source"],
        "status": row["status"],
        "desired_status": row["wanted"],
        "phone_number_sid": row["phone_number_sid"],
        "voip_carrier_sid": row["carrier__voip_carrier_sid"],
        "carrier_name": row["carrier__name"],
        "label": row["label"],
        "application_sid": row["application_sid"],
        "error_message": row["error_message"],
        "created_by_user_id": row["created_by_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


@extend_schema_field({"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"})
class Number(Char):
    """E.164, possible by libphonenumber."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return e164.checked(super().to_internal_value(data))
        except e164.NotANumber as error:
            raise serializers.ValidationError(str(error), code="not_a_number") from None


class NumberCreateSerializer(StrictSerializer):
    number = Number(trim_whitespace=False, help_text="E.164: plus, country code, number.")
    voip_carrier_sid = Uuid(
        required=False,
        help_text="The default carrier of the organization, else of the installation, if left out.",
    )
    label = Char(required=False, allow_null=True, max_length=100)
    application_sid = Uuid(
        required=False,
        allow_null=True,
        help_text="Overrides the integration's default application.",
    )


class NumberChangeSerializer(StrictSerializer):
    label = Char(required=False, allow_null=True, max_length=100)
    application_sid = Uuid(required=False, allow_null=True)
    status = Choice(
        [PhoneNumber.Status.ACTIVE, PhoneNumber.Status.INACTIVE],
        required=False,
        help_text="What shall be; `status` follows when the platform has done it.",
    )


class NumberShape(StrictSerializer):
    """For the schema: a number as it is shown."""

    id = Uuid(help_text="Phone number id: what the path takes.")
    account_id = Uuid(help_text="The organization.")
    number = Char(help_text="E.164.")
    source = Choice(PhoneNumber.Source.choices)
    status = Choice(PhoneNumber.Status.choices)
    desired_status = Choice(["active", "inactive", "deleted"], help_text="What was asked for last.")
    phone_number_sid = Uuid(allow_null=True)
    voip_carrier_sid = Uuid(allow_null=True)
    carrier_name = Char(allow_null=True)
    label = Char(allow_null=True)
    application_sid = Uuid(allow_null=True)
    error_message = Char(allow_null=True, help_text="Why it failed, or why its removal does.")
    created_by_user_id = Uuid(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class NumberPageShape(StrictSerializer):
    data = NumberShape(many=True)
    next_cursor = Char(allow_null=True)


class CallShape(StrictSerializer):
    at = serializers.DateTimeField()
    attempt = serializers.IntegerField()
    method = Char()
    url = Char()
    status = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField()
    error = Char(allow_null=True)
    request_body = Char()
    response_body = Char()


class OperationShape(StrictSerializer):
    id = Uuid()
    wish = Choice(["ensure", "remove"])
    status = Choice(["open", "done", "refused", "withdrawn"])
    outcome = Char(
        allow_null=True, help_text="Of the last attempt: done, refused, unavailable, unknown."
    )
    reason = Char(allow_null=True)
    waits_for = Char(allow_null=True, help_text="Why it is not attempted now.")
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    integration_id = Char()
    asked_by = Char()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    calls = CallShape(many=True)


class OperationsShape(StrictSerializer):
    data = OperationShape(many=True)
