"""Serializer pieces that take a value as it is or refuse it; nothing is guessed or ignored."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from organizations.api.queries import moment

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
REQUIRED = {"required": _("This field is required."), "null": _("null is not allowed here.")}


class StrictSerializer(serializers.Serializer):
    """Refuses keys it does not know, and values for keys that can only be read."""

    default_error_messages = REQUIRED | {"invalid": _("An object is expected.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            message = self.error_messages["invalid"]
            raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [message]}, code="invalid")
        surplus = self.surplus(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **surplus}) from None
        if surplus:
            raise ValidationError(surplus)
        return value

    def surplus(self, data: dict[str, Any]) -> dict[str, list[ErrorDetail]]:
        fields = self.fields
        unknown = ErrorDetail(_("This field is not known here."), code="unknown")
        read_only = ErrorDetail(_("This field can only be read."), code="read_only")
        errors = {name: [unknown] for name in data if name not in fields}
        return errors | {n: [read_only] for n in data if n in fields and fields[n].read_only}


class Char(serializers.CharField):
    default_error_messages = REQUIRED | {
        "invalid": _("A string is expected."),
        "blank": _("A string that is not empty is expected."),
        "max_length": _("At most {max_length} characters are allowed."),
        "min_length": _("At least {min_length} characters are expected."),
        "control": _("Control characters are not allowed."),
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value = data.strip() if self.trim_whitespace else data
        if CONTROL.search(value):
            self.fail("control")
        return value


class Boolean(serializers.BooleanField):
    default_error_messages = REQUIRED | {"invalid": _("true or false is expected.")}

    def to_internal_value(self, data: Any) -> bool:
        if data is not True and data is not False:
            self.fail("invalid")
        return data


class Integer(serializers.IntegerField):
    default_error_messages = REQUIRED | {
        "invalid": _("A whole number is expected."),
        "max_value": _("At most {max_value} is allowed."),
        "min_value": _("At least {min_value} is expected."),
    }

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:  # True is an int to isinstance
            self.fail("invalid")
        return data


class Uuid(serializers.UUIDField):
    default_error_messages = REQUIRED | {"invalid": _("A UUID is expected.")}

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return UUID(data)
        except ValueError:
            self.fail("invalid")


class Moment(serializers.DateTimeField):
    """ISO 8601 with its offset; a time without one is nobody's time."""

    default_error_messages = REQUIRED | {
        "invalid": _("A time like 2026-11-20T10:00:00Z is expected.")
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return moment(data)
        except (ValueError, TypeError):
            self.fail("invalid")


class Choice(serializers.ChoiceField):
    default_error_messages = REQUIRED | {"invalid_choice": _("One of these is expected: {known}.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choice_strings_to_values:
            self.fail("invalid_choice", known=", ".join(self.choice_strings_to_values))
        return self.choice_strings_to_values[data]


class ListOf(serializers.ListField):
    default_error_messages = REQUIRED | {
        "not_a_list": _("A list is expected."),
        "empty": _("A list that is not empty is expected."),
        "min_length": _("At least {min_length} entries are expected."),
        "max_length": _("At most {max_length} entries are allowed."),
    }
