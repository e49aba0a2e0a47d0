"""Serializer fields that distinguish a value of the wrong type (422, as in FastAPI) from an invalid
value."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from numbers.web.fields import E164Number
from organizations.web.api.fields import Boolean, Char, Choice, ClearableMixin, Id, Secret
from organizations.web.api.query_parameters import parse_timestamp

WRONG_TYPE_CODES = frozenset({"string_type", "bool_type", "dict_type"})


class WrongTypeMixin:
    """Reports values of the wrong type, including null, with FastAPI's code in `wrong_type`."""

    wrong_type = "string_type"
    default_error_messages = {
        "string_type": _("A string is expected."),
        "bool_type": _("true or false is expected."),
        "dict_type": _("An object is expected."),
    }

    def fail(self, key: str, **words: Any) -> None:
        super().fail(self.wrong_type if key in ("invalid", "null") else key, **words)


class Text(WrongTypeMixin, Char):
    pass


class OptionalText(ClearableMixin, Text):
    pass


class OptionalSecret(ClearableMixin, WrongTypeMixin, Secret):
    pass


class IdText(WrongTypeMixin, Id):
    pass


class OptionalIdText(ClearableMixin, IdText):
    pass


class Flag(WrongTypeMixin, Boolean):
    wrong_type = "bool_type"


class E164(WrongTypeMixin, E164Number):
    pass


class TextChoice(WrongTypeMixin, Choice):
    """One of a list of words."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OptionalTextChoice(ClearableMixin, TextChoice):
    pass


class Timestamp(WrongTypeMixin, serializers.DateTimeField):
    """An ISO 8601 time with its offset."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return parse_timestamp(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="no_time") from None


class StringMap(WrongTypeMixin, serializers.Field):
    """An object whose values are strings or null."""

    wrong_type = "dict_type"

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        if not isinstance(data, dict):
            self.fail("invalid")
        text = Text(allow_blank=True, allow_null=True, max_length=10_000)
        values, errors = {}, {}
        for name, value in data.items():
            try:
                values[name] = text.run_validation(value)
            except serializers.ValidationError as error:
                errors[name] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return values
