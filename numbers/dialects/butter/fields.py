"""Serializer pieces that tell a value of the wrong type (422, as in FastAPI) from a wrong value."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from numbers.api.fields import Number
from organizations.web.api.fields import Boolean, Char, Choice, Clearable, Id, Secret
from organizations.web.api.query_parameters import moment

WRONG_TYPES = frozenset({"string_type", "bool_type", "dict_type"})


class Typed:
    """`wrong_type` is FastAPI's word for a value of another type; null is one too."""

    wrong_type = "string_type"
    default_error_messages = {
        "string_type": _("A string is expected."),
        "bool_type": _("true or false is expected."),
        "dict_type": _("An object is expected."),
    }

    def fail(self, key: str, **words: Any) -> None:
        super().fail(self.wrong_type if key in ("invalid", "null") else key, **words)


class Text(Typed, Char):
    pass


class OptionalText(Clearable, Text):
    pass


class OptionalSecret(Clearable, Typed, Secret):
    pass


class IdText(Typed, Id):
    pass


class OptionalIdText(Clearable, IdText):
    pass


class Flag(Typed, Boolean):
    wrong_type = "bool_type"


class E164(Typed, Number):
    pass


class Word(Typed, Choice):
    """One of some words."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OptionalWord(Clearable, Word):
    pass


class Moment(Typed, serializers.DateTimeField):
    """ISO 8601 with its offset."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return moment(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="no_time") from None


class Texts(Typed, serializers.Field):
    """An object whose values are strings, or null."""

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
