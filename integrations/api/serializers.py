"""Integrations as JSON, in requests and responses. Secrets are write-only."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from integrations.connections.account_fields import MAX_IN_FLIGHT
from integrations.connections.encryption import DecryptionError
from integrations.models import DefaultIntegration, Integration
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from organizations.web.api.fields import Char, Choice, Id, Integer, StrictList, StrictSerializer

ROLES = ("carrier", "sip", "twilio")


class AccountDictField(serializers.DictField):
    """The fields of an account, as its provider names them. All values are strings."""

    child = Char(max_length=4000, allow_blank=True, allow_null=True)
    default_error_messages = {
        "required": _("This field is required."),
        "null": _("null is not allowed here."),
        "not_a_dict": _("An object is expected."),
    }


class IntegrationCreateSerializer(StrictSerializer):
    kind = Choice(list(PROVIDERS), help_text="One of `GET /v1/integrations/kinds`.")
    name = Char(max_length=100, help_text="How people call it; unique in the organization.")
    account = AccountDictField(help_text="The kind's fields by name.")
    default_for = StrictList(
        child=Choice(ROLES),
        required=False,
        max_length=len(ROLES),
        help_text="Roles to make it the default for, once the platform has accepted it.",
    )


class IntegrationChangeSerializer(StrictSerializer):
    """What is left out stays; in `account`, an empty text or null takes an optional field away."""

    name = Char(required=False, max_length=100)
    account = AccountDictField(required=False)
    max_in_flight = Integer(
        required=False,
        min_value=1,
        max_value=MAX_IN_FLIGHT,
        help_text="How many operations are carried out on it at a time.",
    )


class DefaultSerializer(StrictSerializer):
    integration_id = Id(max_length=36, help_text="`intg_…` or its UUID.")


def serialize_integration_kind(provider: type[Provider]) -> dict[str, Any]:
    """Returns what a program needs to build the form for an account."""
    return {
        "kind": provider.kind,
        "title": provider.title,
        "roles": sorted(provider.roles),
        "sells_numbers": provider.sells_numbers,
        "fields": [asdict(field) for field in provider.fields],
    }


def serialize_integration(integration: Integration) -> dict[str, Any]:
    """Returns the integration as JSON. The caller has prefetched `default_for`."""
    return {
        "id": integration.public_id,
        "kind": integration.kind,
        "title": platform_title(integration.kind),
        "name": integration.name,
        "state": integration.state,
        "state_reason": integration.state_reason or None,
        "facts": integration.facts,
        "settings": integration.settings,
        "secrets": configured_secret_names(integration),
        "default_for": sorted(default.role for default in integration.default_for.all()),
        "max_in_flight": integration.max_in_flight,
        "failures": integration.failures,
        "resting_until": future_or_none(integration.open_until),
        "checked_at": integration.checked_at,
        "created_at": integration.created_at,
        "updated_at": integration.updated_at,
    }


def platform_title(kind: str) -> str:
    return PROVIDERS[kind].title if kind in PROVIDERS else kind


def configured_secret_names(integration: Integration) -> list[str] | None:
    """Returns the names of the secrets that are set, or None if they cannot be decrypted."""
    try:
        return sorted(name for name, value in integration.secrets().items() if value)
    except DecryptionError:
        return None


def future_or_none(moment: datetime | None) -> datetime | None:
    return moment if moment and moment > timezone.now() else None


def serialize_default_integration(role: str, default: DefaultIntegration | None) -> dict[str, Any]:
    integration = default.integration if default else None
    return {
        "role": role,
        "integration_id": integration.public_id if integration else None,
        "kind": integration.kind if integration else None,
        "name": integration.name if integration else None,
    }
