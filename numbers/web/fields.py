"""Serializer fields of numbers: E.164, URLs and agent ids."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from numbers.inventory import webhook_url
from numbers.numbering import e164
from organizations.web.api.fields import Char, ClearableMixin


@extend_schema_field({"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"})
class E164Number(Char):
    """A canonical E.164 number that is possible by libphonenumber. Any other spelling is
    refused."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return e164.ensure_canonical_e164(super().to_internal_value(data))
        except e164.InvalidPhoneNumber as error:
            raise serializers.ValidationError(str(error), code=error.code) from None


@extend_schema_field({"type": "string", "format": "uri", "minLength": 1, "maxLength": 2000})
class WebUrl(Char):
    """An http or https URL. User name and password are refused, because everyone who can read the
    row sees the URL."""

    default_error_messages = webhook_url.ERROR_MESSAGES

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=webhook_url.MAX_URL_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text:  # CharField reports empty values itself
            return text
        if fault := webhook_url.webhook_url_error_code(text):
            self.fail(fault)
        return text


class OptionalUrl(ClearableMixin, WebUrl):
    pass


AGENT_ID = "[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}"


@extend_schema_field({"type": "string", "pattern": f"^{AGENT_ID}$"})
class AgentId(serializers.RegexField):
    """The id of an agent in Patchbay. Ids are used in paths, so they cannot begin with a dot."""

    default_error_messages = {
        "invalid": _("1 to 100 characters of A-Z a-z 0-9 _ . : - are expected, no . : - first."),
        "null": _("null is not allowed here."),
    }

    def __init__(self, **kwargs: Any):
        super().__init__(rf"\A{AGENT_ID}\Z", trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class OptionalAgentId(ClearableMixin, AgentId):
    pass
