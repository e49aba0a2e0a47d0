"""Serializers of Zudu's input, and shapes of its responses for the schema."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from numbers.web.fields import E164Number, OptionalUrl
from organizations.web.api.fields import (
    Char,
    Choice,
    ClearableMixin,
    Integer,
    OptionalChar,
    OptionalId,
    Secret,
    StrictSerializer,
)

SORT_FIELDS = ("phone_number", "nickname", "area_code", "updated_at")
SORT_ORDERS = ("ascending", "descending")
MAX_LIMIT, MAX_PAGE = 1000, 1_000_000
MAX_VERSION = 2**31 - 1
IMMUTABLE_FIELDS = ("phone_number", "area_code", "phone_number_type")
UNSUPPORTED_PROVIDERS = frozenset({"plivo"})


class Keyword(Char):
    """A vendor's keyword without a declared list. Case and separator are normalized to lower case
    with hyphens."""

    default_error_messages = {"not_a_word": _("Letters, digits, _ and - are expected.")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data).lower().replace("_", "-")
        if not re.fullmatch("[a-z0-9-]*", text):
            self.fail("not_a_word")
        return text


class OptionalKeyword(ClearableMixin, Keyword):
    pass


class AgentReference(OptionalId):
    """The id of an agent, which in Zudu is external. If an agent of /v1/agents has the same id, it
    answers the calls."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=100, **kwargs)


class AgentVersion(Integer):
    def __init__(self, **kwargs: Any):
        super().__init__(required=False, min_value=1, max_value=MAX_VERSION, **kwargs)


class NumberSerializer(StrictSerializer):
    """What may be said of a number at first, and changed later."""

    nickname = OptionalChar(max_length=100)
    inbound_agent_id = AgentReference(help_text="Any text; an agent of yours is found by it.")
    outbound_agent_id = AgentReference()
    inbound_agent_version = AgentVersion()
    outbound_agent_version = AgentVersion()
    inbound_webhook_url = OptionalUrl()
    number_provider = OptionalKeyword(max_length=20, help_text="`twilio`, `sip`, …")
    outbound_trunk_id = OptionalId(
        max_length=100,
        help_text="A trunk on your SIP platform; it is used as it is.",
    )


class CreateSerializer(NumberSerializer):
    phone_number = E164Number(trim_whitespace=False, help_text="E.164.")
    area_code = Integer(required=False, min_value=100, max_value=999)
    phone_number_type = OptionalKeyword(
        max_length=40, help_text="`zudu-twilio`, `custom`; any case."
    )


class ChangeSerializer(NumberSerializer):
    label = OptionalChar(max_length=100, help_text="Another name of `nickname`.")

    def surplus(self, data: dict[str, Any]) -> dict[str, Any]:
        fixed = serializers.ErrorDetail(_("It cannot be changed."), code="fixed")
        return super().surplus(data) | {name: [fixed] for name in data if name in IMMUTABLE_FIELDS}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if {"label", "nickname"} <= attrs.keys():
            message = _("It is another name of nickname; send one of them.")
            raise serializers.ValidationError({"label": message})
        return attrs


class CriteriaSerializer(StrictSerializer):
    nickname = OptionalChar(max_length=100)
    area_code = Integer(required=False, min_value=100, max_value=999)
    agent_id = OptionalId(max_length=100)


class ListSerializer(StrictSerializer):
    page = Integer(required=False, min_value=0, max_value=MAX_PAGE)
    limit = Integer(required=False, min_value=1, max_value=MAX_LIMIT)
    sort_by = Choice(SORT_FIELDS, required=False)
    sort_order = Choice(SORT_ORDERS, required=False)
    filter_criteria = CriteriaSerializer(required=False)


class ImportSerializer(StrictSerializer):
    phone_number = E164Number(trim_whitespace=False, help_text="E.164.")
    provider = Keyword(max_length=20, help_text="`twilio`; any case.")
    account_sid = OptionalChar(max_length=100)
    auth_token = OptionalChar(max_length=200)
    nickname = OptionalChar(max_length=100)
    inbound_agent_id = AgentReference()
    outbound_agent_id = AgentReference()

    def surplus(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ignores unknown fields in a request for an unsupported provider such as Plivo, which
        names its credentials differently."""
        named = str(data.get("provider", "")).lower()
        return {} if named in UNSUPPORTED_PROVIDERS else super().surplus(data)

    def validate_provider(self, provider: str) -> str:
        if provider in UNSUPPORTED_PROVIDERS:
            message = _("%(provider)s is not supported until there is a provider for it.")
            raise serializers.ValidationError(message % {"provider": provider}, code="unsupported")
        return provider

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in ("account_sid", "auth_token") if not attrs.get(name)]
        if len(missing) == 1:
            message = _("Account SID and auth token belong together: send both or neither.")
            raise serializers.ValidationError({missing.pop(): message})
        return attrs


class TrunkSerializer(StrictSerializer):
    """The vendor's own spelling."""

    name = Char(max_length=100, help_text="Of the trunks and of the number.")
    number = E164Number(trim_whitespace=False, help_text="E.164.")
    outboundPstn = Char(max_length=260, help_text="The carrier's gateway: host, perhaps `:port`.")
    authUserName = Char(max_length=200)
    authPassword = Secret(max_length=200)


# ---------------------------------------------------------------------------------- for the schema


class AvailableNumberShape(serializers.Serializer):
    phone_number = Char(help_text="E.164.")
    nickname = Char(allow_null=True)
    area_code = serializers.IntegerField(allow_null=True)
    phone_number_type = Char()
    number_provider = Char(help_text="`sip` for numbers on carriers.")
    inbound_agent_id = Char(allow_null=True)
    outbound_agent_id = Char(allow_null=True)
    created_at = serializers.DateTimeField()
    provisioning_status = Choice(["pending", "active", "inactive", "failed"])
    error_message = Char(allow_null=True, help_text="Why it is inactive, or has failed.")


class NumberShape(AvailableNumberShape):
    organization_id = Char(help_text="`org_…`")
    phone_number_pretty = Char(help_text="In international format.")
    inbound_agent_version = serializers.IntegerField()
    outbound_agent_version = serializers.IntegerField()
    inbound_webhook_url = Char(allow_null=True)
    inbound_trunk_id = Char(allow_null=True, help_text="The SIP platform's own ids.")
    outbound_trunk_id = Char(allow_null=True)
    dispatch_rule_id = Char(allow_null=True)
    updated_at = serializers.DateTimeField()
    last_modification_timestamp = serializers.IntegerField(help_text="`updated_at` in epoch ms.")


class PaginationShape(serializers.Serializer):
    page = serializers.IntegerField(help_text="From 0.")
    limit = serializers.IntegerField()
    total_pages = serializers.IntegerField()
    total_count = serializers.IntegerField()
    has_next = serializers.BooleanField()
    has_previous = serializers.BooleanField()


@extend_schema_field({"type": "object"})
class AnyObject(serializers.Field):
    pass


class PageShape(serializers.Serializer):
    organization_id = Char()
    phone_numbers = NumberShape(many=True)
    returned_count = serializers.IntegerField()
    pagination = PaginationShape()
    sort_order = Choice(SORT_ORDERS)
    sort_by = Choice(SORT_FIELDS)
    applied_filters = AnyObject()


class AvailableShape(serializers.Serializer):
    organization_id = Char()
    available_count = serializers.IntegerField()
    phone_numbers = AvailableNumberShape(many=True)


class CleanupShape(serializers.Serializer):
    """True: it was there, and is gone now."""

    dispatch_rule = serializers.BooleanField()
    inbound_trunk = serializers.BooleanField()
    outbound_trunk = serializers.BooleanField()


class DeletedShape(serializers.Serializer):
    phone_number = Char()
    organization_id = Char()
    cleanup_results = CleanupShape()
    error_message = Char(allow_null=True, help_text="What a platform refuses to remove, and why.")


class CapabilitiesShape(serializers.Serializer):
    voice = serializers.BooleanField()
    sms = serializers.BooleanField()


class ValidationShape(serializers.Serializer):
    phone_number = Char()
    friendly_name = Char()
    capabilities = CapabilitiesShape()
    status = Choice(["active"])
    message = Char()


class ImportDetailsShape(serializers.Serializer):
    imported_at = serializers.IntegerField(help_text="Epoch ms.")
    organization_id = Char()
    provider = Char()


class ImportedShape(serializers.Serializer):
    phone_number = NumberShape()
    validation_result = ValidationShape()
    import_details = ImportDetailsShape()
