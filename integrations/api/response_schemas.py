"""The response schemas of integrations, defaults and operations in the OpenAPI document."""

from rest_framework import serializers

from integrations.api.serializers import ROLES
from integrations.models import Integration
from integrations.web.response_schemas import LedgerEntryShape, PlatformCallShape
from organizations.web.api.fields import Boolean, Char, Choice, StrictList, StrictSerializer, Uuid


class AccountFieldShape(StrictSerializer):
    name = Char(help_text="Its name in `account`.")
    label = Char()
    help = Char(allow_blank=True)
    required = Boolean()
    secret = Boolean(help_text="Goes in and never comes out.")
    format = Choice(["text", "url", "uuid"])
    identity = Boolean(help_text="Names the account: fixed once connected.")


class KindShape(StrictSerializer):
    kind = Char()
    title = Char()
    roles = StrictList(child=Choice(ROLES))
    sells_numbers = Boolean(help_text="Whether numbers can be searched and bought there.")
    fields = AccountFieldShape(many=True)


class KindsShape(StrictSerializer):
    data = KindShape(many=True)


class IntegrationShape(StrictSerializer):
    id = Char(help_text="`intg_…`")
    kind = Char()
    title = Char(help_text="The platform.")
    name = Char()
    state = Choice(Integration.State.choices)
    state_reason = Char(allow_null=True, help_text="What the platform said last, if it refused.")
    facts = serializers.DictField(child=Char(), help_text="What the last check found.")
    settings = serializers.DictField(child=Char(), help_text="The account, without secrets.")
    secrets = StrictList(
        child=Char(),
        allow_null=True,
        help_text="Names of the secrets that are set; null when they cannot be decrypted.",
    )
    default_for = StrictList(child=Choice(ROLES))
    max_in_flight = serializers.IntegerField()
    failures = serializers.IntegerField(help_text="Operations in a row that could not be done.")
    resting_until = serializers.DateTimeField(
        allow_null=True, help_text="After too many failures nothing is sent until then."
    )
    checked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IntegrationPageShape(StrictSerializer):
    data = IntegrationShape(many=True)
    next_cursor = Char(allow_null=True)


class LedgerPageShape(StrictSerializer):
    data = LedgerEntryShape(many=True)
    next_cursor = Char(allow_null=True)


class LedgerEntryDetailShape(LedgerEntryShape):
    result = serializers.DictField(
        allow_null=True, help_text="The answer to a question, as the question's own path has it."
    )
    calls = PlatformCallShape(many=True, help_text="Secrets are blacked out.")


class CheckedIntegrationShape(IntegrationShape):
    check = LedgerEntryShape(allow_null=True, help_text="The check of the account; null for none.")


class AccountNumberShape(StrictSerializer):
    number = Char()
    label = Char(allow_blank=True)
    capabilities = StrictList(child=Char())
    refs = serializers.DictField(child=Char(), help_text="The platform's own ids.")
    ours = Boolean(help_text="Carries Patchbay's mark on the platform.")
    number_id = Uuid(allow_null=True, help_text="Your number here, if you have added it.")


class AccountNumbersShape(StrictSerializer):
    data = AccountNumberShape(many=True)
    more = Boolean(help_text="Whether the account holds more than are shown.")


class AvailableNumberShape(StrictSerializer):
    number = Char()
    type = Char()
    country = Char()
    region = Char(allow_null=True)
    locality = Char(allow_null=True)
    capabilities = StrictList(child=Char())
    address_requirement = Char(help_text="What a purchase must bring: none, any, local, foreign.")
    beta = Boolean()


class AvailableNumbersShape(StrictSerializer):
    data = AvailableNumberShape(many=True)


class DefaultShape(StrictSerializer):
    role = Choice(ROLES)
    integration_id = Char(allow_null=True)
    kind = Char(allow_null=True)
    name = Char(allow_null=True)


class DefaultsShape(StrictSerializer):
    data = DefaultShape(many=True)
