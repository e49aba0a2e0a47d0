"""Numbers and agents in Butter's JSON: input and representation."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from numbers.dialects.butter.fields import (
    E164,
    Flag,
    IdText,
    OptionalIdText,
    OptionalSecret,
    OptionalText,
    OptionalTextChoice,
    Text,
    TextChoice,
)
from numbers.inventory import sip_settings
from numbers.inventory.operations import own_trunk_placement
from numbers.inventory.placements import ROLE_BY_PROVIDER
from numbers.models import Agent, PhoneNumber, Placement
from organizations.web.api.fields import StrictSerializer, ensure_no_complaints

Role = Placement.Role

# Butter's names for sip_settings.FIELDS.
SIP_NAMES = {
    "sip_trunk_name": "trunk_name",
    "sip_username": "username",
    "sip_password": "password",
    "sip_server_address": "server_address",
    "inbound_room_name": "room_name",
    "inbound_pin": "pin",
    "media_encryption": "media_encryption",
}
BUTTER_NAMES = {ours: butters for butters, ours in SIP_NAMES.items()}
SUMMARY_COLUMNS = (
    "id",
    "organization",  # the related manager reads it for each row
    "public_id",
    "e164",
    "number_provider",
    "inbound_agent_id",
    "supports_inbound",
    "supports_outbound",
    "status",
    "error_message",
    "created_at",
)


def butter_provider(number: PhoneNumber) -> str:
    """Returns the provider. Butter knows two; other numbers reached their platform over SIP."""
    return number.number_provider if number.number_provider in ROLE_BY_PROVIDER else "sip"


def serialize_number_summary(number: PhoneNumber) -> dict[str, Any]:
    """Returns a row of the list. Needs the columns of SUMMARY_COLUMNS."""
    return {
        "phone_number_id": number.public_id,
        "phone_number": number.e164,
        "provider": butter_provider(number),
        "status": "assigned" if number.inbound_agent_id else "free",
        "supports_inbound": number.supports_inbound,
        "supports_outbound": number.supports_outbound,
        "assigned_agent_id": number.inbound_agent_id,
        "created_at": number.created_at,
        "provisioning_status": number.status,
        "error_message": number.error_message,
    }


def serialize_butter_number(number: PhoneNumber) -> dict[str, Any]:
    """Returns the full number, with the settings of its own trunks, if any, but without secrets."""
    placements = list(number.placements.select_related("integration").order_by("role"))
    return {
        **serialize_number_summary(number),
        "integration_id": visible_integration_id(number, placements),
        "updated_at": number.updated_at,
        **serialize_trunks(own_trunk_placement(number, [(each, None) for each in placements])),
    }


def visible_integration_id(number: PhoneNumber, placements: Sequence[Placement]) -> str | None:
    """Returns the id of the integration that supplies the number, else of the one where its calls
    arrive. An integration of another organization (of a shared carrier) is not disclosed."""
    known = (each.integration for each in placements)
    own = (each.public_id for each in known if each.organization_id == number.organization_id)
    return next(own, None)


def serialize_trunks(trunks: Placement | None) -> dict[str, Any]:
    if trunks is None:
        return {}
    shown = {
        b: trunks.settings.get(o) for b, o in SIP_NAMES.items() if o not in sip_settings.SECRETS
    }
    return {**shown, "media_encryption": shown["media_encryption"] or "allow"}


def serialize_butter_agent(agent: Agent, number_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id,
        "agent_name": agent.name,
        "assigned_phone_number_ids": number_ids,
        "updated_at": agent.updated_at,
    }


class SipSerializer(StrictSerializer):
    """Empty and null stand for nothing."""

    sip_trunk_name = OptionalText(max_length=100, help_text="The number itself, if left out.")
    sip_username = OptionalText(max_length=100, help_text="Goes with `sip_password`.")
    sip_password = OptionalSecret(max_length=100, help_text="Never shown again.")
    sip_server_address = OptionalText(
        max_length=260, help_text="Host or IPv4 address; required for outbound calls."
    )
    inbound_room_name = OptionalText(
        max_length=100,
        help_text="A room for all calls; with a `*` at its end, the beginning of each call's own.",
    )
    inbound_pin = OptionalSecret(max_length=100, help_text="4 to 10 digits. Never shown again.")
    media_encryption = OptionalTextChoice(
        sip_settings.MEDIA_ENCRYPTION, help_text="`allow`, if left out."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Collects the given SIP fields in `sip_settings`, under Patchbay's names."""
        values = super().to_internal_value(data)
        given = {ours: values.pop(name) for name, ours in SIP_NAMES.items() if name in values}
        return {**values, "sip_settings": {name: text or "" for name, text in given.items()}}


class ImportSerializer(SipSerializer):
    phone_number = E164(trim_whitespace=False, help_text="E.164: plus, country code, number.")
    provider = TextChoice(list(ROLE_BY_PROVIDER))
    supports_inbound = Flag(default=False)
    supports_outbound = Flag(default=False)
    integration_id = OptionalIdText(
        max_length=100, help_text="Required for twilio; the default one for sip if left out."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        settings = attrs["sip_settings"]
        if ROLE_BY_PROVIDER[attrs["provider"]] == Role.VOICE:
            raise_sip_field_errors(
                sip_settings.validate_sip_settings(settings, outbound=attrs["supports_outbound"])
            )
            return attrs
        words = {"provider": attrs["provider"]}
        only = _("Goes with provider sip, not with %(provider)s: leave it out.") % words
        raise_sip_field_errors({name: only for name, text in settings.items() if text})
        if not attrs.get("integration_id"):
            text = _("Required for provider %(provider)s: connect an integration, send its id.")
            ensure_no_complaints({"integration_id": text % words}, code="required")
        return attrs


class ChangeSerializer(SipSerializer):
    """What is left out stays."""

    supports_inbound = Flag(required=False)
    supports_outbound = Flag(required=False)


def raise_sip_field_errors(complaints: Mapping[str, str]) -> None:
    ensure_no_complaints({BUTTER_NAMES[name]: text for name, text in complaints.items()})


class AssignSerializer(StrictSerializer):
    phone_number_id = IdText(max_length=100)


class SummaryShape(StrictSerializer):
    phone_number_id = serializers.RegexField(r"^phon_[a-f0-9]{12,}$")
    phone_number = E164(help_text="E.164.")
    provider = TextChoice(list(ROLE_BY_PROVIDER), help_text="sip also for numbers on carriers.")
    status = TextChoice(["free", "assigned"], help_text="Whether an agent answers it.")
    supports_inbound = Flag()
    supports_outbound = Flag()
    assigned_agent_id = Text(allow_null=True)
    created_at = serializers.DateTimeField()
    provisioning_status = TextChoice(
        PhoneNumber.Status.values, help_text="How far the platforms are."
    )
    error_message = Text(allow_null=True, help_text="Why it failed.")


class PhoneNumberShape(SummaryShape):
    integration_id = Text(allow_null=True)
    updated_at = serializers.DateTimeField()
    sip_trunk_name = Text(required=False, allow_null=True, help_text="With trunks of its own.")
    sip_username = Text(required=False, allow_null=True)
    sip_server_address = Text(required=False, allow_null=True)
    inbound_room_name = Text(required=False, allow_null=True)
    media_encryption = TextChoice(sip_settings.MEDIA_ENCRYPTION, required=False)


class AgentShape(StrictSerializer):
    agent_id = Text()
    agent_name = Text()
    assigned_phone_number_ids = serializers.ListField(child=Text())
    updated_at = serializers.DateTimeField()
