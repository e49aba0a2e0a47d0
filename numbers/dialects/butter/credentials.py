"""Integrations in Butter's JSON: input and representation. Secrets are accepted but never
returned."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from numbers.dialects.butter.fields import StringMap, Text, TextChoice
from organizations.models import Organization
from organizations.web.api.fields import StrictSerializer, ensure_no_complaints

STATUSES = {
    Integration.State.CHECKING: "pending",
    Integration.State.CONNECTED: "active",
    Integration.State.PAUSED: "inactive",
    Integration.State.REFUSED: "failed",
}


def serialize_butter_integration(
    integration: Integration, organization: Organization, asked: Operation | None = None
) -> dict[str, Any]:
    """Returns the integration as JSON. `asked` is a check of its credentials, which may still be
    open."""
    is_open = asked is not None and asked.status == Operation.Status.OPEN
    unanswered = asked.reason or _("The credentials are still being checked.") if is_open else None
    return {
        "integration_id": integration.public_id,
        "client_id": organization.public_id,
        "name": integration.name,
        "provider": integration.kind,
        "category": "telephony",
        "status": STATUSES[integration.state],
        "error_message": unanswered or integration.state_reason or None,
        "created_at": integration.created_at,
        "updated_at": integration.updated_at,
    }


@extend_schema_field(
    {
        "type": "object",
        "properties": {"provider": {"type": "string", "enum": list(PROVIDERS)}},
        "additionalProperties": {"type": ["string", "null"]},
        "description": "`provider`, and beside it: "
        + "; ".join(
            f"{kind}: {', '.join(f'`{field.name}`' for field in provider.fields)}"
            for kind, provider in PROVIDERS.items()
        )
        + ".",
    }
)
class CredentialsField(StringMap):
    """Accepts `provider` and the fields of its account."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        values = super().to_internal_value(data)
        if "provider" in values and values["provider"] not in PROVIDERS:
            known = {"known": ", ".join(PROVIDERS)}
            ensure_no_complaints({"provider": _("One of these is expected: %(known)s.") % known})
        return values


class IntegrationCreateSerializer(StrictSerializer):
    name = Text(max_length=100)
    credentials = CredentialsField()

    def validate_credentials(self, credentials: dict[str, str]) -> dict[str, str]:
        if "provider" not in credentials:
            ensure_no_complaints({"provider": _("This field is required.")}, code="required")
        return credentials


class IntegrationChangeSerializer(StrictSerializer):
    name = Text(required=False, max_length=100)
    credentials = CredentialsField(
        required=False, help_text="What is left out stays; `provider` may not change."
    )


class IntegrationShape(StrictSerializer):
    integration_id = Text()
    client_id = Text(help_text="The organization.")
    name = Text()
    provider = TextChoice(list(PROVIDERS))
    category = TextChoice(["telephony"])
    status = TextChoice(
        list(STATUSES.values()),
        help_text="`inactive`: refused by now; `failed`: the platform never accepted it.",
    )
    error_message = Text(allow_null=True, help_text="Why it is not active; or the last refusal.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
