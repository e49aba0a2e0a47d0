"""Serializers of numbers in /v1, and their JSON representation."""

from typing import Any

from rest_framework import serializers

from integrations.web.response_schemas import LedgerEntryShape, PlatformCallShape
from numbers.api.trunks import SipSerializer
from numbers.models import PhoneNumber
from numbers.web.fields import E164Number, OptionalUrl
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    OptionalChar,
    OptionalId,
    StrictSerializer,
    Uuid,
)

# Read as plain values and not as models, because the list and the single number are hot reads.
COLUMNS = (
    "id",
    "public_id",
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
    "supports_inbound",
    "supports_outbound",
    "inbound_agent_id",
    "outbound_agent_id",
    "inbound_agent_version",
    "outbound_agent_version",
    "inbound_webhook_url",
    "outbound_trunk_id",
    "number_provider",
    "created_by_id",
    "created_at",
    "updated_at",
    "version",
)


def serialize_number(row: dict[str, Any]) -> dict[str, Any]:
    """Returns a number as the API shows it, from a row of COLUMNS."""
    return {
        "id": row["id"],
        "phone_number_id": row["public_id"],
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
        "supports_inbound": row["supports_inbound"],
        "supports_outbound": row["supports_outbound"],
        "inbound_agent_id": row["inbound_agent_id"],
        "outbound_agent_id": row["outbound_agent_id"],
        "inbound_agent_version": row["inbound_agent_version"],
        "outbound_agent_version": row["outbound_agent_version"],
        "inbound_webhook_url": row["inbound_webhook_url"],
        "outbound_trunk_id": row["outbound_trunk_id"],
        "number_provider": row["number_provider"],
        "created_by_user_id": row["created_by_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


MAX_VERSION = 2**31 - 1
SIP_HELP = "What is left out stays, null clears; a new address needs its password again."


class NumberCreateSerializer(StrictSerializer):
    number = E164Number(trim_whitespace=False, help_text="E.164: plus, country code, number.")
    voip_carrier_sid = Uuid(
        required=False,
        help_text="The default carrier of the organization, else of the installation, if left out.",
    )
    label = OptionalChar(max_length=100)
    application_sid = Uuid(
        required=False,
        allow_null=True,
        help_text="Overrides the integration's default application.",
    )


class NumberSettingsSerializer(StrictSerializer):
    """What may be said of a number wherever it is taken in, and changed later."""

    label = OptionalChar(max_length=100)
    supports_inbound = Boolean(required=False, help_text="Whether it takes calls.")
    supports_outbound = Boolean(required=False, help_text="Whether it makes calls.")
    inbound_agent_id = OptionalId(
        max_length=100,
        help_text="Who answers its calls: an agent of `/v1/agents`, or one of your own.",
    )
    outbound_agent_id = OptionalId(max_length=100)
    inbound_agent_version = Integer(required=False, min_value=1, max_value=MAX_VERSION)
    outbound_agent_version = Integer(required=False, min_value=1, max_value=MAX_VERSION)
    inbound_webhook_url = OptionalUrl(
        help_text="Where an account that supplies the number sends its calls; "
        "comes before the agent's voice URL.",
    )


class NumberChangeSerializer(NumberSettingsSerializer):
    application_sid = Uuid(required=False, allow_null=True)
    status = Choice(
        [PhoneNumber.Status.ACTIVE, PhoneNumber.Status.INACTIVE],
        required=False,
        help_text="What shall be; `status` follows when the platform has done it.",
    )
    outbound_trunk_id = OptionalId(
        max_length=100,
        help_text="A trunk on the SIP platform that is used as it is.",
    )
    number_provider = OptionalChar(
        max_length=20,
        help_text="A word of yours; it moves nothing.",
    )
    sip = SipSerializer(
        required=False, help_text="Of numbers that a SIP integration carries. " + SIP_HELP
    )


class NumberShape(StrictSerializer):
    """For the schema: a number as it is shown."""

    id = Uuid(help_text="Phone number id: what the path takes.")
    phone_number_id = Char(help_text="`phon_…`: its name in other dialects of this API.")
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
    error_message = Char(
        allow_null=True,
        help_text="Why it failed, or why its last change or its removal was refused.",
    )
    supports_inbound = Boolean()
    supports_outbound = Boolean()
    inbound_agent_id = Char(allow_null=True)
    outbound_agent_id = Char(allow_null=True)
    inbound_agent_version = Integer()
    outbound_agent_version = Integer()
    inbound_webhook_url = Char(allow_null=True)
    outbound_trunk_id = Char(allow_null=True)
    number_provider = Char(allow_null=True)
    created_by_user_id = Uuid(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class NumberPageShape(StrictSerializer):
    data = NumberShape(many=True)
    next_cursor = Char(allow_null=True)


class OperationShape(LedgerEntryShape):
    calls = PlatformCallShape(many=True, help_text="Secrets are blacked out.")


class OperationsShape(StrictSerializer):
    data = OperationShape(many=True)
